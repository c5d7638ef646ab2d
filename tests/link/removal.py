#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Removing and moving links that are full of frames."""

import time

from vnettest.ktap import case, defer, equal, raises, run, true
from vnettest.links import MBIT, MS, S, SLOW, Link
from vnettest.netlink import NetlinkError
from vnettest.netns import LinkWatch, NetNS, wait_up
from vnettest.ynl import Family

SIZE = 1000
COUNT = 300 if SLOW else 2000


def fill(link, count=COUNT):
    """Frames in the queue, on the wire and in flight, in both directions."""
    for end in "ab":
        sender = link.sender(end)
        sender.send(SIZE, count)
        sender.close()      # a socket would keep its namespace
        stats = link.stats(end)
        equal(stats["sent-frames"], count)
        equal(stats["queued-frames"] + stats["in-flight-frames"], count)
    return link


def full_link(**kwargs):
    """A link of 100 s that is full of frames."""
    return fill(Link(rate=50 * MBIT, delay=100 * S, **{"queue-packets": 10000}, **kwargs))


def gone(link):
    """Neither the link nor its devices are there, and it went at once."""
    equal(raises(NetlinkError, link.get).name, "ENOENT")
    for end in "ab":
        if link.ns[end].fd is not None:
            true(link.ns[end].run(f"ip link show dev {end}", check=False).returncode != 0)


@case("removal of a link that holds frames for 100 s", "link-del", "ip link del a",
      "ip link del b")
def remove(how):
    """It does not wait for them."""
    link = full_link()
    begin = time.monotonic()
    if how == "link-del":
        link.delete()
    else:
        end = how[-1]
        link.ns[end].run(f"ip link del dev {end}")
    true(time.monotonic() - begin < 5, "at once")
    gone(link)


@case("the namespace of one end goes", "a", "b")
def namespace(end):
    """The link goes with it, and is told as removed to the other one."""
    link = full_link()
    other = "b" if end == "a" else "a"
    with link.ns[other], LinkWatch() as watch:
        link.ns[end].close()
        watch.until(lambda w: other not in w.devices, "the other end is gone")
    gone(link)


@case("both namespaces go at once")
def both_namespaces():
    """In whichever order the kernel takes them."""
    link = full_link()
    for ns in link.ns.values():
        ns.close()
    family = Family()
    defer(family.close)
    end = time.monotonic() + 10
    while family.dump("link-get")[0]:
        true(time.monotonic() < end, "the link goes with its namespaces")
        time.sleep(0.01)


@case("what was in flight is given back to the sender's limits")
def given_back():
    """An instance has nothing in flight when its link is gone."""
    link = Link(rate=50 * MBIT, delay=100 * S, **{"queue-packets": 10000})
    instance = link.family.do("instance-new", netns_fd=link.ns["a"].fd)["id"]
    fill(link)
    used = link.family.do("instance-get", id=instance)
    true(used["frames"] >= COUNT and used["bytes"] >= COUNT * SIZE, used)
    link.delete()
    used = link.family.do("instance-get", id=instance)
    equal((used["frames"], used["bytes"], used["links"]), (0, 0, 0))
    # They were sent, and lost.
    equal((used["tx-packets"], used["drops"]), (COUNT, COUNT))


@case("an end is moved to another namespace", "b", "a")
def move(end):
    """It goes down, loses what is on the link, and works again where it is."""
    link = full_link()
    target = NetNS()
    link.ns[end].run(f"ip link set dev {end} netns /proc/self/fd/{target.inheritable()}")
    causes = {"a": "link-down", "b": "receiver-down"}
    for origin in "ab":
        stats = link.stats(origin)
        true(stats.is_empty())
        cause = causes["a"] if origin == end else causes["b"]
        equal(stats.drops, {cause: COUNT})
    link.ns[end] = target
    equal(link.get()[f"end-{end}"]["netns-inode"], target.inode)
    target.up(end)
    wait_up(link.ns["b" if end == "a" else "a"], "b" if end == "a" else "a")
    link.set(a={"rate": 0, "delay": MS}, b={"rate": 0, "delay": MS})
    for origin, other in ("ab", "ba"):
        sink = link.sink(other)
        link.sender(origin).send(SIZE, 10)
        sink.collect(10)


@case("an end keeps its index where it is not taken, and its link always")
def moved_identity():
    """ip link set netns, there and back."""
    link = Link(up=False)
    before = link.get()
    target = NetNS()
    link.ns["b"].run(f"ip link set dev b netns /proc/self/fd/{target.inheritable()}")
    during = link.get()
    equal(during["id"], before["id"])
    equal(during["end-b"]["ifname"], "b")
    with target:
        family = Family()
        defer(family.close)
    equal(family.do("link-get", ifindex=during["end-b"]["ifindex"])["id"], before["id"])


@case("many links are made and removed with frames on them")
def many():
    """Nothing is left of them."""
    for _ in range(30):
        link = Link(rate=MBIT, delay=10 * S, **{"queue-packets": 1000})
        link.sender().send(SIZE, 50)
        link.delete()
        for ns in link.ns.values():
            ns.close()


run()

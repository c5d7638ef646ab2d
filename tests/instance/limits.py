#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Limits of an instance and of a user, with exact counters and causes of their own."""

import os

from vnettest.ktap import Skip, between, case, defer, equal, note, raises, run, true
from vnettest.links import MS, S, Link
from vnettest.netlink import NetlinkError
from vnettest.netns import Child, NetNS, child, run as command, wait_up
from vnettest.packets import Sender
from vnettest.ynl import Family

SIZE = 1000


def instance_of(link, end="a", **limits):
    """Makes the namespace of an end an instance."""
    limits = {name.replace("_", "-"): value for name, value in limits.items()}
    return link.family.do("instance-new", {"netns-fd": link.ns[end].fd, **limits})["id"]


def get(link, instance):
    """What the module tells of it."""
    return link.family.do("instance-get", id=instance)


@case("frames in flight", 1, 10, 300)
def frames(limit):
    """Exactly so many; the others have a cause of their own."""
    link = Link(delay=100 * S)
    instance = instance_of(link, max_frames=limit)
    link.sender().send(SIZE, limit + 20)
    stats = link.stats()
    equal(stats["in-flight-frames"], limit)
    equal(stats.drops, {"frame-cap": 20})
    equal(get(link, instance)["frames"], limit)
    link.delete()
    told = get(link, instance)
    equal((told["frames"], told["bytes"]), (0, 0))
    equal((told["tx-packets"], told["drops"]), (limit + 20, limit + 20))


@case("bytes in flight")
def in_bytes():
    """As memory counts them."""
    link = Link(delay=100 * S)
    instance = instance_of(link)
    link.sender().send(SIZE)
    each = get(link, instance)["bytes"]
    true(each >= SIZE, "truesize")
    link.family.do("instance-set", {"id": instance, "max-bytes": 5 * each + each // 2})
    link.sender().send(SIZE, 19)
    stats = link.stats()
    equal(stats["in-flight-frames"], 5)
    equal(stats.drops, {"byte-cap": 15})
    equal(get(link, instance)["bytes"], 5 * each)


@case("what arrives makes room")
def room():
    """A limit bounds what is in flight, not what is sent in all."""
    link = Link(delay=20 * MS)
    instance = instance_of(link, max_frames=10)
    sink, sender = link.sink(), link.sender()
    for _ in range(5):
        sender.send(SIZE, 10)
        sink.collect(10)
    equal(link.stats().drops, {})
    told = get(link, instance)
    equal((told["tx-packets"], told["tx-bytes"], told["frames"]), (50, 50 * SIZE, 0))


@case("a limit below what is in flight")
def lowered():
    """What is in flight stays; nothing enters until there is room."""
    link = Link(delay=300 * MS)
    instance = instance_of(link)
    sink, sender = link.sink(), link.sender()
    sender.send(SIZE, 20)
    link.family.do("instance-set", {"id": instance, "max-frames": 5})
    sender.send(SIZE, 3)
    equal(link.stats().drops, {"frame-cap": 3})
    sink.collect(20)
    # A reader has the link give back what it holds in reserve.
    equal(get(link, instance)["frames"], 0)
    sender.send(SIZE, 8)
    equal(link.stats().drops, {"frame-cap": 6})
    sink.collect(5)
    # No limit at all is a large one.
    link.family.do("instance-set", {"id": instance, "max-frames": 0})
    sender.send(SIZE)
    equal(link.stats().drops, {"frame-cap": 7})


@case("the queue counts as well as the line")
def queue():
    """In flight is all that waits anywhere on a link."""
    link = Link(rate=20000, **{"queue-packets": 100})
    instance_of(link, max_frames=12)
    link.sender().send(SIZE, 20)
    stats = link.stats()
    equal(stats["queued-frames"], 12)
    equal(stats.drops, {"frame-cap": 8})


@case("only the sender is charged")
def sender_only():
    """The receiver cannot help what it is sent."""
    link = Link(delay=S)
    a = instance_of(link, "a")
    b = instance_of(link, "b", max_frames=0)
    link.sender("a").send(SIZE, 10)
    equal((get(link, a)["frames"], get(link, b)["frames"]), (10, 0))
    equal(link.stats().drops, {})
    link.sender("b").send(SIZE, 2)
    equal(link.stats("b").drops, {"frame-cap": 2})


@case("several links share their instance's limit")
def shared():
    """Together they hold no more, and what they hold is told exactly."""
    ns, limit = NetNS(), 1000
    family = Family()
    defer(family.close)
    instance = family.do("instance-new", {"netns-fd": ns.fd, "max-frames": limit})["id"]
    ids = []
    for number in range(4):
        other = NetNS()
        ids.append(family.do("link-new", {
            "end-a": {"netns-fd": ns.fd, "ifname": f"a{number}", "tx": {"delay": 100 * S}},
            "end-b": {"netns-fd": other.fd, "ifname": "b"}})["id"])
        ns.run(f"ip link set dev a{number} up")
        other.up("b")
        wait_up(ns, f"a{number}")
    for number in range(4):
        with ns:
            sender = Sender(f"a{number}")
        sender.send(SIZE, 400)
        sender.close()
    inside, lost = 0, 0
    for link in ids:
        stats = family.do("link-get", id=link)["end-a"]["stats"]
        inside += stats["in-flight-frames"]
        lost += sum(d["frames"] for d in stats.get("drop", []))
    equal(inside + lost, 1600)
    # A link may have some of the limit in reserve, which the others lack.
    between(inside, limit * 3 // 4, limit, "frames in flight")
    equal(family.do("instance-get", id=instance)["frames"], inside)


@case("link ends")
def links():
    """Counted where they are; the quota is given back."""
    family, ns, second = Family(), NetNS(), NetNS()
    defer(family.close)
    instance = family.do("instance-new", {"netns-fd": ns.fd, "max-links": 2})["id"]
    here, there = {"netns-fd": ns.fd}, {"netns-fd": second.fd}
    ids = [family.do("link-new", {"end-a": here, "end-b": there})["id"] for _ in range(2)]
    values = {"end-a": there, "end-b": here}
    equal(raises(NetlinkError, family.do, "link-new", values).name, "ENOSPC")
    family.do("link-del", id=ids[0])
    equal(family.do("instance-get", id=instance)["links"], 1)
    family.do("link-new", values)
    equal(family.do("instance-get", id=instance)["links"], 2)
    family.do("instance-set", {"id": instance, "max-links": 0})
    equal(family.do("instance-get", id=instance)["links"], 2, "what there is stays")


@case("a link end takes its quota along when it moves")
def moved():
    """From the instance that it leaves to the one that it comes to."""
    link = Link(up=False)
    target = NetNS()
    one = instance_of(link, "a")
    two = link.family.do("instance-new", {"netns-fd": target.fd, "max-links": 1})["id"]
    equal((get(link, one)["links"], get(link, two)["links"]), (1, 0))
    link.ns["a"].run(f"ip link set dev a netns /proc/self/fd/{target.inheritable()}")
    target.up("a")
    equal((get(link, one)["links"], get(link, two)["links"]), (0, 1))


@case("a link end is counted where it is, also while it is down")
def moved_down():
    """links is the number of link ends in the namespace."""
    raise Skip("it is counted where it was up last")
    link = Link(up=False)
    target = NetNS()
    one = instance_of(link, "a")
    two = link.family.do("instance-new", {"netns-fd": target.fd})["id"]
    link.ns["a"].run(f"ip link set dev a netns /proc/self/fd/{target.inheritable()}")
    equal((get(link, one)["links"], get(link, two)["links"]), (0, 1))


def memory():
    """Bytes of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def fill_until(limit_cause, ns, name, chunk=200, most=20000):
    """Sends jumbo frames until they are dropped for a cause; the counters."""
    with ns:
        sender = Sender(name)
    try:
        for _ in range(0, most, chunk):
            sender.send(65000, chunk)
            with ns:
                mine = Family()
            link = next(l for l in mine.dump("link-get")[0] if l["end-a"]["ifname"] == name)
            mine.close()
            drops = {d["cause"]: d["frames"] for d in link["end-a"]["stats"].get("drop", [])}
            if drops.get(limit_cause):
                return link["end-a"]["stats"]
    finally:
        sender.close()
    return None


@case("a user's limit holds whatever limits he gives his instances")
def user():
    """All that his namespaces have in flight is bounded by a part of the memory."""

    def work():
        family = Family()
        total = 0
        for number in range(3):
            ns, other = NetNS(ipv6=True), NetNS(ipv6=True)
            name = f"a{number}"
            family.do("link-new", {"mtu": 65535,
                                   "end-a": {"netns-fd": ns.fd, "ifname": name,
                                             "tx": {"delay": 100 * S}},
                                   "end-b": {"netns-fd": other.fd, "ifname": "b"}})
            family.do("instance-new", {"netns-fd": ns.fd, "max-bytes": 1 << 50,
                                       "max-frames": 1 << 40})
            ns.up(name)
            other.up("b")
            wait_up(ns, name)
            stats = fill_until("byte-cap", ns, name)
            true(stats, "the cap is reached")
            total = sum(i["bytes"] for i in family.dump("instance-get")[0])
        return total

    total = child(work, flags=os.CLONE_NEWUSER | os.CLONE_NEWNET)
    note(f"{total >> 20} MB in flight of {memory() >> 20} MB")
    between(total, memory() // 5, memory() // 4, "bytes in flight")


@case("a user's instances do not use up another one's limit")
def other_user():
    """Root may still send when a user has filled his part."""
    ready, tell = os.pipe()
    wait, go = os.pipe()

    def work():
        ns, family = NetNS(ipv6=True), Family()
        family.do("link-new", {"mtu": 65535,
                               "end-a": {"ifname": "a0", "tx": {"delay": 100 * S}},
                               "end-b": {"netns-fd": ns.fd, "ifname": "b"}})
        command("ip link set dev a0 up")
        ns.up("b")
        mine = NetNS.of_process("thread-self")
        wait_up(mine, "a0")
        reached = fill_until("byte-cap", mine, "a0") is not None
        os.write(tell, b"x")
        os.read(wait, 1)
        return reached

    filler = Child(work, flags=os.CLONE_NEWUSER | os.CLONE_NEWNET)
    os.close(tell)
    os.read(ready, 1)
    link = Link(delay=MS)
    sink = link.sink()
    link.sender().send(SIZE, 5)
    sink.collect(5)
    os.write(go, b"x")
    true(filler.result(), "the cap was reached")
    for fd in (ready, wait, go):
        os.close(fd)


run()

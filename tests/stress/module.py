#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The module is removed and inserted again, whatever goes on."""

import os
import socket
import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import Failure, case, defer, equal, note, run, true
from vnettest.links import MBIT, MS, S, SLOW, Link
from vnettest.netns import Child, LinkWatch, NetNS, run as command
from vnettest.packets import Sender
from vnettest.pktgen import Pktgen
from vnettest.ynl import Family

MODULE = "/lib/vnet/vnet.ko"
ROUNDS = 3 if SLOW else 10


def loaded():
    """Is the module loaded?"""
    return os.path.exists("/sys/module/vnet")


def insert(*parameters):
    """Inserts it, if it is not there."""
    if not loaded():
        command(["insmod", MODULE, *parameters])


def remove():
    """Removes it; fails if it does not want to go within a time."""
    defer(insert)
    end = time.monotonic() + 20
    while True:
        done = command("rmmod vnet", check=False)
        if done.returncode == 0:
            return
        if time.monotonic() > end:
            raise Failure(f"the module cannot be removed: {done.stderr}")
        time.sleep(0.01)


def works():
    """A link can be made, and carries frames."""
    link = Link(delay=MS)
    sink = link.sink()
    link.sender().send(500, 3)
    sink.collect(3)
    link.delete()


@case("removed and inserted again")
def plain():
    """With nothing going on."""
    for _ in range(ROUNDS):
        remove()
        true(not loaded())
        insert()
    works()


@case("removed with links and instances")
def links():
    """They go with it."""
    made = [Link(delay=MS) for _ in range(10)]
    for link in made:
        link.family.do("instance-new", netns_fd=link.ns["a"].fd)
    remove()
    for link in made:
        for end in "ab":
            equal(link.ns[end].run("ip -o link show type vnet", check=False).stdout.strip(), "")
    insert()
    works()


@case("removed with frames on a link of 100 s")
def frames():
    """Nothing of the module is in their way."""
    link = Link(rate=100 * MBIT, delay=100 * S, **{"queue-packets": 100000})
    link.sender("a").send(1000, 500)
    link.sender("b").send(1000, 500)
    remove()
    insert()
    works()


@case("removed under traffic of pktgen", *({}, {"delay": 5 * MS}, {"rate": 100 * MBIT}))
def traffic(parameters):
    """In both directions."""
    for _ in range(ROUNDS):
        insert()
        link = Link(a=parameters, b=parameters)
        running = [Pktgen(link.ns[end], end) for end in "ab"]
        time.sleep(0.05)
        remove()
        for one in running:
            one.stop()
        for ns in link.ns.values():
            ns.close()
    insert()
    works()


def blast(ns, device):
    """Sends until the device is gone."""
    with ns:
        sender = Sender(device)
    try:
        while True:
            sender.sock.send(sender.frame(700))
    except OSError:
        return True


@case("removed while sockets send")
def sockets():
    """They are told that their device is gone."""
    link = Link(rate=100 * MBIT, delay=5 * MS)
    children = [Child(blast, link.ns[end], end) for end in "ab"]
    with link.ns["b"], LinkWatch() as watch:
        time.sleep(0.1)
        remove()
        watch.until(lambda w: "b" not in w.devices, "the device is gone")
    for child in children:
        equal(child.result(), True)
    insert()
    works()


def make_all_the_time(ns):
    """Makes links until the family is gone; how many."""
    count = 0
    try:
        family = Family()
        while True:
            family.do("link-new", {"end-a": {"netns-fd": ns.fd}, "end-b": {"netns-fd": ns.fd}})
            count += 1
    except OSError:
        return count


@case("removed while links are made")
def requests():
    """Requests that come too late are refused."""
    for _ in range(ROUNDS):
        ns = NetNS()
        children = [Child(make_all_the_time, ns) for _ in range(2)]
        time.sleep(0.1)
        remove()
        counts = [child.result() for child in children]
        note(f"{counts} links")
        equal(ns.run("ip -o link show type vnet", check=False).stdout.strip(), "")
        ns.close()
        insert()
    works()


@case("inserted with another family of sockets, or one that is taken")
def family_of_sockets():
    """That of another dead protocol does as well; without one only the blocks of this type are refused."""
    for number in (19, socket.AF_INET, 0):
        remove()
        insert(f"family={number}")
        works()
        graph = Graph()
        if number == 19:
            equal(graph.add("app", "socket", chain=7).params["family"], number)
            with graph.ns:
                socket.socket(number, socket.SOCK_DGRAM, 7).close()
        else:
            refused("EBUSY", "the kernel has another protocol in the family; see the parameter family of the module",
                    graph.add, "app", "socket", chain=7)
        # What knows this module goes before it.
        graph.clear()
        graph.ns.close()
        graph.family.close()
    remove()
    insert()
    works()


@case("removed while somebody listens")
def listener():
    """His socket stays, and hears of links again when he asks anew."""
    family = Family()
    family.listen()
    link = Link()
    equal([e.operation for e in family.events(1)], ["link-new-ntf"])
    remove()
    family.close()
    insert()
    del link
    family = Family()
    family.listen()
    Link(up=False)
    equal([e.operation for e in family.events(1)], ["link-new-ntf"])
    family.close()


@case("removed while its namespaces end")
def with_namespaces():
    """Both want to remove the same devices."""
    for _ in range(ROUNDS):
        links = [Link(delay=MS) for _ in range(5)]
        for link in links:
            link.family.do("instance-new", netns_fd=link.ns["a"].fd)
        for link in links:
            for ns in link.ns.values():
                ns.close()
        remove()
        insert()
    works()


run()

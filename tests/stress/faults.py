#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every allocation of every control command fails once; nothing leaks, nothing is left.

Needs a kernel with fault injection (uml-debug); see vnettest.faults.
"""

import os
import random
import struct
import time

from vnettest import netlink
from vnettest.faults import FAILSLAB, Fault, need, put, sweep
from vnettest.ktap import case, defer, note, run, true
from vnettest.links import MBIT, MS, Link
from vnettest.model import ONE
from vnettest.netlink import attr, nest
from vnettest.netns import Child, NetNS
from vnettest.ynl import Family

RTM_NEWLINK, IFLA_LINKINFO, IFLA_NET_NS_FD, INFO_KIND, INFO_DATA = 16, 18, 28, 1, 2
IFLA_VNET_PEER, IFLA_VNET_NAME = 1, 4
FQ_CODEL = 6


def connection():
    """A connection whose own first allocations are done."""
    need()
    family = Family()
    defer(family.close)
    family.dump("link-get")
    return family


def remove_links(family):
    """Removes all links."""
    for link in family.dump("link-get")[0]:
        family.do("link-del", id=link["id"])


@case("link-new")
def link_new():
    """Both ends in other namespaces, everything given."""
    family, a, b = connection(), NetNS(), NetNS()
    tx = {"rate": MBIT, "delay": MS}
    values = {"name": "n", "lab": "l", "mtu": 2000,
              "end-a": {"netns-fd": a.fd, "ifname": "a", "tx": tx},
              "end-b": {"netns-fd": b.fd, "ifname": "b", "tx": tx}}
    sweep(lambda: family.do("link-new", values), lambda: remove_links(family))


@case("link-set")
def link_set():
    """Everything that can be changed."""
    family, link = connection(), Link()
    toggle = [0]

    def attempt():
        toggle[0] += 1
        tx = {"rate": MBIT + toggle[0], "delay": MS}
        family.do("link-set", {"id": link.id, "name": f"n{toggle[0]}", "mtu": 1000 + toggle[0],
                               "end-a": {"tx": tx}, "end-b": {"tx": tx}})

    sweep(attempt)


@case("link-get and its dump")
def link_get():
    """Reading."""
    family, link = connection(), Link(up=False)
    for _ in range(20):
        family.do("link-new", {"end-a": {"netns-fd": link.ns["a"].fd},
                               "end-b": {"netns-fd": link.ns["b"].fd}})
    sweep(lambda: family.do("link-get", id=link.id))
    sweep(lambda: family.dump("link-get"))
    remove_links(family)


@case("link-del")
def link_del():
    """A removal succeeds, whatever fails in it."""
    family, a, b = connection(), NetNS(), NetNS()
    values = {"end-a": {"netns-fd": a.fd}, "end-b": {"netns-fd": b.fd}}
    for number in range(1, 200):
        link = family.do("link-new", values)["id"]
        fault = Fault(number)
        try:
            with fault:
                family.do("link-del", id=link)
        except OSError:
            # The request could not be sent, or its answer not be made.
            remove_links(family)
        true(not family.dump("link-get")[0])
        if not fault.fired:
            note(f"{number - 1} allocations")
            return


@case("instance-new, -set, -get, -del")
def instances():
    """One after another."""
    family, ns = connection(), NetNS()

    def remove():
        for instance in family.dump("instance-get")[0]:
            family.do("instance-del", id=instance["id"])

    sweep(lambda: family.do("instance-new", netns_fd=ns.fd, name="n", lab="l"), remove)
    made = family.do("instance-new", netns_fd=ns.fd)["id"]
    toggle = [0]

    def change():
        toggle[0] += 1
        family.do("instance-set", {"id": made, "name": f"x{toggle[0]}"})

    sweep(change)
    sweep(lambda: family.do("instance-get", id=made))
    sweep(lambda: family.dump("instance-get"))
    remove()


@case("a namespace is made and ends")
def namespace():
    """With the account of a new user namespace."""
    need()

    def make():
        pid = os.fork()
        if pid == 0:
            try:
                os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
            except OSError:
                os._exit(1)
            os._exit(0)
        os.waitpid(pid, 0)

    # fail-nth belongs to a thread, so the child sets it for itself.
    for number in range(1, 200):
        pid = os.fork()
        if pid == 0:
            fault = Fault(number)
            try:
                with fault:
                    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
            except OSError:
                pass
            os._exit(0 if fault.fired else 1)
        if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 1:
            note(f"{number - 1} allocations")
            break
    make()


@case("RTM_NEWLINK")
def rtnetlink():
    """The other way in, with a peer in another namespace."""
    family, here, there = connection(), NetNS(), NetNS()
    with here:
        socket = netlink.Socket(netlink.NETLINK_ROUTE)
    defer(socket.close)
    peer = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + attr(IFLA_NET_NS_FD, there.fd)
    data = attr(IFLA_VNET_NAME, b"n\0") + attr(IFLA_VNET_PEER, peer)
    info = nest(IFLA_LINKINFO, attr(INFO_KIND, b"vnet\0"), nest(INFO_DATA, data))
    payload = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + info
    flags = netlink.NLM_F_CREATE | netlink.NLM_F_EXCL
    sweep(lambda: socket.request(RTM_NEWLINK, payload, flags), lambda: remove_links(family))


@case("packets under memory pressure", {"delay": 5 * MS}, {"rate": 50 * MBIT}, {},
      {"rate": 50 * MBIT, "delay": 5 * MS, "duplicate": ONE // 2, "corrupt": ONE // 2, "jitter": MS,
       "jitter-order": 1, "queueing": {"kind": FQ_CODEL, "ecn": 1}})
def pressure(parameters):
    """One of ten allocations fails; each frame is delivered or counted all the same."""
    need()
    link = Link(**parameters, **{"queue-packets": 10000})
    chance = random.Random(6)
    # Made before anything fails.
    sender = link.sender()

    def blast():
        while True:
            try:
                sender.sock.send(sender.frame(chance.randrange(60, 1500)))
            except OSError:
                pass

    child = Child(blast)
    # The link has its first frames before allocations fail.
    while not link.stats()["sent-frames"]:
        time.sleep(0.01)
    # Probability comes last, and is the first that is taken back.
    for name, value in (("interval", 1), ("times", -1), ("task-filter", "N"), ("probability", 10)):
        put(f"{FAILSLAB}/{name}", value)
    time.sleep(1)
    while True:
        try:
            put(f"{FAILSLAB}/probability", 0)
            break
        except OSError:
            pass    # even this may want memory
    child.kill()
    end = time.monotonic() + 20
    while not link.stats().is_empty():
        true(time.monotonic() < end, "the link runs empty")
        time.sleep(0.01)
    stats = link.stats()
    note(f"{stats['sent-frames']} sent, {stats['delivered-frames']} delivered, drops {stats.drops}")
    true(stats["sent-frames"] > 100)


run()

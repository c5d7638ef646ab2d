#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Instances come, are told of, change, and go."""

from vnettest.ktap import after_each, case, defer, equal, raises, run, true
from vnettest.links import Link
from vnettest.netlink import NetlinkError
from vnettest.netns import NetNS
from vnettest.settled import wait_until_empty
from vnettest.ynl import Family


def connect():
    """A connection to the family."""
    family = Family()
    defer(family.close)
    return family


def listen():
    """A connection that is told of changes."""
    family = connect()
    family.listen()
    return family


@case("a new instance has what was asked for, and the defaults")
def new():
    """Its numbers are those of nothing done yet."""
    family, ns = connect(), NetNS()
    made = family.do("instance-new", {"netns-fd": ns.fd, "name": "router", "lab": "home",
                                      "max-links": 7, "max-frames": 1 << 33, "max-bytes": 12345})
    equal((made["name"], made["lab"], made["netns-inode"]), ("router", "home", ns.inode))
    equal((made["max-links"], made["max-frames"], made["max-bytes"]), (7, 1 << 33, 12345))
    for name in ("links", "frames", "bytes", "tx-packets", "tx-bytes", "rx-packets", "rx-bytes",
                 "drops", "softirq-time"):
        equal(made[name], 0, name)
    plain = family.do("instance-new", netns_fd=NetNS().fd)
    true("name" not in plain and "lab" not in plain)
    true(plain["max-links"] > 1000 and plain["max-frames"] > 1000000)


@case("an instance of the requester's own namespace")
def own():
    """Without a descriptor."""
    ns = NetNS()
    with ns:
        family = connect()
    made = family.do("instance-new")
    equal(made["netns-inode"], ns.inode)
    equal(family.do("instance-get")["id"], made["id"])
    family.do("instance-set", {"name": "me"})
    equal(family.do("instance-get")["name"], "me")
    family.do("instance-del")
    equal(raises(NetlinkError, family.do, "instance-get").name, "ENOENT")
    family.close()


@case("a change changes only what is named")
def change():
    """By number or by namespace."""
    family, ns = connect(), NetNS()
    wanted = family.do("instance-new", {"netns-fd": ns.fd, "name": "a", "lab": "l"})
    for how in ({"id": wanted["id"]}, {"netns-fd": ns.fd}):
        for values in ({"name": f"b{len(how)}"}, {"max-links": 9}, {"max-frames": 1000},
                       {"max-bytes": 1 << 40}, {"name": "c", "max-frames": 0}):
            family.do("instance-set", {**how, **values})
            wanted.update(values)
            equal(family.do("instance-get", how), wanted)


@case("numbers are not used again")
def numbers():
    """Not while the module is loaded."""
    family, seen = connect(), []
    for _ in range(5):
        ns = NetNS()
        seen.append(family.do("instance-new", netns_fd=ns.fd)["id"])
        family.do("instance-del", id=seen[-1])
    equal(seen, sorted(set(seen)))


@case("the links of an instance stay when it goes")
def links_stay():
    """Its namespace becomes a plain one, and may become an instance again."""
    link = Link(delay=10**6)
    instance = link.family.do("instance-new", netns_fd=link.ns["a"].fd)
    equal(instance["links"], 1)
    equal(link.get()["end-a"]["instance"], instance["id"])
    true("instance" not in link.get()["end-b"])
    link.family.do("instance-del", id=instance["id"])
    true("instance" not in link.get()["end-a"])
    sink = link.sink()
    link.sender().send(100, 5)
    sink.collect(5)
    again = link.family.do("instance-new", netns_fd=link.ns["a"].fd)
    true(again["id"] > instance["id"])
    equal(again["links"], 1)
    equal(link.family.do("instance-get", id=again["id"])["tx-packets"], 5)


@case("an instance goes with its namespace")
def goes():
    """And is told of to who made it."""
    family, ns = listen(), NetNS()
    made = connect().do("instance-new", netns_fd=ns.fd, name="short")
    ns.close()
    events = family.events(2, 10)
    equal([e.operation for e in events], ["instance-new-ntf", "instance-del-ntf"])
    equal([e["id"] for e in events], [made["id"]] * 2)
    equal(raises(NetlinkError, family.do, "instance-get", id=made["id"]).name, "ENOENT")
    equal(family.dump("instance-get")[0], [])


@case("notifications tell each change of an instance")
def notifications():
    """To the namespace itself and to its maker's, and to nobody else."""
    outside, other = listen(), NetNS()
    with other:
        stranger = listen()
    ns = NetNS()
    with ns:
        inside = listen()
    family = connect()
    made = family.do("instance-new", netns_fd=ns.fd, name="a")
    family.do("instance-set", {"id": made["id"], "name": "b", "max-links": 3})
    family.do("instance-del", id=made["id"])
    for listener in (outside, inside):
        events = listener.events(3)
        equal([e.operation for e in events],
              ["instance-new-ntf", "instance-set-ntf", "instance-del-ntf"])
        equal([e["name"] for e in events], ["a", "b", "b"])
        equal([e["max-links"] for e in events[1:]], [3, 3])
        equal({e["id"] for e in events}, {made["id"]})
    equal(stranger.events(1, 0.2), [])
    for listener in (inside, stranger):
        listener.close()


@case("notifications tell each change of a link")
def link_notifications():
    """To the namespaces of both ends and to its maker's."""
    outside = listen()
    ends, listeners = {end: NetNS() for end in "ab"}, [outside]
    for ns in ends.values():
        with ns:
            listeners.append(listen())
    link = Link(ns_a=ends["a"], ns_b=ends["b"], link={"name": "n"}, up=False)
    link.set(a={"delay": 5})
    link.set({"connected": 0})
    link.delete()
    for listener in listeners:
        events = listener.events(4)
        equal([e.operation for e in events],
              ["link-new-ntf", "link-set-ntf", "link-set-ntf", "link-del-ntf"])
        equal({e["id"] for e in events}, {link.id})
        equal(events[1]["end-a"]["tx"]["delay"], 5)
        equal(events[2]["connected"], 0)
    for listener in listeners[1:]:
        listener.close()


@case("links that ip makes are told of as well")
def ip_notifications():
    """Both ways of making a link are one."""
    ns = NetNS()
    with ns:
        listener = listen()
    ns.run("ip link add va type vnet peer name vb")
    ns.run("ip link set va type vnet delay 3ms")
    ns.run("ip link del vb")
    events = listener.events(3)
    equal([e.operation for e in events], ["link-new-ntf", "link-set-ntf", "link-del-ntf"])
    equal(events[0]["end-b"]["ifname"], "vb")
    listener.close()


after_each(wait_until_empty)
run()

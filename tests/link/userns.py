#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Who may do what: a user's own namespaces are his, others' are not.

Each case runs a child in a user and network namespace of its own, which is
nobody outside. It has descriptors of the other namespaces, since it was forked.
"""

import os

from vnettest import netns
from vnettest.blocks import Graph
from vnettest.ktap import case, contains, equal, raises, run, true
from vnettest.links import MS, Link
from vnettest.media import Medium
from vnettest.netlink import NetlinkError
from vnettest.netns import NetNS, child
from vnettest.ynl import Family

FLAGS = os.CLONE_NEWUSER | os.CLONE_NEWNET
NEED = "CAP_NET_ADMIN"
# All operations that change blocks.
BLOCKS = (("block-new", {"name": "c", "kind": "forward"}), ("block-set", {"name": "a"}), ("block-del", {"name": "a"}),
          ("block-replace", {"name": "a"}), ("block-bind", {"upper": "b", "lower": "a"}),
          ("block-unbind", {"upper": "b"}), ("block-subscribe", {"name": "a", "publisher": "b"}),
          ("block-unsubscribe", {"name": "a", "publisher": "b"}))


def as_user(function, *args):
    """Runs a function as root of a user namespace and of a network namespace in it."""
    return child(function, *args, flags=FLAGS)


def refused(call, *args, **kwargs):
    """The call is refused for want of a capability, with a word about it."""
    error = raises(NetlinkError, call, *args, **kwargs)
    equal(error.name, "EPERM", str(error))
    return error


class Guest:
    """A user namespace with a network namespace that stays while cases work on it."""

    def __init__(self):
        ready, tell = os.pipe()
        wait, go = os.pipe()
        self.child = netns.Child(self._serve, tell, wait, go, flags=FLAGS)
        os.close(tell)
        os.read(ready, 1)
        os.close(ready)
        self.go, self.wait = go, wait
        self.ns = NetNS.of_process(self.child.pid)
        self.user = os.open(f"/proc/{self.child.pid}/ns/user", os.O_RDONLY)

    @staticmethod
    def _serve(tell, wait, go):
        os.close(go)
        os.write(tell, b"x")
        os.read(wait, 1)

    def call(self, function, *args):
        """Runs a function as root of the user namespace."""

        def enter():
            os.setns(self.user, os.CLONE_NEWUSER)
            os.setns(self.ns.fd, os.CLONE_NEWNET)
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)
            return function(*args)

        return child(enter)


@case("a user may make, change and remove links in his namespaces")
def own():
    """Between two of his own."""

    def work():
        family = Family()
        second = NetNS(ipv6=True)
        made = family.do("link-new", {"end-a": {"ifname": "a", "tx": {"delay": MS}},
                                      "end-b": {"netns-fd": second.fd, "ifname": "b"}})
        family.do("link-set", {"id": made["id"], "end-b": {"tx": {"delay": 2 * MS}}})
        equal(family.do("link-get", id=made["id"])["end-b"]["tx"]["delay"], 2 * MS)
        equal(len(family.dump("link-get")[0]), 1)
        instance = family.do("instance-new", name="mine")
        equal(instance["links"], 1)
        family.do("instance-set", {"id": instance["id"], "max-links": 5})
        family.do("instance-del", id=instance["id"])
        family.do("link-del", id=made["id"])
        netns.run("ip link add va type vnet peer name vb")
        netns.run("ip link set va type vnet delay 3ms")
        netns.run("ip link del va")

    as_user(work)


@case("a user may make, change and remove media in his namespaces alone")
def media():
    """Of all ports; one that is another's is not to be had."""
    other = NetNS()

    def work():
        family = Family()
        second = NetNS(ipv6=True)
        made = family.do("medium-new", {"port": [{"ifname": "a"}, {"netns-fd": second.fd, "ifname": "b"}]})
        family.do("medium-set", {"id": made["id"], "pair": [{"from": 0, "params": {"delay": MS}}]})
        equal(len(family.dump("medium-pair-get", id=made["id"])[0]), 2)
        equal(len(family.dump("medium-get")[0]), 1)
        family.do("medium-del", id=made["id"])
        error = refused(family.do, "medium-new", {"port": [{}, {"netns-fd": other.fd}]})
        equal(error.path, "port.netns-fd")
        contains(error.text, NEED)

    as_user(work)
    equal(other.run("ip -o link show type vnet-port"), "")


@case("a user may not see or touch another's medium")
def foreign_medium():
    """By its number."""
    medium = Medium(2, up=False)

    def work():
        family = Family()
        equal(family.dump("medium-get")[0], [])
        for operation in ("medium-get", "medium-set", "medium-del"):
            contains(refused(family.do, operation, {"id": medium.id}).text, NEED)
        for operation in ("medium-port-get", "medium-pair-get"):
            refused(family.dump, operation, {"id": medium.id})

    as_user(work)
    equal(medium.get()["ports"], 2)


@case("a user may do everything with blocks in his namespaces")
def blocks():
    """Each command."""

    def work():
        graph = Graph(NetNS(ipv6=True))
        graph.add("a", "queue")
        graph.add("b", "queue")
        graph.bind("b", "a")
        graph.subscribe("a", "b")
        graph.set("a", packets=7)
        graph.replace("a")
        equal((graph.get("a").params["packets"], len(graph.list())), (7, 2))
        graph.unsubscribe("a", "b")
        graph.unbind("b")
        graph.remove("a")

    as_user(work)


@case("a user may not see or touch another's blocks")
def foreign_blocks():
    """By their namespace."""
    graph = Graph()
    graph.add("a", "queue")
    graph.add("b", "queue")
    before = graph.list()

    def work():
        family, other = Family(), {"netns-fd": graph.ns.fd}
        for operation, values in (*BLOCKS, ("block-get", {"name": "a"})):
            error = refused(family.do, operation, {**other, **values})
            equal(error.path, "netns-fd", operation)
            contains(error.text, NEED)
        refused(family.dump, "block-get", other)

    as_user(work)
    equal(graph.list(), before)


@case("a user may not put an end into another's namespace")
def foreign_end():
    """Not by generic netlink, and not by ip link."""
    other = NetNS()

    def work():
        family = Family()
        for mine, theirs in (("end-a", "end-b"), ("end-b", "end-a")):
            error = refused(family.do, "link-new", {mine: {}, theirs: {"netns-fd": other.fd}})
            equal(error.path, f"{theirs}.netns-fd")
            contains(error.text, NEED)
        done = netns.run(f"ip link add va type vnet peer name vb netns /proc/self/fd/{other.inheritable()}",
                         check=False)
        true(done.returncode != 0)
        contains(done.stderr, "not permitted")

    as_user(work)
    equal(other.run("ip -o link show type vnet"), "")


@case("a user may not see or touch another's link")
def foreign_link():
    """By its number, or by its device."""
    link = Link(up=False)
    other = link.ns["a"]

    def work():
        family = Family()
        equal(family.dump("link-get")[0], [])
        for operation, values in (("link-get", {}), ("link-set", {"connected": 0}), ("link-del", {})):
            refused(family.do, operation, {"id": link.id, **values})
            refused(family.do, operation, {"netns-fd": other.fd, "ifindex": 2, **values})

    as_user(work)
    equal(link.get()["connected"], 1)


@case("a user may not see or touch another's instance")
def foreign_instance():
    """By its number, or by its namespace."""
    other = NetNS()
    family = Family()
    instance = family.do("instance-new", netns_fd=other.fd)["id"]

    def work():
        mine = Family()
        equal(mine.dump("instance-get")[0], [])
        for operation, values in (("instance-get", {}), ("instance-set", {"max-links": 1}),
                                  ("instance-del", {})):
            contains(refused(mine.do, operation, {"id": instance, **values}).text, NEED)
            error = refused(mine.do, operation, {"netns-fd": other.fd, **values})
            equal(error.path, "netns-fd")
        error = refused(mine.do, "instance-new", {"netns-fd": other.fd})
        equal(error.path, "netns-fd")

    as_user(work)
    true(family.do("instance-get", id=instance)["max-links"] > 1)
    family.close()


@case("a link that root has made into a user's namespace is changed by root only")
def shared():
    """Who holds one end may see it and remove his device, but not change what the other one gets."""

    def prepare(link_id):
        family = Family()
        seen = family.do("link-get", id=link_id)
        equal(seen["end-b"]["ifname"], "b")
        equal([link["id"] for link in family.dump("link-get")[0]], [link_id])
        for values in ({"end-a": {"tx": {"delay": 5 * MS}}}, {"end-b": {"tx": {"delay": 5 * MS}}},
                       {"connected": 0}, {"mtu": 1000}, {"name": "mine"}):
            contains(refused(family.do, "link-set", {"id": link_id, **values}).text, NEED)
        done = netns.run("ip link set dev b type vnet delay 5ms", check=False)
        true(done.returncode != 0, "ip link set is refused as well")
        contains(done.stderr, NEED)
        refused(family.do, "link-del", {"id": link_id})

    end = Guest()
    link = Link(ns_b=end.ns, up=False)
    end.call(prepare, link.id)
    equal(link.get()["end-b"]["tx"]["delay"], 0)


@case("without any capability everything but reading one's own is refused")
def no_capability():
    """A user in the first namespace."""

    def work():
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        family = Family()
        for operation, values in (("link-new", {"end-a": {}, "end-b": {}}), ("instance-new", {}),
                                  ("link-set", {"id": 1}), ("link-del", {"id": 1}),
                                  ("instance-set", {"id": 1}), ("instance-del", {"id": 1}), *BLOCKS):
            refused(family.do, operation, values)
        family.dump("link-get")
        family.dump("block-get")
        family.dump("instance-get")

    child(work)


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every refusal of the control interface: its error, its message, the attribute to blame."""

import os

from vnettest.ktap import after_each, case, defer, equal, raises, run
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


def state(family):
    """Everything that there is."""
    return family.dump("link-get")[0], family.dump("instance-get")[0]


def refuse(family, operation, values, error, text, path=None):
    """The request is refused in just these words, and changes nothing."""
    before = state(family)
    got = raises(NetlinkError, family.do, operation, values)
    equal((got.name, got.text, got.path), (error, text, path), f"{operation} {values}")
    equal(state(family), before, "nothing has changed")


def some_file():
    """A descriptor that is not that of a namespace."""
    fd = os.open("/dev/null", os.O_RDONLY)
    defer(os.close, fd)
    return fd


NOT_NETNS = "the file descriptor is not that of a network namespace"


@case("namespaces by descriptor")
def descriptors():
    """None, one of something else, one of another kind of namespace."""
    family = connect()
    other = os.open("/proc/self/ns/uts", os.O_RDONLY)
    defer(os.close, other)
    for operation in ("instance-new", "instance-get", "instance-set", "instance-del"):
        refuse(family, operation, {"netns-fd": 999}, "EBADF", NOT_NETNS, "netns-fd")
        refuse(family, operation, {"netns-fd": 0xFFFFFFFF}, "EBADF", NOT_NETNS, "netns-fd")
        refuse(family, operation, {"netns-fd": some_file()}, "EINVAL", NOT_NETNS, "netns-fd")
        refuse(family, operation, {"netns-fd": other}, "EINVAL", NOT_NETNS, "netns-fd")
    for operation in ("link-get", "link-set", "link-del"):
        refuse(family, operation, {"ifindex": 1, "netns-fd": 999}, "EBADF", NOT_NETNS, "netns-fd")
    for end, good in (("end-a", "end-b"), ("end-b", "end-a")):
        refuse(family, "link-new", {end: {"netns-fd": 999}, good: {}}, "EBADF", NOT_NETNS,
               f"{end}.netns-fd")


@case("an instance that is there already, or not there")
def instances():
    """instance-new twice; get, set and del of nothing."""
    family, ns = connect(), NetNS()
    for operation in ("instance-get", "instance-set", "instance-del"):
        refuse(family, operation, {}, "ENOENT", "the network namespace is not an instance")
        refuse(family, operation, {"netns-fd": ns.fd}, "ENOENT",
               "the network namespace is not an instance", "netns-fd")
        refuse(family, operation, {"id": 4000000000}, "ENOENT", "there is no such instance", "id")
        refuse(family, operation, {"id": 1, "netns-fd": ns.fd}, "EINVAL",
               "give either id or netns-fd", "netns-fd")
    made = family.do("instance-new", netns_fd=ns.fd)
    refuse(family, "instance-new", {"netns-fd": ns.fd, "name": "again"}, "EEXIST",
           "the network namespace is an instance already", "netns-fd")
    family.do("instance-del", id=made["id"])
    refuse(family, "instance-get", {"id": made["id"]}, "ENOENT", "there is no such instance", "id")


@case("names that are no text")
def names():
    """Empty, or not UTF-8."""
    family = connect()
    link = Link(up=False)
    instance = family.do("instance-new", netns_fd=link.ns["a"].fd)["id"]
    for operation, common in (("instance-new", {"netns-fd": link.ns["b"].fd}),
                              ("instance-set", {"id": instance}),
                              ("link-new", {"end-a": {}, "end-b": {}}),
                              ("link-set", {"id": link.id})):
        for attribute in ("name", "lab") if operation.endswith("new") else ("name",):
            refuse(family, operation, {**common, attribute: b"\xff\xfe\0"}, "EINVAL",
                   "the name is not UTF-8", attribute)
            refuse(family, operation, {**common, attribute: b"\0"}, "EINVAL",
                   "the name is empty", attribute)
    family.do("instance-del", id=instance)


@case("a link without its ends")
def missing_ends():
    """Both are needed."""
    family = connect()
    for values, missing in (({}, "end-a"), ({"end-a": {}}, "end-b"), ({"end-b": {}}, "end-a")):
        before = state(family)
        error = raises(NetlinkError, family.do, "link-new", values)
        equal((error.name, error.text), ("EINVAL", f"a link needs {missing}"))
        equal(error.missing, family.spec.sets["link"][missing].value)
        equal(state(family), before)


@case("device names")
def device_names():
    """What no device can be called, and what is taken."""
    family, ns = connect(), NetNS()
    for name in (".", "..", "a/b", "a b", "a:b"):
        refuse(family, "link-new", {"end-a": {"ifname": name}, "end-b": {}}, "EINVAL",
               "this cannot be a device's name", "end-a.ifname")
        refuse(family, "link-new", {"end-a": {}, "end-b": {"ifname": name}}, "EINVAL",
               "this cannot be a device's name", "end-b.ifname")
    Link(ns_a=ns, up=False)
    taken = {"netns-fd": ns.fd, "ifname": "a"}
    refuse(family, "link-new", {"end-a": taken, "end-b": {}}, "EEXIST",
           "the first device cannot be registered; is its name taken?")
    refuse(family, "link-new", {"end-a": {}, "end-b": taken}, "EEXIST",
           "the second device cannot be registered; is its name taken?")
    refuse(family, "link-new", {"end-a": {"ifname": "same"}, "end-b": {"ifname": "same"}}, "EEXIST",
           "the first device cannot be registered; is its name taken?")


@case("addresses that are not those of one device", b"\0" * 6, b"\xff" * 6,
      b"\x01\0\x5e\0\0\x01")
def addresses(address):
    """Zero, broadcast, multicast."""
    family = connect()
    for end, other in (("end-a", "end-b"), ("end-b", "end-a")):
        refuse(family, "link-new", {end: {"address": address}, other: {}}, "EADDRNOTAVAIL",
               "the address is not that of one Ethernet device", f"{end}.address")


@case("what an end only tells", "link-new", "link-set")
def read_only(operation):
    """It cannot be set."""
    family = connect()
    link = Link(up=False)
    told = {"netns-inode": 1, "instance": 1, "ifindex": 1, "stats": {}, "up": 1, "carrier": 1}
    for end, other in (("end-a", "end-b"), ("end-b", "end-a")):
        common = {other: {}} if operation == "link-new" else {"id": link.id}
        for name, value in told.items():
            refuse(family, operation, {**common, end: {name: value}}, "EINVAL",
                   "the attribute is read only", f"{end}.{name}")


@case("what only rtnetlink changes")
def fixed():
    """Name, address and namespace of a device."""
    family = connect()
    link = Link(up=False)
    for name, value in (("netns-fd", link.ns["a"].fd), ("ifname", "other"),
                        ("address", b"\x02\0\0\0\0\x01")):
        refuse(family, "link-set", {"id": link.id, "end-b": {name: value}}, "EOPNOTSUPP",
               "a device is renamed, moved or given an address by rtnetlink", f"end-b.{name}")


@case("how a link is named", "link-get", "link-set", "link-del")
def naming(operation):
    """By id, or by ifindex with or without netns-fd."""
    family = connect()
    link = Link(up=False)
    how = "name the link by id, or by ifindex with or without netns-fd"
    fd = link.ns["a"].fd
    refuse(family, operation, {}, "EINVAL", how)
    refuse(family, operation, {"netns-fd": fd}, "EINVAL", how, "netns-fd")
    refuse(family, operation, {"id": link.id, "ifindex": 1}, "EINVAL", how, "id")
    refuse(family, operation, {"id": link.id, "netns-fd": fd}, "EINVAL", how, "netns-fd")
    refuse(family, operation, {"id": 4000000000}, "ENOENT", "there is no such link", "id")
    refuse(family, operation, {"ifindex": 9999}, "ENODEV", "there is no such device", "ifindex")
    refuse(family, operation, {"ifindex": 0xFFFFFFFF}, "ENODEV", "there is no such device",
           "ifindex")
    refuse(family, operation, {"ifindex": 1}, "EINVAL", "the device is not the end of a link",
           "ifindex")


@case("parameters that cannot be emulated")
def parameters():
    """What the policy cannot say."""
    family = connect()
    link = Link(up=False)
    for rate in (1, 99):
        for operation, common in (("link-new", {"end-b": {}}), ("link-set", {"id": link.id})):
            refuse(family, operation, {**common, "end-a": {"tx": {"rate": rate}}}, "EINVAL",
                   "rate is below 100 bit/s", "end-a.tx.rate")
    # Nothing of a request is done if a part of it is refused.
    refuse(family, "link-set", {"id": link.id, "mtu": 1000, "name": "new", "connected": 0,
                                "end-a": {"tx": {"delay": 5}}, "end-b": {"tx": {"rate": 1}}},
           "EINVAL", "rate is below 100 bit/s", "end-b.tx.rate")


@case("more links than an instance may have")
def quota():
    """The refused link leaves nothing behind."""
    family, ns = connect(), NetNS()
    instance = family.do("instance-new", {"netns-fd": ns.fd, "max-links": 3})["id"]
    end = {"netns-fd": ns.fd}
    family.do("link-new", {"end-a": end, "end-b": end})
    refuse(family, "link-new", {"end-a": end, "end-b": end}, "ENOSPC",
           "too many links in the network namespace or its user namespace")
    equal(family.do("instance-get", id=instance)["links"], 2)
    family.do("link-new", {"end-a": end, "end-b": {}})
    refuse(family, "link-new", {"end-a": {}, "end-b": end}, "ENOSPC",
           "too many links in the network namespace or its user namespace")
    equal(ns.run("ip -o link show type vnet").count("\n"), 3)
    for link in family.dump("link-get")[0]:
        family.do("link-del", id=link["id"])


after_each(wait_until_empty)
run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The link kind's own attributes over rtnetlink: what is accepted, what is refused."""

import struct

from vnettest import netlink
from vnettest.ktap import case, contains, defer, equal, raises, run, true
from vnettest.links import Link
from vnettest.netlink import NLM_F_CREATE, NLM_F_EXCL, NetlinkError, attr, nest
from vnettest.ynl import Family, Spec

RTM_NEWLINK = 16
IFLA_ADDRESS, IFLA_IFNAME, IFLA_MTU, IFLA_LINKINFO = 1, 3, 4, 18
INFO_KIND, INFO_DATA = 1, 2
PEER, TX, RX, NAME, LAB, SEED, CONNECTED, ID, TX_STATS, RX_STATS = range(1, 11)
DIRECTION = {name: entry.value for name, entry in Spec().sets["direction"].items()}


def newlink(data, others=b"", index=0, flags=NLM_F_CREATE | NLM_F_EXCL):
    """RTM_NEWLINK with attributes of the kind."""
    socket = netlink.Socket(netlink.NETLINK_ROUTE)
    try:
        header = struct.pack("=BxHiII", 0, 0, index, 0, 0)
        info = nest(IFLA_LINKINFO, attr(INFO_KIND, b"vnet\0"), nest(INFO_DATA, data))
        return socket.request(RTM_NEWLINK, header + others + info, flags)
    finally:
        socket.close()


def links():
    """What there is."""
    family = Family()
    found = family.dump("link-get")[0]
    family.close()
    return found


def refused(data, error, text="", others=b"", index=0, flags=NLM_F_CREATE | NLM_F_EXCL):
    """It is, and nothing has changed."""
    before = links()
    got = raises(NetlinkError, newlink, data, others, index, flags)
    equal(got.name, error, str(got))
    contains(got.text, text)
    equal(links(), before)


def value(name, number, size=8):
    """One parameter of a direction."""
    return attr(DIRECTION[name], number.to_bytes(size, "little"))


def remove_all():
    """Removes every link."""
    family = Family()
    for link in family.dump("link-get")[0]:
        family.do("link-del", id=link["id"])
    family.close()


@case("parameters out of range")
def ranges():
    """As over generic netlink."""
    for kind in (TX, RX):
        refused(nest(kind, value("delay", 10**11 + 1)), "ERANGE", "out of range")
        refused(nest(kind, value("rate", 4 * 10**11 + 1)), "ERANGE", "out of range")
        refused(nest(kind, value("rate", 99)), "EINVAL", "rate is below 100 bit/s")
        refused(nest(kind, value("overhead", 1001, 4)), "ERANGE", "out of range")
        refused(nest(kind, attr(99, bytes(4))), "EINVAL")
        refused(nest(kind, attr(DIRECTION["delay"], bytes(3))), "EINVAL")
    refused(attr(CONNECTED, 2), "ERANGE")


@case("what a link only tells")
def read_only():
    """Number and counters."""
    refused(attr(ID, 5), "EINVAL")
    refused(nest(TX_STATS), "EINVAL")
    refused(nest(RX_STATS), "EINVAL")


@case("broken attributes")
def broken():
    """Wrong lengths, and a peer that is none."""
    refused(attr(SEED, bytes(3)), "EINVAL", "invalid attribute length")
    refused(attr(NAME, b"x" * 64 + b"\0"), "EINVAL")
    refused(attr(NAME, b"\0"), "EINVAL", "the name is empty")
    refused(attr(PEER, bytes(4)), "ERANGE")


@case("addresses that are not those of one device")
def addresses():
    """Of the device and of its peer."""
    bad = attr(IFLA_ADDRESS, b"\xff" * 6)
    refused(b"", "EADDRNOTAVAIL", "address", others=bad)
    peer = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
    refused(attr(PEER, peer + bad), "EADDRNOTAVAIL", "address")
    refused(attr(PEER, peer + attr(IFLA_ADDRESS, b"\x02" * 5)), "EADDRNOTAVAIL", "address")


@case("names that are taken")
def names():
    """Nothing of the pair is left."""
    newlink(b"", others=attr(IFLA_IFNAME, b"one\0"))
    defer(remove_all)
    refused(b"", "EEXIST", others=attr(IFLA_IFNAME, b"one\0"))
    peer = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
    refused(attr(PEER, peer + attr(IFLA_IFNAME, b"one\0")), "EEXIST", "name taken")


@case("what only a new link can be told")
def only_new():
    """Peer, lab and seed."""
    link = Link(up=False)
    with link.ns["a"]:
        index = link.get()["end-a"]["ifindex"]
        peer = struct.pack("=BxHiII", 0, 0, 0, 0, 0)
        for data in (attr(LAB, b"x\0"), attr(SEED, bytes(8)), attr(PEER, peer)):
            got = raises(NetlinkError, newlink, data, b"", index, 0)
            equal((got.name, got.text), ("EOPNOTSUPP", "only a new link can be told this"))
        got = raises(NetlinkError, newlink, nest(TX, value("rate", 99)), b"", index, 0)
        equal((got.name, got.text), ("EINVAL", "rate is below 100 bit/s"))


@case("tx and rx are those of the device that is named")
def sides():
    """Of either end."""
    link = Link(up=False)
    for end, other in ("ab", "ba"):
        with link.ns[end]:
            index = link.get()[f"end-{end}"]["ifindex"]
            newlink(nest(TX, value("delay", 1111)) + nest(RX, value("delay", 2222)), b"", index, 0)
        told = link.get()
        equal(told[f"end-{end}"]["tx"]["delay"], 1111)
        equal(told[f"end-{other}"]["tx"]["delay"], 2222)
        true(told[f"end-{end}"]["tx"]["rate"] == 0)


run()

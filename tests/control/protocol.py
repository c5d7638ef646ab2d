#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The family itself: its commands, its flags, and requests that are no requests."""

import re
import struct

from vnettest import netlink
from vnettest.ktap import case, defer, equal, raises, run
from vnettest.links import Link
from vnettest.netlink import NetlinkError, attr
from vnettest.netns import NetNS
from vnettest.ynl import Family, Spec

HEADER = "/vnet/include/uapi/linux/vnet.h"


def connect():
    """A connection to the family."""
    family = Family()
    defer(family.close)
    return family


def raw(family, command, flags=0, payload=b"", version=1, reserved=0):
    """Sends a request with any header."""
    return family.socket.request(family.id, struct.pack("=BBH", command, version, reserved) + payload,
                                 flags)


@case("commands that there are not", 0, 100, 200)
def commands(number):
    """Neither done nor dumped."""
    family = connect()
    for flags in (0, netlink.NLM_F_DUMP):
        equal(raises(NetlinkError, raw, family, number, flags).name, "EOPNOTSUPP")


@case("notifications are no requests")
def notifications():
    """Nor can anything else be dumped than what the spec says."""
    family, spec = connect(), Spec()
    for name, number in spec.numbers.items():
        op = spec.operations[name]
        for kind, flags in (("do", 0), ("dump", netlink.NLM_F_DUMP)):
            if kind not in op:
                error = raises(NetlinkError, raw, family, number, flags)
                equal(error.name, "EOPNOTSUPP", f"{kind} {name}")


@case("reserved bytes of the header are zero")
def reserved():
    """So that they can mean something one day."""
    family = connect()
    error = raises(NetlinkError, raw, family, 2, 0, b"", 1, 1)
    equal(error.name, "EINVAL")


@case("a request has no trailing bytes")
def trailing():
    """Less than a header of an attribute."""
    family = connect()
    equal(raises(NetlinkError, raw, family, 2, 0, attr(1, 1) + b"xx").name, "EINVAL")


@case("the header file and the spec have the same numbers")
def numbers():
    """Programs are built with the one, and speak as the other says."""
    spec, found, value = Spec(), {}, 0
    with open(HEADER, encoding="ascii") as file:
        for line in file:
            if re.match(r"enum\b.*{", line):
                value = 0
            elif entry := re.match(r"\t(\w+)(?: = (\d+))?,", line):
                value = int(entry[2]) if entry[2] else value
                found[entry[1]] = value
                value += 1
    for name, number in spec.numbers.items():
        equal(found.get("VNET_CMD_" + name.upper().replace("-", "_")), number, name)
    for set_name, attributes in spec.sets.items():
        for entry in attributes.values():
            constant = f"VNET_A_{set_name}_{entry.name}".upper().replace("-", "_")
            equal(found.get(constant), entry.value, constant)
    for number, name in enumerate(spec.enums["drop-cause"]):
        equal(found.get("VNET_DROP_CAUSE_" + name.upper().replace("-", "_")), number, name)


@case("what is made is told to its maker in the reply")
def replies():
    """NEW replies with the object, as GET does."""
    family, ns = connect(), NetNS()
    made = family.do("instance-new", netns_fd=ns.fd, name="n", lab="l")
    equal(made.operation, "instance-new")
    equal(family.do("instance-get", id=made["id"]), made)
    link = family.do("link-new", {"name": "n", "end-a": {"netns-fd": ns.fd}, "end-b": {}})
    equal(link.operation, "link-new")
    equal(family.do("link-get", id=link["id"]), link)
    family.do("link-del", id=link["id"])


@case("values of 32 and of 64 bits mean the same")
def widths():
    """The type uint has both."""
    link = Link(up=False)
    for value in (struct.pack("=I", 1000000), struct.pack("=Q", 1000000)):
        link.set(a={"delay": 0})
        link.set(a={"delay": value})
        equal(link.get()["end-a"]["tx"]["delay"], 1000000)


run()

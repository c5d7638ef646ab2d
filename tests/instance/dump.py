#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Dumps: complete, filtered, and honest about changes in between."""

import itertools
import struct

from vnettest import netlink
from vnettest.ktap import after_each, case, defer, equal, run, true
from vnettest.netlink import NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST
from vnettest.netns import NetNS
from vnettest.settled import wait_until_empty
from vnettest.ynl import Family

# More than fit into two pieces of a small room; each instance needs a namespace, which takes its time.
ROOM = 4096
MANY = {"link-get": 24, "instance-get": 40}
NUMBERS = itertools.count()
LAB = 63 * "l"


def connect():
    """A connection to the family."""
    family = Family(room=ROOM)
    defer(family.close)
    return family


def make_links(family, count, lab=None):
    """So many links in one namespace; they go with it."""
    ns = NetNS()
    end = {"netns-fd": ns.fd}
    values = {"end-a": end, "end-b": end}
    if lab:
        values["lab"] = lab
    return [family.do("link-new", values)["id"] for _ in range(count)]


def make_instances(family, count, lab=None):
    """So many instances."""
    ids = []
    for _ in range(count):
        values = {"netns-fd": free_namespace().fd, "name": f"{next(NUMBERS):063}"}
        if lab:
            values["lab"] = lab
        ids.append(family.do("instance-new", values)["id"])
    return ids


class Namespaces:
    """Those of instances. They are kept from case to case, since making them is what takes long."""
    made, used = [], 0


def free_namespace():
    """One without an instance."""
    if Namespaces.used == len(Namespaces.made):
        Namespaces.made.append(NetNS(lasting=True))
    Namespaces.used += 1
    return Namespaces.made[Namespaces.used - 1]


def delete_instances():
    """So that all namespaces are free."""
    family = Family()
    for instance in family.dump("instance-get")[0]:
        family.do("instance-del", id=instance["id"])
    family.close()
    Namespaces.used = 0


KINDS = {"link-get": make_links, "instance-get": make_instances}


def many(family, operation):
    """More than two pieces, of which the second one is made when the first is read. Long names let fewer do."""
    return KINDS[operation](family, MANY[operation], LAB)


@case("a dump has each object once, in the order of their numbers", *KINDS)
def complete(operation):
    """More than fit into one piece."""
    family = connect()
    equal(family.dump(operation), ([], False))
    ids = many(family, operation)
    objects, interrupted = family.dump(operation)
    equal([o["id"] for o in objects], ids)
    equal(interrupted, False)
    equal(objects[7], family.do(operation, id=ids[7]))


@case("a dump of one lab has only its objects", *KINDS)
def filtered(operation):
    """Labs do not see each other."""
    family = connect()
    wanted = {lab: KINDS[operation](family, 5, lab) for lab in ("one", "two", None)}
    for lab in ("one", "two"):
        equal([o["id"] for o in family.dump(operation, lab=lab)[0]], wanted[lab])
    equal(family.dump(operation, lab="on"), ([], False))
    equal(len(family.dump(operation)[0]), 15)


class SlowDump:
    """A dump of which one piece is read at a time."""

    def __init__(self, operation):
        self.family = Family(room=ROOM)
        defer(self.family.close)
        self.socket = self.family.socket
        number = self.family.spec.numbers[operation]
        self.socket.send(self.family.id, NLM_F_REQUEST | NLM_F_DUMP, struct.pack("=BBH", number, 1, 0))
        self.ids, self.interrupted, self.done = [], False, False

    def piece(self):
        """Reads the next piece."""
        data = self.socket.sock.recv(self.socket.room)
        while data:
            size, kind, flags, _, _ = netlink.HEADER.unpack_from(data)
            self.interrupted |= bool(flags & NLM_F_DUMP_INTR)
            if kind == netlink.NLMSG_DONE:
                self.done = True
            else:
                set_name = "link" if self.family.spec.names[data[16]].startswith("link") else "instance"
                self.ids.append(self.family.spec.decode(set_name, data[20:size])["id"])
            data = data[size + (-size % 4):]

    def rest(self):
        """Reads what is left."""
        while not self.done:
            self.piece()


@case("a dump says if an object came meanwhile", *KINDS)
def came(operation):
    """What was there before is complete all the same."""
    family = connect()
    ids = many(family, operation)
    dump = SlowDump(operation)
    dump.piece()
    true(len(dump.ids) < MANY[operation], "there is more than one piece")
    KINDS[operation](family, 1)
    dump.rest()
    equal(dump.interrupted, True)
    equal(dump.ids[:len(ids)], ids)


@case("a dump says if an object went or changed meanwhile", "link-set", "link-del",
      "instance-set", "instance-del")
def changed(operation):
    """One that had not been read yet."""
    get = operation.split("-")[0] + "-get"
    family = connect()
    ids = many(family, get)
    dump = SlowDump(get)
    dump.piece()
    values = {"id": ids[-1]}
    if operation.endswith("set"):
        values["name"] = "new"
    family.do(operation, values)
    dump.rest()
    equal(dump.interrupted, True)
    equal(dump.ids, ids if operation.endswith("set") else ids[:-1])


@case("a dump in which nothing changed says so", *KINDS)
def quiet(operation):
    """However slowly it is read."""
    family = connect()
    ids = many(family, operation)
    dump = SlowDump(operation)
    dump.rest()
    equal((dump.ids, dump.interrupted), (ids, False))


@case("a dump that nobody reads to its end leaves nothing", *KINDS)
def abandoned(operation):
    """Its socket is closed half way."""
    family = connect()
    many(family, operation)
    dump = SlowDump(operation)
    dump.piece()
    dump.family.close()


after_each(delete_instances)
after_each(wait_until_empty)
run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Blocks are made, bound, told and removed; and every way in which that is refused."""

import os

from vnettest.blocks import Graph, refused
from vnettest.ktap import case, defer, equal, run, true
from vnettest.netlink import NetlinkError
from vnettest.netns import NetNS
from vnettest.ynl import Family


@case("types tell all that has to be known")
def types():
    """Names, ports, parameters."""
    family = Family()
    defer(family.close)
    found = {t["name"]: t for t in family.dump("block-type-get")[0]}
    forward = found["forward"]
    equal([(p["name"], p["side"], p["carries"]) for p in forward["port"]],
          [("lower", "lower", "any"), ("upper", "upper", "any")])
    device = found["eth"]["param"][0]
    equal((device["name"], device["kind"], device["access"], device["required"], device["most"]),
          ("device", "text", "initial", 1, 15))
    for kind in found.values():
        true(kind["doc"])
        for part in kind.get("port", []) + kind.get("param", []):
            true(part["doc"], f"{kind['name']} {part['name']}")
        names = [p["name"] for p in kind.get("param", [])]
        equal(len(names), len(set(names)), kind["name"])


@case("a block is made, told, changed and removed")
def life():
    """With its lab; by get and by dump."""
    graph = Graph()
    made = graph.add("one", "forward", lab="mine")
    equal((made["name"], made["kind"], made["lab"], made["netns-inode"]),
          ("one", "forward", "mine", graph.ns.inode))
    two = graph.add("two", "counter")
    true(two["id"] > made["id"])
    equal(graph.list(), {"one": made, "two": two})
    equal(graph.get("one"), made)
    mine = graph.family.dump("block-get", {"netns-fd": graph.ns.fd, "lab": "mine"})[0]
    equal([b["name"] for b in mine], ["one"])
    graph.remove("one")
    equal(list(graph.list()), ["two"])
    true(graph.add("one", "forward")["id"] > two["id"], "numbers are not used twice")


@case("bindings stand at both ends")
def bindings():
    """Named ports, and the first free ones."""
    graph = Graph()
    for name in "abc":
        graph.add(name, "forward")
    graph.bind("b", "a")
    graph.bind("c:lower", "b:upper")
    equal(graph.get("a").peers, {"upper": ("b", "lower")})
    equal(graph.get("b").peers, {"lower": ("a", "upper"), "upper": ("c", "lower")})
    equal(graph.get("c").peers, {"lower": ("b", "upper")})
    graph.unbind(upper="b")
    equal(graph.get("a").peers, {})
    graph.unbind(lower="b")
    equal(graph.get("b").peers, {})
    graph.bind("a", "b")
    graph.unbind("a:lower", "b:upper")
    equal((graph.get("a").peers, graph.get("b").peers), ({}, {}))


@case("what is no block")
def no_block():
    """Names and types that are missing, unknown or taken."""
    graph = Graph()
    do = graph.family.do
    fd = {"netns-fd": graph.ns.fd}
    graph.add("a", "forward")
    refused("EINVAL", "a block needs a name", do, "block-new", {**fd, "kind": "forward"})
    refused("EINVAL", "a block needs a type", do, "block-new", {**fd, "name": "b"})
    refused("EINVAL", "the name is empty", do, "block-new",
            {**fd, "name": b"\0", "kind": "forward"}, path="name")
    refused("EINVAL", "the name is not UTF-8", do, "block-new",
            {**fd, "name": b"\xff\0", "kind": "forward"}, path="name")
    refused("ENOENT", "there is no such type of blocks", graph.add, "b", "back", path="kind")
    refused("EEXIST", "a block of this name exists in the network namespace", graph.add, "a",
            "forward", path="name")
    for operation in ("block-get", "block-set", "block-del", "block-replace"):
        refused("EINVAL", "the name of a block is needed", do, operation, fd)
        refused("ENOENT", "there is no such block", do, operation, {**fd, "name": "b"},
                path="name")
    refused("ENOENT", "there is no such type of blocks", graph.replace, "a", "back", path="kind")
    equal(list(graph.list()), ["a"])


@case("parameters that the type does not take")
def parameters():
    """Unknown, read only, of the wrong kind, twice, without a name."""
    graph = Graph()
    graph.add("c", "counter")
    refused("ENOENT", "the type has no such parameter", graph.add, "b", "forward", size=1,
            path="param.name")
    refused("EINVAL", "the parameter is read only", graph.set, "c", up_packets=1,
            path="param.name")
    graph.ns.run("ip link add name dummy7 type dummy")
    refused("EINVAL", "the parameter is given as text", graph.add, "b", "eth", device=1,
            path="param")
    refused("EINVAL", "the parameter is not a list of records", graph.add, "b", "eth",
            device=[{"a": 1}], path="param.record")
    refused("EINVAL", "the text is not UTF-8", graph._do, "block-new", name="b", kind="eth",
            param=[{"name": "device", "text": b"\xff\0"}], path="param.text")
    refused("EINVAL", "the parameter is given twice", graph._do, "block-new", name="b", kind="eth",
            param=[{"name": "device", "text": "dummy7"}] * 2, path="param.name")
    refused("EINVAL", "a parameter needs a name", graph._do, "block-new", name="b", kind="eth",
            param=[{"text": "dummy7"}], path="param")
    graph.add("b", "eth", device="dummy7")
    refused("EINVAL", "the parameter is given when the block is made or replaced", graph.set, "b",
            device="dummy7", path="param.name")


@case("ports that cannot be bound")
def ports():
    """Unknown, of the wrong side, taken, none left."""
    graph = Graph()
    for name in "abc":
        graph.add(name, "forward")
    refused("EINVAL", "a binding needs upper and lower", graph.bind, "a", None)
    refused("EINVAL", "a binding needs upper and lower", graph.bind, None, "a")
    refused("ENOENT", "there is no such block", graph.bind, "x", "a", path="upper")
    refused("ENOENT", "there is no such block", graph.bind, "a", "x", path="lower")
    refused("ENOENT", "the block has no such port", graph.bind, "b:left", "a", path="upper-port")
    refused("EINVAL", "the block above is bound by a lower port", graph.bind, "b:upper", "a",
            path="upper-port")
    refused("EINVAL", "the block below is bound by an upper port", graph.bind, "b", "a:lower",
            path="lower-port")
    graph.bind("b", "a")
    refused("EBUSY", "the block has no free lower port", graph.bind, "b", "c", path="upper")
    refused("EBUSY", "the block has no free upper port", graph.bind, "c", "a", path="lower")
    refused("EBUSY", "the port is bound already", graph.bind, "b:lower", "c", path="upper-port")
    refused("EBUSY", "the port is bound already", graph.bind, "c", "a:upper", path="lower-port")
    refused("EBUSY", "the block is bound", graph.remove, "a", path="name")


@case("bindings that are not there")
def not_bound():
    """Of a block, a port, a pair."""
    graph = Graph()
    for name in "abc":
        graph.add(name, "forward")
    graph.bind("b", "a")
    refused("EINVAL", "a binding is named by upper, lower or both", graph.unbind)
    refused("ENOTCONN", "no lower port of the block is bound", graph.unbind, "a", path="upper")
    refused("ENOTCONN", "no upper port of the block is bound", graph.unbind, None, "b",
            path="lower")
    refused("ENOTCONN", "the port is not bound", graph.unbind, "c:lower", path="upper-port")
    refused("ENOTCONN", "the blocks are not bound to each other like that", graph.unbind, "b", "c",
            path="lower")
    refused("ENOENT", "the block has no such port", graph.unbind, "b:x", "a", path="upper-port")


@case("loops, and chains that are too long")
def shapes():
    """At most 64 blocks in a row, and never the same twice."""
    graph = Graph()
    refusal = "packets could go round in a loop"
    names = [f"f{i}" for i in range(65)]
    for name in names:
        graph.add(name, "forward")
    refused("ELOOP", refusal, graph.bind, "f0", "f0")
    graph.chain(*names[:64])
    refused("ELOOP", refusal, graph.bind, "f0", "f63")
    refused("E2BIG", "packets could pass more than 64 blocks", graph.bind, "f64", "f63")
    refused("E2BIG", "packets could pass more than 64 blocks", graph.bind, "f0", "f64")
    equal(graph.get("f64").peers, {})


@case("a namespace has at most 1024 blocks")
def many():
    """The refused one leaves nothing behind."""
    graph = Graph()
    for number in range(1024):
        graph.add(f"f{number}", "forward")
    refused("ENOSPC", "too many blocks in the network namespace", graph.add, "more", "forward")
    equal(len(graph.list()), 1024)


@case("changes are told to listeners in the namespace")
def events():
    """Each with the block as it is then."""
    graph = Graph()
    with graph.ns:
        family = Family()
    defer(family.close)
    family.listen()
    graph.add("a", "forward")
    graph.add("b", "counter")
    graph.bind("b", "a")
    graph.replace("b")
    graph.unbind("b")
    graph.set("b")
    graph.remove("b")
    told = [(e.operation, e["name"]) for e in family.events(7)]
    equal(told, [("block-new-ntf", "a"), ("block-new-ntf", "b"), ("block-bind-ntf", "b"),
                 ("block-set-ntf", "b"), ("block-unbind-ntf", "b"), ("block-set-ntf", "b"),
                 ("block-del-ntf", "b")])


@case("blocks of another namespace, and without the right to it")
def rights():
    """Names are each namespace's own; descriptors must be right ones."""
    graph, other = Graph(), Graph(NetNS())
    graph.add("a", "forward")
    other.add("a", "counter")
    equal((graph.get("a")["kind"], other.get("a")["kind"]), ("forward", "counter"))
    message = "the file descriptor is not that of a network namespace"
    null = os.open("/dev/null", os.O_RDONLY)
    defer(os.close, null)
    for operation in ("block-new", "block-get", "block-set", "block-del", "block-bind",
                      "block-unbind", "block-replace"):
        for fd, error in ((999, "EBADF"), (null, "EINVAL")):
            try:
                graph.family.do(operation, {"netns-fd": fd})
            except NetlinkError as refusal:
                equal((refusal.name, refusal.text, refusal.path), (error, message, "netns-fd"))
            else:
                true(False, f"{operation} is refused")


run()

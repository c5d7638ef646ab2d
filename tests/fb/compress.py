#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `compress`."""

import os
import socket
import time

from vnettest.blocks import Graph
from vnettest.ktap import between, case, defer, equal, run, true
from vnettest.links import Link
from vnettest.programs import applications, through_tcp

PROTOCOL = 0x88B6   # not that of the frames


def line(**params):
    """A link with the block at both ends; (link, {end: graph})."""
    link, graphs = Link(), {}
    for end, ns in link.ns.items():
        graph = graphs[end] = Graph(ns)
        graph.add("dev", "eth", device=end)
        graph.add("zip", "compress", protocol=PROTOCOL, **params)
        graph.chain("dev:host:wire", "zip")
        graph.bind("dev:host", "zip")
    return link, graphs


@case("frames become shorter on the way, and are as they were at the end")
def frames():
    """Unless that is not possible."""
    link, graphs = line()
    sink = link.sink()
    sizes = [60, 61, 100, 1000, 1514] * 10
    sender = link.sender()
    for size in sizes:
        sender.send(size)
    got = sink.collect(len(sizes))
    equal([(a.number, a.size) for a in got], list(enumerate(sizes)))
    a, b = graphs["a"].get("zip"), graphs["b"].get("zip")
    equal((a.drops, b.drops, a.count("in"), b.count("out")), ({}, {}, 50, 50))
    between(a.params["compressed"], 30, 40, "the shortest ones cannot become shorter")
    equal(a.count("in", "bytes") - a.count("out", "bytes"), a.params["saved"])
    true(a.count("out", "bytes") < 5000, "zeros need no room")
    equal((b.count("in", "bytes"), b.count("out", "bytes")),
          (a.count("out", "bytes"), sum(sizes)))
    graphs["a"].replace("zip")
    equal(graphs["a"].get("zip").params, a.params, "replaced")
    graphs["a"].set("zip", send=0)
    sender.send(1000, 10)
    equal({a.size for a in sink.collect(10)}, {1000})
    equal(graphs["a"].get("zip").params["compressed"], a.params["compressed"], "they pass as they are")


@case("what is no more than noise passes as it is")
def noise():
    """And what is not what it says it is goes no further."""
    link, graphs = line()
    a, b = link.ip()
    socks = {}
    for end, address in (("a", a), ("b", b)):
        with link.ns[end]:
            socks[end] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        defer(socks[end].close)
        socks[end].bind((address, 7))
        socks[end].settimeout(20)
    for data in (os.urandom(1400), b"x" * 1400, os.urandom(700) + b"y" * 700, b""):
        socks["a"].sendto(data, (b, 7))
        equal(socks["b"].recv(2000), data)
    between(graphs["a"].get("zip").params["compressed"], 2, 2)
    header = b"\xff" * 6 + b"\x02\0\0\0\0\x09" + PROTOCOL.to_bytes(2, "big") + b"\6\0"
    with link.ns["a"]:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    defer(raw.close)
    raw.bind(("a", 0))
    before = graphs["b"].get("zip").count("in")
    wrong = [header + b"\x05\x00\x00\x20" + bytes(32),      # bytes that are no LZ4
             header + b"\x00\x10\xff\xff" + bytes(44),      # more than there are
             header + b"\xff\xff\x00\x02" + bytes(44)]      # too long
    graphs["a"].unbind(upper="dev")
    for frame in wrong:
        raw.send(frame)
    end = time.monotonic() + 20
    while (block := graphs["b"].get("zip")).count("in") < before + 3:
        true(time.monotonic() < end, "they came")
    equal(block.drops, {"malformed": 3})


@case("TCP, and datagrams of sockets")
def programs():
    """With less on the wire than was said."""
    link, graphs = line()
    data = b"the same again and again, " * 20000
    got = through_tcp(link, data)
    equal(got == data, True)
    true(graphs["a"].get("zip").params["saved"] > len(data) // 2)
    socks, _ = applications(Link(), ("compress", {"frames": 0}))
    for data in (b"", b"x", b"x" * 1400, bytes(1400)):
        socks["a"].send(data)
        equal(socks["b"].recv(2000), data)


run()

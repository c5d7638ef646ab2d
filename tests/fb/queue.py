#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `queue`."""

import socket
import struct
import time

from vnettest import packets
from vnettest.blocks import Graph
from vnettest.ktap import between, case, defer, equal, run, true
from vnettest.links import MBIT, SIMULATED, Link

SIZE = 125
SOL_PACKET, PACKET_VNET_HDR = 263, 15


def held(**params):
    """A link with a queue between wire and host of its end b."""
    link = Link()
    graph = Graph(link.ns["b"])
    graph.add("dev", "eth", device="b")
    graph.add("q", "queue", **params)
    graph.bind("q", "dev:wire")
    graph.bind("dev:host", "q")
    return link, graph


def until(graph, holds, what):
    """Waits until holds(queue) is true; the queue."""
    end = time.monotonic() + 20
    while not holds(block := graph.get("q")):
        true(time.monotonic() < end, what)
        time.sleep(0.002)
    return block


@case("a closed queue holds all packets, and lets them go in order")
def gate():
    """Each way has its own queue; what is held is told."""
    link, graph = held(open=0)
    sinks = link.sink("b"), link.sink("a")
    link.sender("a").send(SIZE, 300)
    link.sender("b").send(SIZE, 200)
    q = until(graph, lambda b: b.count("queued") == 500, "all wait")
    equal(q.count("queued", "bytes"), 500 * SIZE)
    graph.set("q", open=1)
    for sink, count in zip(sinks, (300, 200)):
        equal([a.number for a in sink.collect(count)], list(range(count)))
    q = graph.get("q")
    equal((q.count("queued"), q.count("out"), q.drops), (0, 500, {}))


@case("limits in packets and in bytes")
def limits():
    """What does not fit is dropped with the cause."""
    link, graph = held(open=0, packets=10)
    link.sender().send(SIZE, 15)
    equal(until(graph, lambda b: b.count("in") == 15, "all came").drops, {"queue-full": 5})
    link, graph = held(open=0, bytes=10 * SIZE)
    link.sender().send(SIZE, 15)
    equal(until(graph, lambda b: b.count("in") == 15, "all came").drops, {"queue-full": 5})


@case("what waits is charged to the instance", "queue", "pipe")
def charged(kind):
    """Beyond its limit packets are dropped; nothing is charged when they are gone."""
    link = Link()
    family, graph = link.family, Graph(link.ns["b"])
    params = {"open": 0} if kind == "queue" else {"delay": 100 * 10**9}
    graph.add("dev", "eth", device="b")
    graph.add("q", kind, **params)
    graph.bind("q", "dev:wire")
    graph.bind("dev:host", "q")
    instance = family.do("instance-new", {"netns-fd": link.ns["b"].fd, "max-frames": 10})["id"]
    link.sender().send(SIZE, 15)
    q = until(graph, lambda b: b.count("in") == 15, "all came")
    equal((q.count("queued"), q.drops), (10, {"limit": 5}))
    told = family.do("instance-get", id=instance)
    equal(told["frames"], 10)
    true(told["bytes"] >= 10 * SIZE)
    graph.replace("q", **params)
    equal(family.do("instance-get", id=instance)["frames"], 10, "replaced")
    graph.replace("q", state="drop", **params)
    equal(graph.get("q").drops, {"limit": 5, "removed": 10})
    told = family.do("instance-get", id=instance)
    equal((told["frames"], told["bytes"]), (0, 0))


@case("packets leave at the rate")
def rate():
    """1 ms a packet, exactly so in simulated time."""
    link, graph = held(rate=MBIT)
    sink = link.sink()
    link.sender().send(SIZE, 50)
    arrivals = sink.collect(50)
    equal([a.number for a in arrivals], list(range(50)))
    spread = arrivals[-1].at - arrivals[0].at
    between(spread, 48_900_000, 49_100_000 if SIMULATED else 2_000_000_000)
    equal(graph.get("q").count("queued"), 0)


@case("packets in a queue that is removed, or whose state is dropped")
def removal():
    """They are dropped as removed."""
    link, graph = held(open=0)
    link.sender().send(SIZE, 20)
    until(graph, lambda b: b.count("queued") == 20, "all wait")
    graph.replace("q")
    equal(graph.get("q").count("queued"), 20, "the state was handed over")
    graph.replace("q", state="drop", open=1)
    q = graph.get("q")
    equal((q.count("queued"), q.drops), (0, {"removed": 20}))
    graph.set("q", open=0)
    link.sender().send(SIZE, 20)
    until(graph, lambda b: b.count("queued") == 20, "all wait")
    graph.unbind(upper="q")
    graph.unbind(lower="q")
    sink = link.sink()
    graph.remove("q")
    equal(sorted(graph.list()), ["dev"])
    graph.add("q", "queue", open=1)
    equal(graph.get("q").count("in"), 0, "a new one of the name has counted nothing")
    graph.bind("q", "dev:wire")
    graph.bind("dev:host", "q")
    link.sender().send(SIZE, 5)
    equal([a.number for a in sink.collect(5)], list(range(5)), "what was held is gone")
    sink.silent(0.1)
    equal(graph.get("q").count("out"), 5)


@case("a super-packet outlives the device that received it")
def outlives():
    """It is taken apart when nobody knows that device any more."""
    link, graph = held(open=0)
    graph.unbind(upper="dev:host")
    graph.add("wire", "pipe", delay=1)
    graph.add("end", "discard")
    graph.chain("q", "wire", "end")
    with link.ns["a"]:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    defer(raw.close)
    raw.bind(("a", 0))
    raw.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    frame = packets.udp("02:00:00:00:00:01", "02:00:00:00:00:02", 7, payload=3000)
    # struct virtio_net_hdr: checksum needed, UDP_L4 segmentation, lengths of headers and segments, where the checksum is.
    raw.send(struct.pack("=BBHHHH", 1, 5, 42, 1000, 34, 6) + frame)
    until(graph, lambda b: b.count("queued") == 1, "it is held")
    link.delete()
    graph.set("q", open=1)
    end = time.monotonic() + 20
    while graph.get("end").count("consumed") < 3:
        true(time.monotonic() < end, "all its segments came")
    equal(graph.get("wire").drops, {})


run()

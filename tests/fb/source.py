#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The blocks `ratelimited-source`, `discard` and `tee`."""

import time

from vnettest.blocks import Graph
from vnettest.ktap import between, case, equal, run, true
from vnettest.links import Link, SIMULATED


def until(graph, name, holds, what, timeout=20):
    """Waits until holds(block) is true; the block."""
    end = time.monotonic() + timeout
    while not holds(block := graph.get(name)):
        true(time.monotonic() < end, what)
        time.sleep(0.002)
    return block


@case("a source makes as many frames as it is asked for")
def count():
    """All of them end in the sink."""
    graph = Graph()
    graph.add("sink", "discard")
    graph.add("src", "ratelimited-source", rate=0, count=1000, size=100)
    graph.bind("sink", "src")
    graph.set("src", rate=100000)
    sink = until(graph, "sink", lambda b: b.count("consumed") == 1000, "all frames come")
    equal((sink.count("in"), sink.count("in", "bytes")), (1000, 100000))
    src = graph.get("src")
    equal((src.count("generated"), src.count("out"), src.params["left"]), (1000, 1000, 0))
    graph.set("src", count=500)
    until(graph, "sink", lambda b: b.count("consumed") == 1500, "the new ones come")


@case("a source keeps its rate", 100, 20000)
def rate(wanted):
    """To the frame in simulated time; never more in real time."""
    graph = Graph()
    graph.add("sink", "discard")
    graph.add("src", "ratelimited-source", rate=0, burst=1024)
    graph.bind("sink", "src")
    begin = time.monotonic()
    graph.set("src", rate=wanted)
    time.sleep(0.5)
    count, end = graph.get("sink").count("in"), time.monotonic()
    # The first one comes at once, and the time in which it is read may bring one more.
    expected = (end - begin) * wanted
    between(count, expected - 2 - wanted * 25e-6 if SIMULATED else 1, expected + 1)
    graph.set("src", rate=0)
    before = graph.get("src").count("generated")
    time.sleep(0.05)
    equal(graph.get("src").count("generated"), before, "it has stopped")


@case("frames of a source are numbered, and go where they are sent")
def frames():
    """Out of a device, downwards."""
    link = Link()
    graph = Graph(link.ns["a"])
    sink = link.sink("b")
    graph.add("dev", "eth", device="a")
    graph.add("src", "ratelimited-source", rate=0, count=50, size=90,
              destination=b"\xff" * 6, source=b"\x02\0\0\0\0\x09")
    graph.bind("src:lower", "dev:wire")
    graph.set("src", rate=10000)
    arrivals = sink.collect(50)
    equal({a.size for a in arrivals}, {90})
    equal(graph.get("dev").count("consumed"), 50)


@case("what nobody takes is dropped as unbound")
def unbound():
    """And counted where it left."""
    graph = Graph()
    graph.add("src", "ratelimited-source", rate=0, count=10)
    graph.add("on", "forward")
    graph.bind("on", "src")
    graph.set("src", rate=10000)
    on = until(graph, "on", lambda b: b.count("in") == 10, "all frames come")
    equal(on.drops, {"unbound": 10})


@case("a tee copies what passes, each way as it is told")
def tee():
    """Copies come after their originals, and are frames like them."""
    graph = Graph()
    for name in ("main", "side"):
        graph.add(name, "discard")
    graph.add("tee", "tee")
    graph.add("src", "ratelimited-source", rate=0, count=100)
    graph.chain("src", "tee", "main")
    graph.bind("side", "tee:copy")
    graph.set("src", rate=100000)
    until(graph, "main", lambda b: b.count("consumed") == 100, "all frames come")
    block = graph.get("tee")
    equal((block.count("in"), block.count("generated"), block.count("out")), (100, 100, 200))
    equal(graph.get("side").count("in"), 100)
    graph.set("tee", upwards=0)
    graph.set("src", count=50)
    until(graph, "main", lambda b: b.count("consumed") == 150, "all frames come")
    equal(graph.get("side").count("in"), 100)


run()

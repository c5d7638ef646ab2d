#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The blocks `rate-limit`, `paint` and `check-paint`."""

import time

from vnettest.blocks import Graph
from vnettest.ktap import between, case, equal, run, true
from vnettest.links import MBIT, SIMULATED


def sources(graph, name, count, size=125):
    """A stopped source of so many frames."""
    graph.add(name, "ratelimited-source", rate=0, count=count, size=size)


def until(graph, name, holds, what):
    """Waits until holds(block) is true; the block."""
    end = time.monotonic() + 20
    while not holds(block := graph.get(name)):
        true(time.monotonic() < end, what)
        time.sleep(0.002)
    return block


@case("what is saved up passes")
def burst():
    """Without a rate exactly the burst; a replacement takes over how much of it is left."""
    graph = Graph()
    graph.add("sink", "discard")
    graph.add("limit", "rate-limit", rate=0, burst=10 * 125)
    sources(graph, "src", 100)
    graph.chain("src", "limit", "sink")
    graph.set("src", rate=100000)
    block = until(graph, "limit", lambda b: b.count("in") == 100, "all came")
    equal((block.count("out"), block.drops), (10, {"rate": 90}))
    graph.replace("limit")
    graph.set("src", count=20)
    block = until(graph, "limit", lambda b: b.count("in") == 120, "all came")
    equal((block.count("out"), block.drops), (10, {"rate": 110}), "nothing is left")
    graph.set("limit", rate=MBIT)
    time.sleep(0.05)
    graph.set("limit", rate=0)
    graph.set("src", count=30)
    block = until(graph, "limit", lambda b: b.count("in") == 150, "all came")
    equal(block.count("out"), 20, "10 were saved up again, and no more")
    graph.replace("limit", state="drop")
    graph.set("src", count=40)
    block = until(graph, "limit", lambda b: b.count("in") == 190, "all came")
    equal(block.count("out"), 30, "the new one begins with all")


@case("packets pass at the rate", 500_000, 4_000_000)
def rate(wanted):
    """What was saved up and what the rate is for the time, never more; exactly so in simulated time."""
    size, saved = 125, 10 * 125
    graph = Graph()
    graph.add("sink", "discard")
    graph.add("limit", "rate-limit", rate=wanted, burst=saved)
    graph.add("src", "ratelimited-source", rate=0, size=size)
    graph.chain("src", "limit", "sink")
    begin = time.monotonic()
    graph.set("src", rate=8000)     # 8 Mbit/s
    time.sleep(0.5)
    bits, end = 8 * graph.get("sink").count("in", "bytes"), time.monotonic()
    graph.set("src", rate=0)
    expected = (end - begin) * wanted + 8 * saved
    # One packet may be short of a few bits of its tokens, and one be about to come.
    between(bits, expected * 0.999 - 16 * size if SIMULATED else 8 * saved, expected)


@case("each way has its own rate")
def ways():
    """What passes upwards takes nothing from downwards."""
    graph = Graph()
    graph.add("top", "discard")
    graph.add("bottom", "discard")
    graph.add("limit", "rate-limit", rate=0, burst=10 * 125)
    sources(graph, "down", 20)
    graph.bind("down:lower", "limit")
    graph.bind("limit", "bottom")
    graph.set("down", rate=100000)
    until(graph, "limit", lambda b: b.count("in") == 20, "all came")
    graph.unbind(upper="down")
    graph.unbind(upper="limit")
    graph.bind("top", "limit")
    sources(graph, "up", 20)
    graph.bind("limit", "up")
    graph.set("up", rate=100000)
    block = until(graph, "limit", lambda b: b.count("in") == 40, "all came")
    between(block.count("out"), 20, 20)


@case("colours part packets")
def colours():
    """What was painted takes another way than what was not, or otherwise."""
    graph = Graph()
    for name in ("same", "other"):
        graph.add(name, "discard")
    graph.add("paint", "paint", colour=5)
    graph.add("check", "check-paint", colour=5)
    sources(graph, "src", 30)
    graph.chain("src", "paint", "check")
    graph.bind("same", "check:upper")
    graph.bind("other", "check:other")
    graph.set("src", rate=100000)
    until(graph, "check", lambda b: b.count("in") == 30, "all came")
    equal((graph.get("same").count("in"), graph.get("other").count("in")), (30, 0))
    graph.set("paint", colour=6)
    graph.set("src", count=20)
    until(graph, "check", lambda b: b.count("in") == 50, "all came")
    equal((graph.get("same").count("in"), graph.get("other").count("in")), (30, 20))


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The blocks `rate-limit`, `paint` and `check-paint`."""

import time

from vnettest.blocks import Graph
from vnettest.ktap import between, case, equal, run, true
from vnettest.links import MBIT


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


@case("what is saved up passes, and then what comes at the rate")
def limit():
    """Without a rate exactly the burst."""
    graph = Graph()
    graph.add("sink", "discard")
    graph.add("limit", "rate-limit", rate=0, burst=10 * 125)
    sources(graph, "src", 100)
    graph.chain("src", "limit", "sink")
    graph.set("src", rate=100000)
    block = until(graph, "limit", lambda b: b.count("in") == 100, "all came")
    equal((block.count("out"), block.drops), (10, {"rate": 90}))
    graph.set("limit", rate=MBIT, burst=10 * 125)
    time.sleep(0.05)
    graph.replace("limit")
    graph.set("src", count=10)
    block = until(graph, "limit", lambda b: b.count("in") == 110, "all came")
    equal(block.count("out"), 20, "10 were saved up again")


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

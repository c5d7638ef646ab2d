#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `fec`."""

import time

from vnettest.blocks import Graph
from vnettest.ktap import between, case, equal, run, true
from vnettest.links import SLOW, Link
from vnettest.netns import Child
from vnettest.programs import applications, through_tcp

SIZE = 100
TENTH = 10**18      # of a probability
PROTOCOL = 0x88B6   # not that of the frames


class Line:
    """A link with, at both ends, what loses frames below `fec`."""

    def __init__(self, wire=None, **params):
        self.link, self.graphs = Link(), {}
        for end, ns in self.link.ns.items():
            graph = self.graphs[end] = Graph(ns)
            graph.add("dev", "eth", device=end)
            graph.add("wire", "pipe", **(wire or {}))
            graph.add("fec", "fec", protocol=PROTOCOL, **params)
            graph.chain("dev:host:wire", "wire", "fec")
            graph.bind("dev:host", "fec")

    def fec(self, end):
        """The block of an end."""
        return self.graphs[end].get("fec")


def until(holds, what):
    """Waits until something holds."""
    end = time.monotonic() + 20
    while not holds():
        true(time.monotonic() < end, what)
        time.sleep(0.002)


@case("a wire that loses nothing", 1, 4, 32)
def clean(group):
    """Frames pass in order, and for each group there is one more."""
    line = Line(group=group, timeout=1000)
    sink = line.link.sink()
    line.link.sender().send(SIZE, 96)
    got = sink.collect(96)
    equal([a.number for a in got], list(range(96)))
    equal({a.size for a in got}, {SIZE})
    a, b = line.fec("a"), line.fec("b")
    equal((a.params["sums"], a.count("out"), a.drops), (96 // group, 96 + 96 // group, {}))
    equal((b.params["recovered"], b.params["again"], b.drops), (0, 0, {}))
    equal((b.count("out"), b.count("consumed")), (96, 96 // group))


@case("one of each group is recovered")
def recovers():
    """Frames of different lengths, as they were; two of a group are not."""
    line = Line(group=4, timeout=1000)
    sink, sender = line.link.sink(), line.link.sender()
    graph = line.graphs["b"]
    # With the last one the sum would be lost.
    for round_, lost in enumerate((0, 1, 2)):
        for place in range(4):
            if place == lost:
                line.graphs["a"].set("wire", loss=10 * TENTH)
            sender.send(SIZE + 7 * place)
            if place == lost:
                line.graphs["a"].set("wire", loss=0)
        got = sink.collect(4)
        equal(sorted(a.number for a in got), list(range(4 * round_, 4 * round_ + 4)))
        equal({a.number % 4: a.size for a in got}, {p: SIZE + 7 * p for p in range(4)})
    equal(graph.get("fec").params["recovered"], 3)
    for place in range(4):
        line.graphs["a"].set("wire", loss=10 * TENTH if place in (1, 2) else 0)
        sender.send(SIZE)
    equal([a.number for a in sink.collect(2)], [12, 15])
    sink.silent(0.05)


@case("a group that does not become full is ended in time")
def timeout():
    """And what was lost of it recovered."""
    line = Line(group=8, timeout=30)
    sink, sender = line.link.sink(), line.link.sender()
    sender.send(SIZE)
    line.graphs["a"].set("wire", loss=10 * TENTH)
    sender.send(2 * SIZE)
    line.graphs["a"].set("wire", loss=0)
    got = sink.collect(2)
    equal([(a.number, a.size) for a in got], [(0, SIZE), (1, 2 * SIZE)])
    equal((line.fec("a").params["sums"], line.fec("b").params["recovered"]), (1, 1))


@case("what is sent is protected or not, as is said meanwhile")
def live():
    """The other end understands both; what has begun is ended."""
    line = Line(group=4, timeout=20, send=0)
    sink, sender = line.link.sink(), line.link.sender()
    sender.send(SIZE, 5)
    line.graphs["a"].set("fec", send=1)
    sender.send(SIZE, 6)
    line.graphs["a"].set("fec", send=0)
    sender.send(SIZE, 5)
    equal([a.number for a in sink.collect(16)], list(range(16)))
    until(lambda: line.fec("a").params["sums"] == 2, "the second group is ended")
    until(lambda: line.fec("b").count("consumed") == 2, "and its sum came")
    equal((line.fec("a").drops, line.fec("b").drops), ({}, {}))


@case("another type takes its place")
def converted():
    """A group that has begun is ended before."""
    line = Line(group=10, timeout=10000)
    sink = line.link.sink()
    line.link.sender().send(SIZE, 3)
    line.graphs["a"].replace("fec", "forward")
    line.link.sender().send(SIZE, 3)
    equal(len(sink.collect(6)), 6)
    until(lambda: line.fec("b").count("in") == 7, "the sum of three came")


@case("random losses")
def random_losses():
    """With p = 0.1 and groups of four most of them are recovered; none comes twice."""
    count = 1000 if SLOW else 4000
    line = Line(wire={"loss": TENTH, "seed": 11}, group=4)
    sink = line.link.sink()
    child = Child(lambda: line.link.sender().send(SIZE, count))
    child.result()
    until(lambda: line.fec("b").count("in") + sum(line.graphs["a"].get("wire").drops.values())
          + sum(line.graphs["b"].get("wire").drops.values()) >= line.fec("a").count("out"), "all came")
    numbers = [a.number for a in sink.collect(line.fec("b").count("out"))]
    equal(len(set(numbers)), len(numbers))
    # A frame is lost for good if it is lost at the link's two pipes and one more of its group is:
    # of each way 1 - 0.9 ^ 2 = 0.19 are lost, 0.19 * (1 - 0.81 ^ 4) = 0.108 stay so.
    between(1 - len(numbers) / count, 0.06, 0.16)
    true(line.fec("b").params["recovered"] > count // 25, "many were recovered")


@case("TCP, and datagrams of sockets")
def programs():
    """Checksums are right in what was recovered, too."""
    line = Line(wire={"loss": TENTH // 4, "seed": 3}, group=4)
    data = bytes(range(256)) * 400
    equal(through_tcp(line.link, data, mtu=1460) == data, True)
    socks, graphs = applications(Link(), ("fec", {"frames": 0, "group": 2, "timeout": 1000}),
                                 below=("pipe", {}))
    graphs["a"].set("pipe", loss=10 * TENTH)
    socks["a"].send(b"lost")
    graphs["a"].set("pipe", loss=0)
    socks["a"].send(b"and found")
    equal({socks["b"].recv(100), socks["b"].recv(100)}, {b"lost", b"and found"})


run()

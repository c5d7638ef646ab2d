#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `arq`."""

import os
import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import between, case, equal, run, true
from vnettest.links import MS, SLOW, Link
from vnettest.netns import Child
from vnettest.programs import applications, through_tcp

SIZE = 100
TENTH = 10**18      # of a probability
PROTOCOL = 0x88B6   # not that of the frames
ONE_PEER = "02:00:00:00:00:0b"


class Line:
    """A link with, at both ends, what spoils frames below `arq`."""

    def __init__(self, kind="arq", wire=None, **params):
        self.link, self.graphs = Link(), {}
        if kind == "arq":
            params = {"protocol": PROTOCOL, **params}
        for end, ns in self.link.ns.items():
            graph = self.graphs[end] = Graph(ns)
            graph.add("dev", "eth", device=end)
            graph.add("wire", "pipe", **(wire or {}))
            graph.add("arq", kind, **params)
            graph.chain("dev:host:wire", "wire", "arq")
            graph.bind("dev:host", "arq")

    def sender(self, end="a", target=ONE_PEER):
        """Sends to one."""
        return self.link.sender(end, target=target)

    def arq(self, end):
        """The block of an end."""
        return self.graphs[end].get("arq")

    def quiet(self, end="a"):
        """Waits until nothing waits to be acknowledged; the block."""
        limit = time.monotonic() + 30
        while (block := self.arq(end)).count("queued"):
            true(time.monotonic() < limit, "all are acknowledged")
            time.sleep(0.005)
        return block


@case("a wire that loses nothing")
def clean():
    """Each packet is sent once and acknowledged once."""
    line = Line()
    sink = line.link.sink()
    line.sender().send(SIZE, 300)
    equal([a.number for a in sink.collect(300)], list(range(300)))
    block = line.quiet()
    told = block.params
    equal((told["sent"], told["again"], told["given-up"]), (300, 0, 0))
    # What came in and was acknowledged, and the acknowledgements, have reached their aim.
    equal((block.count("in"), block.count("out"), block.count("consumed"), block.drops),
          (600, 300, 600, {}))
    other = line.arq("b")
    equal((other.params["sent"], other.params["useless"], other.drops), (0, 0, {}))
    equal((other.count("in"), other.count("consumed"), other.count("out")), (300, 300, 600))


@case("frames that are lost, doubled and overtaken arrive once and in order", "both ways", "one way")
def spoilt(ways):
    """As long as one of some tries arrives."""
    count = 150 if SLOW else 400
    line = Line(wire={"loss": 2 * TENTH, "duplicate": TENTH, "delay": MS, "jitter": MS // 2,
                      "distribution": 0, "free": 1, "seed": 5}, timeout=10, tries=30)
    ends = "ab" if ways == "both ways" else "a"
    sinks = {end: line.link.sink("b" if end == "a" else "a") for end in ends}

    def send(sender):
        for _ in range(count):
            sender.send(SIZE)
            time.sleep(0.0002)

    children = [Child(send, line.sender(end)) for end in ends]
    for end in ends:
        got = sinks[end].collect(count, 40)
        equal([a.number for a in got], list(range(count)))
        equal({a.size for a in got}, {SIZE})
    for child in children:
        child.result()
    for end in ends:
        block = line.quiet(end)
        equal((block.params["sent"], block.params["given-up"]), (count, 0))
        true(block.params["again"] > 0, "some were sent again")
        sinks[end].silent(0.1)


@case("nobody answers")
def alone():
    """After so many tries packets are lost; meanwhile others wait, and no more than may."""
    line = Line(timeout=50, tries=3, window=4, queue=10)
    line.graphs["b"].unbind(upper="wire")
    line.sender().send(SIZE, 20)
    block = line.arq("a")
    equal(block.drops.get("queue-full"), 6)
    block = line.quiet()
    equal((block.drops, block.params["given-up"], block.params["again"]),
          ({"queue-full": 6, "lost": 14}, 14, 28))
    # Whoever listens later hears what comes then.
    line.graphs["b"].bind("wire", "dev:wire")
    sink = line.link.sink()
    line.sender().send(SIZE, 5)
    equal([a.number for a in sink.collect(5)], list(range(5)))


@case("frames for many are not numbered")
def many():
    """Nobody could say whether all of them got it."""
    line = Line()
    sink = line.link.sink()
    line.sender(target="ff:ff:ff:ff:ff:ff").send(SIZE, 10)
    equal(len(sink.collect(10)), 10)
    block = line.arq("a")
    equal((block.params["sent"], block.count("out")), (0, 10))


@case("the stack changes under a flow")
def switched():
    """Between `forward` and `arq`, at one end after the other; all arrive, once and in order."""
    rounds = 5
    line = Line(kind="forward")
    sink = line.link.sink()
    count = 200 * rounds
    sender = line.sender()

    def send():
        for _ in range(count):
            sender.send(SIZE)
            time.sleep(0.0005)

    child = Child(send)
    for _ in range(rounds):
        for end in "ba":
            line.graphs[end].replace("arq", "arq", timeout=5, protocol=PROTOCOL)
        time.sleep(0.02)
        line.graphs["a"].replace("arq")
        line.graphs["b"].replace("arq")
        time.sleep(0.02)
        for end in "ab":
            line.graphs[end].replace("arq", "forward", state="drop")
    child.result()
    numbers = [a.number for a in sink.collect(count, 30)]
    equal(numbers, list(range(count)))
    sink.silent(0.1)


@case("what is sent gets numbers or not, as is said meanwhile")
def live():
    """Both ends understand it either way; all arrive, once and in order, over a wire that loses none."""
    count = 400
    line = Line(send=0, wire={"delay": MS}, timeout=1000)
    sink = line.link.sink()
    sender = line.sender()

    def send():
        for _ in range(count):
            sender.send(SIZE)
            time.sleep(0.0005)

    child = Child(send)
    for _ in range(10):
        for number in (1, 0):
            time.sleep(0.01)
            line.graphs["a"].set("arq", send=number)
    child.result()
    equal([a.number for a in sink.collect(count, 30)], list(range(count)))
    block = line.quiet()
    between(block.params["sent"], 1, count - 1)
    equal((block.params["given-up"], block.drops), (0, {}))


@case("what waits for those before it is not overtaken on its way out")
def drained():
    """It goes out on one processor, which takes its time, while another one sends."""
    count = 2000 if SLOW else 6000
    line = Line(send=0, timeout=1000, wire={"delay": MS})
    for graph in line.graphs.values():
        graph.add("zip", "compress", protocol=PROTOCOL + 1)
        graph.unbind(upper="arq")
        graph.chain("wire", "zip", "arq")
    sink = line.link.sink()
    sender = line.sender()

    def send():
        processors = sorted(os.sched_getaffinity(0))
        for begin in range(0, count, 20):
            # What is sent from here on is acknowledged where it is sent from, what waits elsewhere.
            os.sched_setaffinity(0, {processors[begin // 20 % len(processors)]})
            for _ in range(20):
                sender.send(1000)
                time.sleep(0.0001)

    child = Child(send)
    for _ in range(count // 40):
        for number in (1, 0):
            time.sleep(0.003)
            line.graphs["a"].set("arq", send=number)
    child.result()
    equal([a.number for a in sink.collect(count, 30)], list(range(count)))


@case("what cannot overtake waits until it need not")
def waits():
    """Without numbers, as all before it have arrived."""
    line = Line(timeout=20, tries=30)
    sink = line.link.sink()
    line.graphs["a"].set("wire", loss=10 * TENTH)
    line.sender().send(SIZE, 5)
    line.graphs["a"].set("arq", send=0)
    sender = line.sender()
    sender.send(SIZE + 1, 5)
    block = line.arq("a")
    equal((block.count("queued"), block.params["sent"]), (10, 5))
    sink.silent(0.02)
    line.graphs["a"].set("wire", loss=0)
    equal([(a.number, a.size) for a in sink.collect(10)],
          [(n, SIZE) for n in range(5)] + [(n, SIZE + 1) for n in range(5)])
    block = line.quiet()
    equal((block.params["sent"], block.drops), (5, {}))
    sender.send(SIZE, 3)
    equal(len(sink.collect(3)), 3)
    equal(line.arq("a").params["sent"], 5)


@case("another type takes its place when all is acknowledged")
def converted():
    """Not before; what comes then is sent as it is."""
    line = Line(timeout=20, tries=100)
    sink, sender = line.link.sink(), line.sender()
    line.graphs["a"].set("wire", loss=10 * TENTH)
    sender.send(SIZE, 5)
    refused("EAGAIN", "the block holds packets that it cannot let go yet; again later, or say state drop",
            line.graphs["a"].replace, "arq", "forward")
    sender.send(SIZE, 5)
    line.graphs["a"].set("wire", loss=0)
    equal([a.number for a in sink.collect(10)], list(range(10)), "it went on as it was")
    line.quiet()
    line.graphs["a"].replace("arq", "forward")
    sender.send(SIZE, 5)
    equal([a.number for a in sink.collect(5)], list(range(10, 15)))


@case("others' messages pass")
def above():
    """Frames for many are not numbered, but `compress` above has made them shorter."""
    line = Line()
    for end, graph in line.graphs.items():
        graph.unbind(upper="dev:host")
        graph.add("zip", "compress", protocol=PROTOCOL)
        graph.chain("arq", "zip", "dev:host")
    sink = line.link.sink()
    line.sender(target="ff:ff:ff:ff:ff:ff").send(1000, 10)
    equal([(a.number, a.size) for a in sink.collect(10)], [(n, 1000) for n in range(10)])
    equal((line.graphs["a"].get("zip").params["compressed"], line.arq("b").drops), (10, {}))


@case("programs talk over a bad wire")
def programs():
    """Datagrams of sockets, and TCP."""
    line = Line(wire={"loss": 2 * TENTH, "seed": 3}, timeout=10, tries=30)
    data = bytes(range(256)) * 400
    got = through_tcp(line.link, data, mtu=1480)
    equal(len(got), len(data))
    equal(got == data, True)
    socks, _ = applications(Link(), ("arq", {"frames": 0, "timeout": 10, "tries": 30}),
                            below=("pipe", {"loss": 2 * TENTH, "seed": 4}))
    for number in range(60):
        socks["a"].send(b"%d" % number)
        socks["b"].send(b"-%d" % number)
    for number in range(60):
        equal(socks["b"].recv(100), b"%d" % number)
        equal(socks["a"].recv(100), b"-%d" % number)


@case("a packet is sent again when its time has come")
def times():
    """After the time limit, and twice as long each further time."""
    line = Line(timeout=20, tries=4)
    line.graphs["b"].unbind(upper="wire")
    begin = time.monotonic()
    line.sender().send(SIZE)
    block = line.quiet()
    took = time.monotonic() - begin
    equal((block.params["again"], block.drops), (3, {"lost": 1}))
    # 20, 40, 80 and 160 ms
    between(took, 0.299, 5)


run()

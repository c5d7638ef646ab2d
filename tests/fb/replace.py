#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A block is replaced while packets pass: nothing is lost, nothing overtakes."""

import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import case, equal, run, true
from vnettest.links import MBIT, SLOW, Link
from vnettest.netns import Child

TIMES = 200 if SLOW else 1000
SIZE = 60


def flow(link, count):
    """A child that sends numbered frames, a little at a time."""
    sender = link.sender()

    def send():
        for _ in range(count):
            sender.send(SIZE)

    return Child(send)


def chain(*middle):
    """A link whose end b has a chain from wire to host through blocks of these types."""
    link = Link()
    graph = Graph(link.ns["b"])
    graph.add("dev", "eth", device="b")
    names = []
    for number, kind in enumerate(middle):
        names.append(f"m{number}")
        graph.add(names[-1], kind)
    graph.chain("dev:host:wire", *names)
    graph.bind("dev:host", names[-1])
    return link, graph, names


@case("replaced under a flow", "forward", "counter", "queue", "tee", "eth")
def under_flow(kind):
    """A thousand times; every frame arrives, and in order, and is counted once everywhere."""
    link, graph, _ = chain("forward", "counter" if kind == "eth" else kind, "forward")
    count = 4 * TIMES
    if kind == "queue":     # some wait when it is replaced
        graph.set("m1", rate=40 * MBIT, packets=count)
    elif kind == "tee":
        graph.add("side", "discard")
        graph.bind("side", "m1:copy")
    sink = link.sink()
    child = flow(link, count)
    name = "dev" if kind == "eth" else "m1"
    for _ in range(TIMES):
        graph.replace(name)
    child.result()
    equal([a.number for a in sink.collect(count, 60)], list(range(count)))
    blocks = graph.list()
    block = blocks[name]
    equal((block["kind"], block.drops, block.count("queued")), (kind, {}, 0))
    for passed in ("m0", "m1", "m2"):
        copies = count if (passed, kind) == ("m1", "tee") else 0
        block = blocks[passed]
        equal((block.count("in"), block.count("out"), block.count("generated")),
              (count, count + copies, copies), passed)
    equal((blocks["dev"].count("generated"), blocks["dev"].count("consumed")), (count, count))
    if kind == "counter":
        equal(blocks["m1"].params["up-packets"], count, "the state was handed over")
    elif kind == "tee":
        equal(blocks["side"].count("consumed"), count, "each was copied once")


@case("replaced by other types under a flow")
def other_types():
    """Forward, tee, counter and back: bindings stay, and all packets arrive."""
    link, graph, _ = chain("forward")
    sink = link.sink()
    count = 4 * TIMES
    child = flow(link, count)
    for turn in range(TIMES):
        kind = ("tee", "counter", "forward")[turn % 3]
        graph.replace("m0", kind, state="drop" if kind == "forward" else None)
    child.result()
    equal([a.number for a in sink.collect(count, 60)], list(range(count)))
    equal(graph.get("m0").peers, {"lower": ("dev", "wire"), "upper": ("dev", "host")})
    equal(graph.get("m0").count("in"), count, "counters stay with the name")


# Each with parameters by which it holds everything, and something.
HOLDS = {"queue": ({"open": 0}, {"rate": 30 * MBIT}), "pipe": ({"delay": 10**11}, {"rate": 60 * MBIT, "delay": 10**6})}
LIMITS = {"queue": "packets", "pipe": "queue-packets"}


@case("a block is replaced by another type while it holds packets", *HOLDS)
def conversion(kind):
    """They go on, in order and before what comes meanwhile."""
    held, flowing = HOLDS[kind]
    link, graph, _ = chain(kind)
    graph.set("m0", **held)
    sink, sender = link.sink(), link.sender()
    sender.send(SIZE, 200)
    end = time.monotonic() + 20
    while graph.get("m0").count("queued") < 200:
        true(time.monotonic() < end, "all wait")
    graph.replace("m0", "forward")
    sender.send(SIZE, 10)
    equal([a.number for a in sink.collect(210)], list(range(210)))
    block = graph.get("m0")
    equal((block.count("queued"), block.count("out"), block.drops), (0, 210, {}))
    count = 4 * TIMES
    child = flow(link, count)
    for turn in range(TIMES // 2):
        graph.replace("m0", kind, **flowing, **{LIMITS[kind]: count})
        graph.replace("m0", "counter" if turn % 2 else "tee")
        if turn % 2:
            graph.replace("m0", "forward", state="drop")
    child.result()
    equal([a.number for a in sink.collect(count, 60)], list(range(count)))
    equal(graph.get("m0").drops, {})


@case("bound and unbound under a flow")
def rebinding():
    """What the chain has no way for is dropped as unbound; all else arrives once, in order."""
    link, graph, _ = chain("forward")
    sink = link.sink()
    count = 4 * TIMES
    child = flow(link, count)
    for _ in range(TIMES // 4):
        graph.unbind("dev:host", "m0")
        graph.bind("dev:host", "m0")
    child.result()
    link.settled()
    link.sender().send(SIZE, 10)
    blocks = graph.list()
    lost = blocks["m0"].drops.get("unbound", 0)
    equal((blocks["m0"].drops, blocks["dev"].drops), ({"unbound": lost} if lost else {}, {}))
    numbers = [a.number for a in sink.collect(count - lost + 10, 60)]
    equal(numbers[-10:], list(range(10)), "bound again, it loses nothing")
    numbers = numbers[:-10]
    equal(numbers, sorted(set(numbers)), "nothing overtakes, nothing comes twice")
    sink.silent(0.1)


@case("parameters are kept or given")
def parameters():
    """With the type; another type begins with its defaults."""
    graph = Graph()
    graph.add("q", "queue", packets=7, rate=1000)
    graph.replace("q", rate=2000)
    got = graph.get("q").params
    equal((got["packets"], got["rate"]), (7, 2000))
    graph.replace("q", "forward", state="drop")
    graph.replace("q", "queue")
    equal(graph.get("q").params["packets"], 1000)
    graph.add("s", "hash", ports=3)
    graph.replace("s", ports=5)
    equal(len(graph.get("s")["port"]), 6)


@case("what cannot be replaced")
def refusals():
    """And stays as it is."""
    graph = Graph()
    graph.add("c", "counter")
    graph.add("t", "tee")
    graph.add("f", "forward")
    graph.bind("f", "t:copy")
    before = graph.list()
    refused("EOPNOTSUPP", "the state cannot be handed over to this type; say state drop",
            graph.replace, "c", "forward", path="kind")
    refused("EBUSY", "the block is bound by a port that the new one does not have",
            graph.replace, "t", "forward", path="kind")
    refused("EINVAL", "a block of this type needs the parameter device", graph.replace, "f", "eth")
    equal(graph.list(), before)
    graph.add("src", "ratelimited-source", rate=0)
    graph.add("mid", "forward")
    graph.add("top", "discard")
    graph.bind("mid", "src")
    graph.bind("top", "mid")
    before = graph.list()
    refused("EBUSY", "the block is bound by a port that the new one does not have",
            graph.replace, "mid", "eth", device="lo")
    equal(graph.list(), before)


run()

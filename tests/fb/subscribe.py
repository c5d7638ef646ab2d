#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Subscriptions: blocks that wait while others have no carrier or are congested."""

import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import between, case, equal, run, true
from vnettest.links import Link
from vnettest.netns import NetNS
from vnettest.types import EXAMPLES, example_device, whole_types
from vnettest.ynl import Family

SIZE = 125


def until(graph, name, holds, what):
    """Waits until holds(block) is true; the block."""
    end = time.monotonic() + 20
    while not holds(block := graph.get(name)):
        true(time.monotonic() < end, what)
        time.sleep(0.002)
    return block


def paused(graph, name, value=1):
    """Waits until a block says that it waits, or that it does not."""
    return until(graph, name, lambda b: b.params["paused"] == value, f"{name} has paused {value}")


def device():
    """A namespace with the device d0, and an eth block on it that has carrier."""
    ns = NetNS()
    example_device(ns)
    ns.up("d0")
    graph = Graph(ns)
    graph.add("dev", "eth", device="d0")
    return graph


@case("a source makes nothing while there is no carrier")
def source_and_carrier():
    """It goes on when the device does; also a subscription that begins and ends meanwhile counts at once."""
    graph = device()
    graph.add("src", "ratelimited-source", rate=2000)
    graph.add("sink", "discard")
    graph.bind("sink", "src")
    graph.subscribe("src", "dev")
    until(graph, "sink", lambda b: b.count("in") > 5, "frames come")
    graph.ns.run("ip link set dev d0 down")
    count = paused(graph, "src").count("generated")
    time.sleep(0.05)
    equal(graph.get("src").count("generated"), count)
    graph.unsubscribe("src", "dev")
    equal(graph.get("src").params["paused"], 0)
    until(graph, "src", lambda b: b.count("generated") > count, "goes on without")
    graph.subscribe("src", "dev")
    count = graph.get("src")
    equal(count.params["paused"], 1)
    graph.ns.up("d0")
    until(graph, "src", lambda b: b.count("generated") > count.count("generated"), "goes on with carrier")
    graph.ns.run("ip link del d0")
    paused(graph, "src")


@case("carrier of a virtual device")
def virtual():
    """It is up or not."""
    graph = Graph(NetNS())
    graph.add("v", "vlink", device="v0")
    graph.add("src", "ratelimited-source", rate=1000)
    graph.subscribe("src", "v")
    equal(graph.get("src").params["paused"], 1)
    graph.ns.up("v0")
    paused(graph, "src", 0)
    graph.ns.run("ip link set dev v0 down")
    paused(graph, "src")


CONGESTED = {
    "queue": {"open": 0, "packets": 40},
    "pipe": {"rate": 10**6, "queue-packets": 40},
    "rate-limit": {"rate": 10**6, "burst": 20 * SIZE},
}


@case("a source waits while what is behind it is congested", *CONGESTED)
def congestion(kind):
    """Nothing is lost, as it would be otherwise."""
    graph = Graph(NetNS())
    graph.add("src", "ratelimited-source", rate=20000, burst=4, size=SIZE)
    graph.add("c", kind, **CONGESTED[kind])
    graph.add("sink", "discard")
    graph.subscribe("src", "c")
    graph.bind("sink", "c")
    graph.bind("c", "src")
    paused(graph, "src")
    if kind == "queue":
        # A burst that has begun is finished.
        between(graph.get("c").count("queued"), 30, 33, "three quarters of 40")
        graph.set("c", open=1)
    paused(graph, "src", 0)
    until(graph, "c", lambda b: b.count("out") > 100, "most get through")
    equal(graph.get("c").drops, {})
    if kind == "queue":
        # A limit that changes is a watermark that changes.
        graph.set("c", open=0, packets=1000)
        until(graph, "c", lambda b: b.count("queued") >= 750, "it fills")
        paused(graph, "src")
        graph.set("c", packets=10000)
        paused(graph, "src", 0)


@case("a queue waits for carrier, and its source for the queue")
def chain_of_waits():
    """All frames arrive in order after the device was down."""
    graph = device()
    graph.add("q", "queue", packets=40)
    graph.add("src", "ratelimited-source", rate=5000, burst=4)
    graph.bind("q", "dev:wire")
    graph.bind("src", "q")
    graph.subscribe("q", "dev")
    graph.subscribe("src", "q")
    until(graph, "dev", lambda b: b.count("consumed") > 5, "they are sent")
    graph.ns.run("ip link set dev d0 down")
    paused(graph, "q")
    paused(graph, "src")
    sent = graph.get("dev")
    between(graph.get("q").count("queued"), 30, 33, "three quarters of 40")
    graph.ns.up("d0")
    paused(graph, "src", 0)
    until(graph, "dev", lambda b: b.count("consumed") >= sent.count("consumed") + 100, "they go on")
    equal(graph.get("q").drops, {})


@case("a queue in front of a slower line loses nothing")
def backpressure():
    """It is closed while the pipe below it is congested."""
    graph = Graph(NetNS())
    graph.add("src", "ratelimited-source", rate=0, burst=4, size=SIZE)
    graph.add("q", "queue", packets=1000)
    graph.add("p", "pipe", rate=10**7, **{"queue-packets": 8})
    graph.add("sink", "discard")
    graph.subscribe("q", "p")
    for lower, upper in (("src", "q"), ("q", "p"), ("p", "sink")):
        graph.bind(upper, lower)
    graph.set("src", rate=20000, count=200)
    until(graph, "sink", lambda b: b.count("in") == 200, "all arrive")
    equal((graph.get("q").drops, graph.get("p").drops), ({}, {}))


@case("arq does not give up what there is no carrier for")
def arq():
    """Tries are not used up; then all arrive once."""
    link = Link()
    graphs = {end: Graph(link.ns[end]) for end in "ab"}
    for end, graph in graphs.items():
        graph.add("dev", "eth", device=end)
        graph.add("arq", "arq", timeout=5, tries=2, queue=1000, protocol=0x88B6)
        graph.chain("dev:host:wire", "arq", "dev:host")
    graphs["a"].subscribe("arq", "dev")
    link.set({"connected": 0})
    paused(graphs["a"], "arq")
    sink = link.sink()
    link.sender(target="02:00:00:00:00:0b").send(SIZE, 100)
    time.sleep(0.1)
    told = graphs["a"].get("arq")
    equal((told.count("queued"), told.params["sent"], told.params["given-up"], told.drops), (100, 0, 0, {}))
    # An answer takes longer than 10 ms where the machine has other things to do.
    for graph in graphs.values():
        graph.set("arq", timeout=1000, tries=10)
    link.set({"connected": 1})
    equal([a.number for a in sink.collect(100)], list(range(100)))
    equal(graphs["a"].get("arq").params["given-up"], 0)


@case("what makes no sense is refused")
def refusals():
    """With the reason."""
    graph = device()
    for name, kind in (("q", "queue"), ("r", "queue"), ("f", "forward"), ("a", "arq")):
        graph.add(name, kind)
    refused("EINVAL", "a block is not subscribed to itself", graph.subscribe, "q", "q")
    refused("EOPNOTSUPP", "this block raises no events", graph.subscribe, "q", "f")
    refused("EOPNOTSUPP", "the block takes no events", graph.subscribe, "f", "q")
    refused("EOPNOTSUPP", "the block takes none of the events that this one raises", graph.subscribe, "a", "q")
    refused("ENOENT", "there is no such block", graph.subscribe, "q", "x", path="publisher")
    refused("ENOENT", "there is no such block", graph.subscribe, "x", "q", path="name")
    refused("ENOTCONN", "the block is not subscribed to this one", graph.unsubscribe, "q", "r", path="publisher")
    refused("EINVAL", "a subscription needs a publisher", graph.subscribe, "q", None)
    graph.subscribe("q", "dev")
    refused("EEXIST", "the block is subscribed to this one already", graph.subscribe, "q", "dev")
    graph.subscribe("r", "q")
    refused("ELOOP", "blocks would wait for each other", graph.subscribe, "q", "r")
    refused("EBUSY", "the block is subscribed to another one", graph.remove, "q", path="name")
    refused("EBUSY", "the block has subscribers", graph.remove, "dev", path="name")
    equal({n: b.publishers for n, b in graph.list().items() if b.publishers}, {"q": ["dev"], "r": ["q"]})
    other = Graph(NetNS())
    other.add("o", "queue")
    refused("ENOENT", "there is no such block", other.subscribe, "o", "dev")
    for number in range(64):
        graph.add(f"n{number}", "queue")
        graph.subscribe(f"n{number}", "a")
    refused("ENOSPC", "a block has at most 64 subscriptions and 64 subscribers", graph.subscribe, "q", "a")
    # All goes with the namespace, whoever is subscribed to whom.
    graph.ns.close()


@case("a replacement of either end keeps what fits")
def replaced():
    """It knows at once what holds; what does not fit is refused, or dropped if one says so."""
    graph = device()
    graph.add("src", "ratelimited-source", rate=1000)
    graph.add("q", "queue", open=0, packets=40)
    graph.bind("q", "src")
    graph.subscribe("src", "q")
    paused(graph, "src")
    for state in (None, "drop"):
        graph.replace("src", state=state, rate=1000)
        equal(graph.get("src").params["paused"], 1, f"the new source, {state}")
    graph.replace("q")
    equal(graph.get("src").params["paused"], 1, "the state of the queue was handed over")
    graph.replace("q", state="drop", open=1)
    equal(graph.get("src").params["paused"], 0, "the new queue is empty")
    graph.replace("q", "rate-limit", "drop")
    equal(graph.get("src").publishers, ["q"])
    refused("EOPNOTSUPP", "a subscription does not go with this type; say state drop",
            graph.replace, "q", "forward")
    graph.replace("q", "queue", "drop", open=0, packets=40)
    paused(graph, "src")
    graph.replace("q", "forward", "drop")
    block = graph.get("src")
    equal((block.publishers, block.params["paused"]), ([], 0))
    graph.subscribe("src", "dev")
    graph.replace("src", "queue", "drop")
    equal(graph.get("src").publishers, ["dev"])
    graph.replace("src", "discard", "drop")
    equal(graph.get("src").publishers, [])
    graph.remove("dev")


@case("subscriptions are told, and told of")
def told():
    """To listeners in the namespace, with what is left."""
    graph = device()
    graph.add("q", "queue")
    with graph.ns:
        listener = Family()
    listener.listen()
    graph.subscribe("q", "dev")
    graph.unsubscribe("q", "dev")
    graph.subscribe("q", "dev")
    graph.replace("dev", "discard", "drop")
    seen = [(e.operation, e["name"], [s["publisher"] for s in e.get("subscription", [])])
            for e in listener.events(5)]
    equal(seen, [("block-subscribe-ntf", "q", ["dev"]), ("block-unsubscribe-ntf", "q", []),
                 ("block-subscribe-ntf", "q", ["dev"]), ("block-set-ntf", "dev", []),
                 ("block-unsubscribe-ntf", "q", [])])
    events = {name: [(e["event"], e["raised"]) for e in kind.get("event", [])]
              for name, kind in whole_types().items()}
    equal(events["eth"], [("carrier", 1)])
    equal(events["ratelimited-source"], [("carrier", 0), ("congestion", 0)])
    equal(sorted(events), sorted(EXAMPLES))


run()

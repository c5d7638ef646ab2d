#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `pipe`: the link model within a chain."""

import select
import socket
import threading
import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import between, case, defer, equal, run, true
from vnettest.links import MBIT, MS, SIMULATED, Link
from vnettest.model import ONE

SIZE = 101      # and 24 bytes of overhead: 1000 bits


def behind(link=None, **params):
    """A link with a pipe between wire and host of its end b."""
    link = link or Link()
    graph = Graph(link.ns["b"])
    graph.add("dev", "eth", device="b")
    graph.add("p", "pipe", **params)
    graph.bind("p", "dev:wire")
    graph.bind("dev:host", "p")
    return link, graph


def until(graph, holds, what):
    """Waits until holds(pipe) is true; the pipe."""
    end = time.monotonic() + 20
    while not holds(block := graph.get("p")):
        true(time.monotonic() < end, what)
        time.sleep(0.002)
    return block


@case("without parameters a pipe is no obstacle")
def unshaped():
    """Nothing ever waits in it."""
    link, graph = behind()
    sinks = link.sink("b"), link.sink("a")
    link.sender("a").send(SIZE, 200)
    link.sender("b").send(SIZE, 100)
    for sink, count in zip(sinks, (200, 100)):
        equal([a.number for a in sink.collect(count)], list(range(count)))
    block = graph.get("p")
    equal((block.count("in"), block.count("out"), block.count("queued")), (300, 300, 0))


@case("rate and delay, each way by itself")
def shaped():
    """Exact in simulated time, and never early."""
    link, graph = behind(rate=MBIT, delay=20 * MS)
    sinks = link.sink("b"), link.sink("a")
    link.sender("a").send(SIZE, 50)
    link.sender("b").send(SIZE, 50)
    for sink in sinks:
        arrivals = sink.collect(50)
        equal([a.number for a in arrivals], list(range(50)))
        first = arrivals[0].at
        for arrival in arrivals:
            passed = arrival.at - first
            low = arrival.number * MS - (50000 if SIMULATED else 20 * MS)
            between(passed, low, arrival.number * MS + 50000 if SIMULATED else 10**10)
        true(arrivals[0].at - arrivals[0].sent >= 21 * MS, "the first one has its delay")
    equal(graph.get("p").count("queued"), 0)


@case("the same seed decides as a link does")
def decisions():
    """Which frames are lost is a function of seed and number."""
    loss = {"loss": ONE // 2}
    links = Link(link={"seed": 7}, **loss), behind(seed=7, **loss)[0], behind(seed=8, **loss)[0]
    arrived = []
    for link in links:
        sink = link.sink()
        link.sender().send(SIZE, 200)
        time.sleep(0.2)
        arrived.append([])
        while select.select([sink], [], [], 0)[0]:
            arrived[-1].append(sink.one().number)
    equal(arrived[1], arrived[0])
    true(arrived[2] != arrived[0])
    between(len(arrived[0]), 40, 160)


@case("a VLAN tag that a device would put in", "delayed", "corrupted")
def tagged(what):
    """It is on the wire as any other bytes, and counted so."""
    link, graph = behind(delay=MS, corrupt=ONE if what == "corrupted" else 0)
    with link.ns["a"]:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    defer(raw.close)
    raw.bind(("a", 0))
    # The core takes the tag out and keeps it beside the frame.
    frame = b"\xff" * 6 + b"\x02\0\0\0\0\1" + b"\x81\0\0\5" + b"\x88\xb5" + bytes(SIZE - 18)
    for _ in range(20):
        raw.send(frame)
    p = until(graph, lambda b: b.count("out") == 20, "all came")
    equal((p.count("queued", "bytes"), p.count("out", "bytes")), (0, 20 * SIZE))
    equal(p.count("in", "bytes") + p.count("generated", "bytes"),
          p.count("out", "bytes") + p.count("consumed", "bytes"))


@case("what the wire loses, flips and doubles is counted", "loss", "ber", "corrupt", "duplicate")
def effects(what):
    """In packets, with the cause."""
    link, graph = behind(**{what: ONE // 2 if what == "ber" else ONE})
    link.sender().send(SIZE, 30)
    block = until(graph, lambda b: b.count("in") == 30 and b.count("queued") == 0, "all came")
    out = {"loss": 0, "ber": 0, "corrupt": 30, "duplicate": 60}[what]
    block = until(graph, lambda b: b.count("out") == out, "all that is not lost leaves")
    equal(block.drops, {} if out else {"lost": 30})
    equal((block.params["corrupted"], block.params["duplicated"]),
          (30 if what == "corrupt" else 0, 30 if what == "duplicate" else 0))
    equal(block.count("generated"), 30 if what == "duplicate" else 0)


@case("limits of queue and delay line")
def limits():
    """What does not fit is dropped with the cause."""
    link, graph = behind(rate=1000, **{"queue-packets": 5})
    link.sender().send(SIZE, 10)
    block = until(graph, lambda b: b.count("in") == 10, "all came")
    equal((block.drops, block.count("queued")), ({"queue-full": 4}, 6))
    link, graph = behind(delay=10**10, **{"line-packets": 5})
    link.sender().send(SIZE, 10)
    block = until(graph, lambda b: sum(b.drops.values()) == 5, "5 do not fit")
    equal((block.drops, block.count("queued")), ({"queue-full": 5}, 5))


@case("what is on the wire survives changes and replacements, but not removal")
def changes():
    """In its order."""
    link, graph = behind(delay=100 * MS)
    sink = link.sink()
    sender = link.sender()
    sender.send(SIZE, 20)
    graph.replace("p", rate=100 * MBIT)
    sender.send(SIZE, 20)
    graph.set("p", delay=0)
    sender.send(SIZE, 20)
    equal([a.number for a in sink.collect(60)], list(range(60)))
    graph.set("p", delay=10**10)
    sender.send(SIZE, 20)
    until(graph, lambda b: b.count("queued") == 20, "all are on the wire")
    graph.replace("p", state="drop")
    block = graph.get("p")
    equal((block.drops, block.count("queued")), ({"removed": 20}, 0))
    sender.send(SIZE, 20)
    until(graph, lambda b: b.count("queued") == 20, "all are on the wire again")
    graph.replace("p", "forward")
    sender.send(SIZE, 20)
    equal([a.number for a in sink.collect(40)], list(range(80, 120)), "another type lets them go")
    equal(graph.get("p").drops, {"removed": 20})


@case("TCP with offloads through a pipe")
def stream():
    """Segments are frames of their own; all bytes arrive."""
    link, graph = behind(rate=200 * MBIT, delay=MS)
    _, address = link.ip()
    with link.ns["b"]:
        server = socket.create_server((address, 5000))
    defer(server.close)
    with link.ns["a"]:
        client = socket.socket()
    defer(client.close)
    data = bytes(range(256)) * 4000

    def send():
        client.connect((address, 5000))
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send)
    thread.start()
    connection, _ = server.accept()
    defer(connection.close)
    got = bytearray()
    while piece := connection.recv(1 << 16):
        got += piece
    thread.join()
    true(bytes(got) == data, "all bytes arrive")
    true(graph.get("p").count("out") > len(data) // 1500)


@case("parameters that make no sense together")
def nonsense():
    """What was set stays."""
    graph = Graph()
    graph.add("p", "pipe", delay=MS)
    refused("EINVAL", "the rate is below 100 bit/s", graph.set, "p", rate=99, path="param")
    refused("EINVAL", "the bit error rate is below 1e-15", graph.set, "p", ber=9999, path="param")
    refused("EINVAL", "uniform jitter is above the delay", graph.set, "p", jitter=2 * MS,
            distribution=0)
    graph.set("p", delay=0)
    refused("EINVAL", "without a delay there is nothing to overtake", graph.set, "p", reorder=1)
    equal((graph.get("p").params["rate"], graph.get("p").params["reorder"]), (0, 0))


run()

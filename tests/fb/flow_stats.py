#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `flow-stats`: what flows did."""

import socket
import struct
import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import between, case, defer, equal, run, true
from vnettest.links import Link, SIMULATED

MACS = b"\2\0\0\0\0\2" + b"\2\0\0\0\0\1"


def udp(source, destination, ports, size=100):
    """A frame of so many bytes."""
    length = size - 14
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, 1, 0, 64, 17, 0,
                         socket.inet_aton(source), socket.inet_aton(destination))
    rest = struct.pack("!HHHH", *ports, length - 20, 0)
    return (MACS + b"\x08\0" + header + rest).ljust(size, b"\0")


def other(size=60, last=1):
    """A frame of no IP."""
    return (MACS[:-1] + bytes([last]) + b"\x88\xb5").ljust(size, b"\0")


class Meter:
    """A link whose end `b` leads through the block into a sink."""

    def __init__(self, **params):
        self.link = Link()
        self.graph = Graph(self.link.ns["b"])
        self.graph.add("dev", "eth", device="b")
        self.graph.add("stats", "flow-stats", **params)
        self.graph.add("end", "discard")
        self.graph.chain("dev:host:wire", "stats", "end")
        with self.link.ns["a"]:
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.sock.bind(("a", 0))
        defer(self.sock.close)
        self.sent = 0

    def send(self, *frames):
        """Sends frames, and waits until they are through."""
        for frame in frames:
            self.sock.send(frame)
        self.sent += len(frames)
        end = time.monotonic() + 20
        while (block := self.graph.get("end")).count("consumed") < self.sent:
            true(time.monotonic() < end, "the frames come")
        equal(block.count("consumed"), self.sent)

    def read(self, name):
        """A reading."""
        return self.graph.get("stats").params[name]

    def flows(self):
        """Packets and bytes of the flows by source and destination port, or Ethernet type."""
        return {(f["source-port"], f["destination-port"]) if "source-port" in f else f["ethertype"]:
                (f["packets"], f["bytes"]) for f in self.read("flows")}


@case("each way of each flow is counted")
def counted():
    """In the order of their bytes, with all that names them."""
    meter = Meter()
    there, back = udp("10.0.0.1", "10.0.0.2", (1000, 53)), udp("10.0.0.2", "10.0.0.1", (53, 1000))
    meter.send(*[there] * 3, *[back] * 5, other())
    flows = meter.read("flows")
    equal([(f["packets"], f["bytes"]) for f in flows], [(5, 500), (3, 300), (1, 60)])
    first = flows[0]
    equal((first["source"], first["destination"], first["protocol"], first["source-port"],
           first["destination-port"], first["ethertype"]),
          (b"\x0a\0\0\2", b"\x0a\0\0\1", 17, 53, 1000, 0x800))
    last = flows[2]
    equal((last["source"], last["destination"], last["protocol"], "source-port" in last),
          (MACS[6:], MACS[:6], 0, False))
    equal((meter.read("known"), meter.read("displaced"), meter.read("ignored")), (3, 0, 0))
    equal(meter.graph.get("stats").params["totals"], [])


@case("only what a rule matches is counted, and for the first such rule")
def rules():
    """Rules that stay keep their totals, others begin anew."""
    dns, web = {"destination-port": 53}, {"protocol": 17}
    meter = Meter(rules=[dns, web])
    frames = [udp("10.0.0.1", "10.0.0.2", (1000, 53)), udp("10.0.0.1", "10.0.0.2", (1000, 80)),
              udp("10.0.0.1", "10.0.0.2", (1000, 80)), other()]
    meter.send(*frames)
    totals = [(t["packets"], t["bytes"]) for t in meter.read("totals")]
    equal((totals, meter.read("ignored"), meter.read("known")), ([(1, 100), (2, 200)], 1, 2))
    meter.graph.set("stats", timeout=50)
    meter.graph.replace("stats", window=500)
    meter.send(*frames)
    totals = [(t["packets"], t["bytes"]) for t in meter.read("totals")]
    equal((totals, meter.read("ignored")), ([(2, 200), (4, 400)], 2))
    equal(meter.flows(), {(1000, 53): (2, 200), (1000, 80): (4, 400)})
    meter.graph.set("stats", rules=[{"ethertype": 0x88B5}])
    meter.send(*frames)
    equal([(t["packets"], t["bytes"]) for t in meter.read("totals")], [(1, 60)])
    equal(meter.read("rules"), [{"ethertype": 0x88B5}])
    refused("EINVAL", "a rule has a prefix length without an address", meter.graph.set, "stats",
            rules=[{"source-prefix": 8}])
    refused("E2BIG", "there are more than 64 records", meter.graph.set, "stats", rules=[{}] * 65)
    equal(meter.read("rules"), [{"ethertype": 0x88B5}])


@case("the table is bounded, and what is told too")
def bounds():
    """A flow that has no room displaces the one that was silent longest."""
    meter = Meter(limit=4)
    # One after another: several may come at the same moment of simulated time.
    for port in range(1, 11):
        meter.send(udp("10.0.0.1", "10.0.0.2", (port, 9)))
    equal((meter.read("known"), meter.read("displaced")), (4, 6))
    equal(sorted(port for port, _ in meter.flows()), [7, 8, 9, 10])
    meter.graph.replace("stats", limit=256)
    frames = [udp("10.0.0.1", "10.0.0.2", (port, 9), 100 + port) for port in range(1, 41)]
    meter.send(*frames)
    displaced = meter.read("displaced")
    equal(meter.read("known") + displaced, 40)
    told = meter.flows()
    equal(len(told), 32)
    if not displaced:
        equal(sorted(port for port, _ in told), list(range(9, 41)), "those with most bytes")


@case("idle flows are forgotten")
def idle():
    """And begin anew."""
    meter = Meter(timeout=1)
    meter.send(other(), other())
    time.sleep(1.01)
    equal((meter.read("known"), meter.read("flows")), (0, []))
    meter.send(other())
    equal((meter.flows(), meter.read("displaced")), ({0x88B5: (1, 60)}, 0))


@case("rates are those of the last complete window")
def rate():
    """Of a source with a known one."""
    graph = Graph()
    graph.add("end", "discard")
    graph.add("stats", "flow-stats", window=500, rules=[{"ethertype": 0x88B5}])
    graph.add("src", "ratelimited-source", rate=1000, size=125, burst=1024)
    graph.chain("src", "stats", "end")
    time.sleep(1.3)
    block = graph.get("stats")
    (flow,), (total,) = block.params["flows"], block.params["totals"]
    # The machine may be late, and the source then makes up to a burst at once.
    low, high = (0.99e6, 1.01e6) if SIMULATED else (1, 4e6)
    for told in (flow["rate"], total["rate"]):
        between(told, low, high)
    graph.set("src", rate=0)
    time.sleep(1.05)
    equal(graph.get("stats").params["flows"][0]["rate"], 0)
    graph.replace("stats", state="drop")
    equal(graph.get("stats").params["flows"], [])


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The blocks `classifier` and `hash`: which way a frame takes."""

import socket
import struct

from vnettest.blocks import Graph, refused
from vnettest.ktap import case, defer, equal, run, true
from vnettest.links import Link

MAC = b"\x02\0\0\0\0\x02" + b"\x02\0\0\0\0\x01"


def ipv4(source, destination, protocol=17, ports=(1000, 2000), dscp=0, fragment=0):
    """A frame."""
    payload = struct.pack("!HHHH", *ports, 8, 0)
    header = struct.pack("!BBHHHBBH4s4s", 0x45, dscp << 2, 20 + len(payload), 1, fragment, 64,
                         protocol, 0, socket.inet_aton(source), socket.inet_aton(destination))
    return (MAC + b"\x08\0" + header + payload).ljust(60, b"\0")


def ipv6(source, destination, protocol=6, ports=(1000, 2000)):
    """A frame."""
    payload = struct.pack("!HH", *ports).ljust(20, b"\0")
    header = struct.pack("!IHBB", 6 << 28, len(payload), protocol, 64)
    pair = socket.inet_pton(socket.AF_INET6, source), socket.inet_pton(socket.AF_INET6, destination)
    return MAC + b"\x86\xdd" + header + pair[0] + pair[1] + payload


class Way:
    """A link into a block with several upper ports, each of which ends in a sink."""

    def __init__(self, kind, outlets, **params):
        self.link = Link()
        self.graph = Graph(self.link.ns["b"])
        self.graph.add("dev", "eth", device="b")
        self.graph.add("split", kind, **params)
        self.graph.bind("split", "dev:wire")
        self.ports = outlets
        for port in outlets:
            self.graph.add(f"end-{port}", "discard")
            self.graph.bind(f"end-{port}", f"split:{port}")
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.close()
        with self.link.ns["a"]:
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        defer(self.sock.close)
        with self.link.ns["a"]:
            self.sock.bind(("a", 0))

    def counts(self):
        """Packets that ended at each port."""
        return {port: self.graph.get(f"end-{port}").count("consumed") for port in self.ports}

    def of(self, frame):
        """The port that a frame takes."""
        before = self.counts()
        self.sock.send(frame)
        while (after := self.counts()) == before:
            pass
        changed = [port for port in self.ports if after[port] != before[port]]
        equal(len(changed), 1)
        return changed[0]


def address(text):
    """Bytes of an address."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_pton(family, text)


@case("rules on every field")
def rules():
    """The first one that matches counts; what none matches takes `other`."""
    way = Way("classifier", ["other"] + [f"upper{i}" for i in range(8)], ports=8, rules=[
        {"port": 0, "protocol": 17, "destination_port": 53},
        {"port": 1, "source": address("10.1.0.0"), "source_prefix": 16},
        {"port": 2, "destination": address("10.2.3.4")},
        {"port": 3, "dscp": 46},
        {"port": 4, "source": address("2001:db8::"), "source_prefix": 32, "protocol": 6},
        {"port": 5, "ethertype": 0x88B5},
        {"port": 6, "eth_source": b"\x02\0\0\0\0\x77"},
        {"port": 7, "source_port": 4444},
    ])
    for frame, port in (
            (ipv4("10.1.1.1", "10.9.9.9", ports=(1, 53)), "upper0"),
            (ipv4("10.1.1.1", "10.9.9.9", ports=(1, 54)), "upper1"),
            (ipv4("10.2.1.1", "10.2.3.4"), "upper2"),
            (ipv4("10.2.1.1", "10.2.3.5", dscp=46), "upper3"),
            (ipv6("2001:db8:1::1", "::2"), "upper4"),
            (ipv6("2001:db8:1::1", "::2", protocol=17), "other"),
            (MAC + b"\x88\xb5" + bytes(46), "upper5"),
            (MAC + b"\x81\0\0\x07\x88\xb5" + bytes(46), "upper5"),
            (MAC[:6] + b"\x02\0\0\0\0\x77" + b"\x99\x99" + bytes(46), "upper6"),
            (ipv4("1.1.1.1", "2.2.2.2", ports=(4444, 1)), "upper7"),
            # A fragment has no ports.
            (ipv4("1.1.1.1", "2.2.2.2", ports=(4444, 1), fragment=0x2000), "other"),
            (ipv4("1.1.1.1", "2.2.2.2"), "other")):
        equal(way.of(frame), port, frame.hex())
    way.graph.set("split", rules=[])
    equal(way.of(ipv4("10.1.1.1", "10.9.9.9", ports=(1, 53))), "other")


@case("rules are told as they were given, and wrong ones refused")
def told():
    """A refused change changes nothing."""
    graph = Graph()
    rule = {"port": 1, "source": address("10.0.0.0"), "source-prefix": 8}
    graph.add("c", "classifier", rules=[rule, {"port": 0}])
    equal(graph.get("c").params["rules"], [rule, {"port": 0}])
    for wrong, error, text in (
            ({"port": 2}, "EINVAL", "a rule names a port that the block does not have"),
            ({"protocol": 6}, "EINVAL", "the record needs the field port"),
            ({"port": 1, "dscp": 64}, "ERANGE", "dscp is not within 0 to 63"),
            ({"port": 1, "source": b"12345"}, "EINVAL", "an address has 4 or 16 bytes"),
            ({"port": 1, "source_prefix": 1}, "EINVAL",
             "a rule has a prefix length without an address"),
            ({"port": 1, "source": b"1234", "source_prefix": 33}, "EINVAL",
             "a prefix is longer than its address"),
            ({"port": 1, "source": b"1234", "destination": bytes(16)}, "EINVAL",
             "source and destination are of different families"),
            ({"port": 1, "eth_source": b"12345"}, "ERANGE", "eth-source has not 6 to 6 bytes"),
            ({"port": 1, "colour": 1}, "ENOENT", "the record has no such field"),
            ({"port": b"1"}, "EINVAL", "the parameter is given as uint")):
        refused(error, text, graph.set, "c", rules=[wrong])
    refused("E2BIG", "there are more than 256 records", graph.set, "c", rules=[{"port": 0}] * 257)
    refused("EINVAL", "the parameter is a list of records", graph.set, "c", rules=1)
    equal(graph.get("c").params["rules"], [rule, {"port": 0}])


@case("both directions of a flow take the same way")
def symmetric():
    """IPv4, IPv6, others; all ways are used, and each seed uses them differently."""
    way = Way("hash", [f"upper{i}" for i in range(4)], ports=4)
    chosen = []
    for number in range(40):
        there = ipv4("10.0.0.1", f"10.0.1.{number}", ports=(number, 80))
        back = ipv4(f"10.0.1.{number}", "10.0.0.1", ports=(80, number))
        chosen.append(way.of(there))
        equal(way.of(back), chosen[-1])
        equal(way.of(ipv6("fe80::1", f"fe80::{number + 2:x}", ports=(number, 80))),
              way.of(ipv6(f"fe80::{number + 2:x}", "fe80::1", ports=(80, number))))
    equal(len(set(chosen)), 4)
    way.graph.set("split", seed=7)
    true(chosen != [way.of(ipv4("10.0.0.1", f"10.0.1.{n}", ports=(n, 80))) for n in range(40)])
    equal(way.of(MAC + b"\x99\x99" + bytes(46)),
          way.of(MAC[6:] + MAC[:6] + b"\x99\x99" + bytes(46)))


run()

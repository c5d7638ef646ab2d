#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `bpf`."""

import ctypes
import os
import struct
import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import Skip, case, defer, equal, run, true
from vnettest.links import Link

# tcpdump -ddd ip
IP = "4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0\n"
# Whether there is an index of the packet's device.
IFINDEX = "2\n32 0 0 4294963208\n22 0 0 0\n"
IPV4, ARP = 0x800, 0x806
_BPF, _PROG_LOAD, _SOCKET_FILTER = 321, 5, 1


def ebpf(low):
    """A program that matches frames with that low byte of the Ethernet type; its descriptor."""
    def instruction(code, registers=0, offset=0, constant=0):
        return struct.pack("=BBhi", code, registers, offset, constant)

    code = ctypes.create_string_buffer(
        instruction(0xBF, 0x16)                         # r6 = r1
        + instruction(0x30, constant=13)                # r0 = byte 13
        + instruction(0x55, offset=2, constant=low)     # if r0 != low, skip two
        + instruction(0xB7, constant=1) + instruction(0x95)
        + instruction(0xB7, constant=0) + instruction(0x95))
    words = ctypes.create_string_buffer(b"GPL")
    attr = struct.pack("=IIQQ", _SOCKET_FILTER, 7, ctypes.addressof(code), ctypes.addressof(words))
    buffer = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
    lib = ctypes.CDLL(None, use_errno=True)
    fd = lib.syscall(_BPF, _PROG_LOAD, buffer, 128)
    if fd < 0:
        raise Skip(f"bpf(2): {os.strerror(ctypes.get_errno())}")
    return fd


def filtered(**params):
    """A source below a filter with a sink for what matches; the graph."""
    graph = Graph()
    graph.add("src", "ratelimited-source", rate=0, protocol=IPV4)
    graph.add("bpf", "bpf", **params)
    graph.add("match", "discard")
    graph.chain("src", "bpf", "match")
    return graph


def pours(graph, protocol, count):
    """So many frames of a type; the filter block afterwards."""
    before = graph.get("bpf").count("in")
    graph.set("src", protocol=protocol, count=count, rate=100000)
    end = time.monotonic() + 20
    while (block := graph.get("bpf")).count("in") < before + count:
        true(time.monotonic() < end, "all frames came")
    graph.set("src", rate=0, count=0)
    return block


@case("a classic filter parts packets")
def classic():
    """What it does not match is dropped, or leaves by a port of its own."""
    graph = filtered(filter=IP)
    equal(graph.get("bpf").params["filter"], IP)
    pours(graph, IPV4, 20)
    equal(pours(graph, ARP, 30).drops, {"filtered": 30})
    equal(graph.get("match").count("in"), 20)
    graph.add("rest", "discard")
    graph.bind("rest", "bpf:other")
    pours(graph, ARP, 40)
    equal((graph.get("match").count("in"), graph.get("rest").count("in")), (20, 40))
    graph.replace("bpf")
    pours(graph, ARP, 5)
    graph.set("bpf", filter="1,6 0 0 1")        # everything, with commas as iptables wants it
    pours(graph, ARP, 7)
    equal((graph.get("match").count("in"), graph.get("rest").count("in")), (27, 45))


@case("without a filter everything matches")
def none():
    """And what comes from above leads down."""
    graph = filtered()
    pours(graph, ARP, 10)
    equal(graph.get("match").count("in"), 10)
    graph.add("down", "ratelimited-source", rate=0, count=10)
    graph.unbind(upper="bpf")
    graph.unbind(upper="match")
    graph.bind("down:lower", "bpf:upper")
    graph.set("down", rate=100000)
    end = time.monotonic() + 20
    while graph.get("bpf").drops != {"unbound": 10}:
        true(time.monotonic() < end, "they left by lower")


@case("an eBPF program")
def program():
    """It is kept when its descriptor is closed, until another number is given."""
    fd = ebpf(ARP & 0xFF)
    graph = filtered(filter=IP, program=fd)
    os.close(fd)
    for _ in range(2):
        pours(graph, ARP, 10)
        pours(graph, IPV4, 10)
        graph.set("bpf", program=fd)
        graph.replace("bpf")
    equal((graph.get("match").count("in"), graph.get("bpf").drops), (20, {"filtered": 20}))
    graph.set("bpf", program=0)
    pours(graph, IPV4, 5)
    equal(graph.get("match").count("in"), 25, "the filter again")


@case("a packet outlives the device that received it")
def outlives():
    """A filter is told nothing of the device: packets may be held for as long as one likes."""
    link = Link()
    graph = Graph(link.ns["b"])
    graph.add("dev", "eth", device="b")
    graph.add("hold", "queue", open=0)
    graph.add("bpf", "bpf", filter=IFINDEX)
    graph.add("match", "discard")
    graph.chain("dev:host:wire", "hold", "bpf", "match")
    link.sender().send(100, 5)
    while graph.get("hold").count("queued") < 5:
        pass
    link.delete()
    graph.set("hold", open=1)
    while graph.get("bpf").count("in") < 5:
        pass
    equal(graph.get("bpf").drops, {"filtered": 5})


@case("what is refused")
def refusals():
    """The block stays as it is."""
    graph = filtered(filter=IP)
    text = ("the filter is not what tcpdump -ddd prints: a number of lines, and so many of four "
            "numbers")
    for wrong in ("x", "1", "1\n6 0 0", "2\n6 0 0 1", "1\n6 0 0 1 6", "1\n6 0 0 4294967296",
                  "1\n6 256 0 0", "-1\n6 0 0 0"):
        refused("EINVAL", text, graph.set, "bpf", filter=wrong)
    for wrong in ("0", "1\n40 0 0 12", "1\n65535 0 0 0", "2\n5 0 0 7\n6 0 0 0"):
        refused("EINVAL", "the kernel refuses the instructions", graph.set, "bpf", filter=wrong)
    text = "this is not the descriptor of a program of type socket filter"
    refused("EBADF", text, graph.set, "bpf", program=1000)
    fd = os.open("/dev/null", os.O_RDONLY)
    defer(os.close, fd)
    refused("EINVAL", text, graph.set, "bpf", program=fd)
    equal(graph.get("bpf").params["filter"], IP)
    equal(pours(graph, ARP, 3).drops, {"filtered": 3})


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `eth`: a device whose packets pass through a graph."""

import select
import socket
import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import case, defer, equal, run, true
from vnettest.links import Link
from vnettest.netns import NetNS, wait_up

COUNT, SIZE = 200, 100


def between_wire_and_host():
    """A link, and at its end `b` a chain of a counter and a forward block."""
    link = Link()
    graph = Graph(link.ns["b"])
    graph.add("dev", "eth", device="b")
    graph.add("count", "counter")
    graph.add("on", "forward")
    graph.chain("dev:host:wire", "count", "on")
    graph.bind("dev:host", "on")
    return link, graph


@case("what a device receives passes from wire to host, all of it in order")
def received():
    """The stack gets what the chain lets through."""
    link, graph = between_wire_and_host()
    sink = link.sink()
    link.sender().send(SIZE, COUNT)
    numbers = [a.number for a in sink.collect(COUNT)]
    equal(numbers, list(range(COUNT)))
    count = graph.get("count")
    equal((count.params["up-packets"], count.params["up-bytes"]), (COUNT, COUNT * SIZE))
    equal(count.params["down-packets"], 0)
    dev = graph.get("dev")
    equal((dev.count("generated"), dev.count("consumed")), (COUNT, COUNT))


@case("what the stack sends passes from host to wire, all of it in order")
def sent():
    """Local packets take the chain downwards."""
    link, graph = between_wire_and_host()
    sink = link.sink("a")
    link.sender("b").send(SIZE, COUNT)
    equal([a.number for a in sink.collect(COUNT)], list(range(COUNT)))
    equal(graph.get("count").params["down-packets"], COUNT)
    equal(graph.get("count").params["up-packets"], 0)


@case("programs talk through a chain as without it")
def programs():
    """TCP with offloads, and ping."""
    link, graph = between_wire_and_host()
    _, address = link.ip()
    link.ns["a"].run(f"ping -c 3 -i 0.01 {address}")
    true(graph.get("on").count("in") >= 6)


@case("what the stack sends to many, and hears itself")
def heard():
    """The copy that the kernel makes for its own sockets was not received by the device."""
    link, graph = between_wire_and_host()
    _, address = link.ip()
    group = socket.inet_aton("239.0.0.7")
    with link.ns["b"]:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    defer(sock.close)
    sock.settimeout(20)
    membership = group + socket.inet_aton(address)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    sock.bind(("", 7))
    before = graph.get("count").params
    sock.sendto(b"hello", ("239.0.0.7", 7))
    equal(sock.recv(100), b"hello")
    after = graph.get("count").params
    equal(after["up-packets"], before["up-packets"])
    true(after["down-packets"] > before["down-packets"])


@case("without bindings packets go past the block")
def unbound():
    """A block alone is no obstacle, and counts nothing."""
    link = Link()
    graph = Graph(link.ns["b"])
    graph.add("dev", "eth", device="b")
    sink = link.sink()
    link.sender().send(SIZE, COUNT)
    sink.collect(COUNT)
    equal(graph.get("dev").count("generated"), 0)


@case("a chain on a port of a bridge")
def bridge():
    """The bridge gets what passed, and what it sends passes, too."""
    left, right = Link(), None
    ns = left.ns["b"]
    ns.run("ip link add br0 type bridge forward_delay 0")
    ns.run("ip link set dev br0 up")
    ns.run("ip link set dev b master br0")
    right = Link(ns_a=ns)
    ns.run("ip link set dev a master br0")
    wait_up(ns, "a", "b")
    graph = Graph(ns)
    graph.add("dev", "eth", device="b")
    graph.add("count", "counter")
    graph.chain("dev:host:wire", "count")
    graph.bind("dev:host", "count")
    sink = right.sink("b")
    sender = left.sender()
    end = time.monotonic() + 20
    while not select.select([sink], [], [], 0.1)[0]:
        sender.send(SIZE)
        true(time.monotonic() < end, "the bridge forwards in time")
    got = graph.get("count")
    true(got.params["up-packets"] >= 1)
    back = left.sink("a")
    right.sender("b").send(SIZE, COUNT)
    back.collect(COUNT)
    true(graph.get("count").params["down-packets"] >= COUNT)


@case("a device that goes, or is down")
def gone():
    """The block stays and drops what it would transmit, with the cause."""
    link, graph = between_wire_and_host()
    true(graph.get("dev").params["ifindex"] > 0)
    link.ns["b"].run("ip link set dev b down")
    link.delete()
    dev = graph.get("dev")
    equal((dev.params["ifindex"], dev.params["device"]), (0, "b"))


@case("a device that moves to another namespace leaves its block")
def moved():
    """And comes back as a stranger."""
    link, graph = between_wire_and_host()
    other = NetNS()
    link.ns["b"].run(f"ip link set dev b netns /proc/self/fd/{other.inheritable()}")
    equal(graph.get("dev").params["ifindex"], 0)


@case("a namespace that goes with its chain")
def namespace():
    """Under traffic."""
    link, graph = between_wire_and_host()
    sender = link.sender()
    sender.send(SIZE, COUNT)
    graph.ns.close()
    graph.ns.fd = None
    end = time.monotonic() + 20
    while graph.family.dump("link-get")[0]:
        time.sleep(0.01)
        true(time.monotonic() < end, "the link is gone in time")


@case("devices that cannot be used")
def devices():
    """None, and one that is no Ethernet device."""
    graph = Graph()
    refused("ENODEV", "there is no such device", graph.add, "dev", "eth", device="none",
            path="param")
    graph.ns.run("modprobe -q tun", check=False)
    graph.ns.run("ip tuntap add tun0 mode tun")
    refused("EINVAL", "the device is not an Ethernet device", graph.add, "dev", "eth",
            device="tun0", path="param")
    refused("EINVAL", "a block of this type needs the parameter device", graph.add, "dev", "eth")
    refused("ERANGE", "device has more than 15 bytes", graph.add, "dev", "eth",
            device="sixteen-bytes-12")
    equal(graph.list(), {})


run()

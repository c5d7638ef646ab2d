#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `eth`: a device whose packets pass through a graph."""

import os
import select
import socket
import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import case, contains, defer, equal, note, run, true
from vnettest.links import SLOW, Link
from vnettest.netns import Child, NetNS, wait_up

COUNT, SIZE = 200, 100
INGRESSES = ("netfilter", "rx-handler")
TAKEN = ("the rx_handler of the device is taken: by its bridge, bond or team, by a macvlan on it, "
         "or by an eth block")


def between_wire_and_host(ingress="netfilter"):
    """A link, and at its end `b` a chain of a counter and a forward block."""
    link = Link()
    graph = Graph(link.ns["b"])
    graph.add("dev", "eth", device="b", ingress=ingress)
    graph.add("count", "counter")
    graph.add("on", "forward")
    graph.chain("dev:host:wire", "count", "on")
    graph.bind("dev:host", "on")
    return link, graph


@case("what a device receives passes from wire to host, all of it in order", *INGRESSES)
def received(ingress):
    """The stack gets what the chain lets through."""
    link, graph = between_wire_and_host(ingress)
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


@case("programs talk through a chain as without it", *INGRESSES)
def programs(ingress):
    """TCP with offloads, and ping."""
    link, graph = between_wire_and_host(ingress)
    _, address = link.ip()
    link.ns["a"].run(f"ping -c 3 -i 0.01 {address}")
    true(graph.get("on").count("in") >= 6)


@case("what the stack sends to many, and hears itself", *INGRESSES)
def heard(ingress):
    """The copy that the kernel makes for its own sockets was not received by the device."""
    link, graph = between_wire_and_host(ingress)
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


@case("without bindings packets go past the block", *INGRESSES)
def unbound(ingress):
    """A block alone is no obstacle, and counts nothing."""
    link = Link()
    graph = Graph(link.ns["b"])
    graph.add("dev", "eth", device="b", ingress=ingress)
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
    ns.up("br0")
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
    graph.replace("dev")
    equal(graph.get("dev").params["ifindex"], 0, "there is no other one of that name")
    for state in ("drop", None):
        graph.ns.run("ip link add name b type bridge")
        equal(graph.get("dev").params["ifindex"], 0, "another one is not taken unasked")
        graph.replace("dev", state=state)
        true(graph.get("dev").params["ifindex"] > 0, "a replacement takes it")
        graph.ns.run("ip link del dev b")


@case("a device that moves to another namespace leaves its block", *INGRESSES)
def moved(ingress):
    """And comes back as a stranger."""
    link, graph = between_wire_and_host(ingress)
    other = NetNS()
    link.ns["b"].run(f"ip link set dev b netns /proc/self/fd/{other.inheritable()}")
    equal(graph.get("dev").params["ifindex"], 0)
    other.run("ip link add br0 type bridge")
    other.run("ip link set dev b master br0")


@case("a namespace that goes with its chain", *INGRESSES)
def namespace(ingress):
    """Under traffic."""
    link, graph = between_wire_and_host(ingress)
    sender = link.sender()
    sender.send(SIZE, COUNT)
    graph.ns.close()
    graph.ns.fd = None
    end = time.monotonic() + 20
    while graph.family.dump("link-get")[0]:
        time.sleep(0.01)
        true(time.monotonic() < end, "the link is gone in time")


@case("a device has one rx_handler")
def one_handler():
    """Whoever comes second is refused, be that the block or a bridge, until the first one lets go."""
    graph = Graph(Link().ns["b"])
    ns = graph.ns
    ns.run("ip link add br0 type bridge")
    ns.run("ip link set dev b master br0")
    refused("EBUSY", TAKEN, graph.add, "dev", "eth", device="b", ingress="rx-handler", path="param")
    ns.run("ip link set dev b nomaster")
    graph.add("dev", "eth", device="b", ingress="rx-handler")
    refused("EBUSY", TAKEN, graph.add, "two", "eth", device="b", ingress="rx-handler", path="param")
    graph.add("two", "eth", device="b")
    refused("EBUSY", TAKEN, graph.replace, "two", ingress="rx-handler", path="param")
    contains(ns.run("ip link set dev b master br0", check=False).stderr, "Device or resource busy")
    graph.replace("dev", state="drop")
    # It is free again when the block goes or gets what is received in the other way.
    graph.replace("dev", ingress="netfilter")
    ns.run("ip link set dev b master br0")
    ns.run("ip link set dev b nomaster")
    graph.replace("dev", ingress="rx-handler")
    graph.remove("dev")
    ns.run("ip link set dev b master br0")
    ns.run("ip link add vrf0 type vrf table 7")
    refused("EINVAL", "the device takes no rx_handler", graph.add, "dev", "eth", device="vrf0",
            ingress="rx-handler", path="param")
    refused("EINVAL", "the ingress is netfilter or rx-handler", graph.add, "dev", "eth", device="b",
            ingress="tc", path="param")
    equal(sorted(graph.list()), ["two"])


@case("frames of a VLAN device on the device", *INGRESSES)
def tagged(ingress):
    """Netfilter's hook sees them before that, and the rx_handler what no such device takes."""
    link, graph = between_wire_and_host(ingress)
    link.ns["b"].run("ip link add link b name b5 type vlan id 5")
    link.ns["b"].up("b5")
    with link.ns["a"]:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    defer(raw.close)
    raw.bind(("a", 0))
    count = {}
    for vlan in (5, 6):
        before = graph.get("count").params["up-packets"]
        raw.send(b"\xff" * 6 + b"\x02\0\0\0\0\1\x81\0\0" + bytes([vlan]) + b"\x88\xb5" + bytes(SIZE))
        link.settled()
        count[vlan] = graph.get("count").params["up-packets"] - before
    equal(count, {5: int(ingress == "netfilter"), 6: 1})


@case("a block gets what is received in another way, while packets come")
def ways():
    """All of them pass the chain, once and in order."""
    link, graph = between_wire_and_host()
    sink, rounds = link.sink(), 4 if SLOW else 20

    def send():
        sender = link.sender()
        for _ in range(rounds * COUNT):
            sender.send(SIZE)
            os.sched_yield()

    child = Child(send)
    changes = 0
    while graph.get("count").params["up-packets"] < rounds * COUNT:
        graph.replace("dev", ingress=INGRESSES[changes % 2])
        changes += 1
        # On one processor in simulated time nothing else would make them take turns.
        os.sched_yield()
    child.result()
    equal([a.number for a in sink.collect(rounds * COUNT)], list(range(rounds * COUNT)))
    dev = graph.get("dev")
    equal((dev.count("generated"), dev.count("consumed"), dev.drops), (rounds * COUNT, rounds * COUNT, {}))
    equal(dev.params["ifindex"] > 0, True)
    note(f"{changes} changes")


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

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The blocks `vlink` and `mux`: virtual networks over one link."""

import json
import socket
import struct

from vnettest.blocks import Graph, refused
from vnettest.ktap import case, contains, defer, equal, raises, run, true
from vnettest.links import Link
from vnettest.netns import Child, NetNS

NETWORKS = {"red": 100, "blue": 0xFFFFFFFF}
PORT = 7
TAG = 0x88B6


def shared(link):
    """Both ends of a link have a mux with a vlink for each network; {end: graph}."""
    graphs = {}
    for end, ns in link.ns.items():
        graph = graphs[end] = Graph(ns)
        graph.add("dev", "eth", device=end)
        graph.add("mux", "mux", ports=2, links=[{"link": number} for number in NETWORKS.values()])
        graph.bind("mux", "dev:wire")
        graph.bind("dev:host", "mux:other")
        for place, name in enumerate(NETWORKS):
            graph.add(name, "vlink", device=name)
            graph.bind(name, f"mux:upper{place}")
    return graphs


def moved(link, name):
    """Namespaces of their own for the devices of a network; the addresses are the same for each."""
    homes = {}
    for number, (end, ns) in enumerate(link.ns.items(), 1):
        home = homes[end] = NetNS()
        ns.run(["ip", "link", "set", "dev", name, "netns", f"/proc/self/fd/{home.inheritable()}"])
        home.run(f"ip addr add 10.0.0.{number}/24 dev {name}")
        home.up(name)
    return homes


def listener(ns, kind):
    """A socket that waits at the second address."""
    with ns:
        sock = socket.socket(socket.AF_INET, kind)
    defer(sock.close)
    sock.settimeout(20)
    sock.bind(("10.0.0.2", PORT))
    return sock


def client(ns, kind):
    """A socket that talks to the second address."""
    with ns:
        sock = socket.socket(socket.AF_INET, kind)
    defer(sock.close)
    sock.settimeout(20)
    sock.connect(("10.0.0.2", PORT))
    return sock


def stats(ns, name):
    """Packets that a device has received and sent."""
    told = json.loads(ns.run(f"ip -j -s link show dev {name}"))[0]["stats64"]
    return told["rx"]["packets"], told["tx"]["packets"]


@case("two networks with the same addresses share a link")
def networks():
    """Programs of AF_INET talk in each, and meet nobody of the other one, nor of the link."""
    link = Link()
    graphs = shared(link)
    homes = {name: moved(link, name) for name in NETWORKS}
    servers = {name: listener(home["b"], socket.SOCK_DGRAM) for name, home in homes.items()}
    for name, home in homes.items():
        sock = client(home["a"], socket.SOCK_DGRAM)
        for size in (1, 1400, 4000):
            sock.send(name[:1].encode() * size)
            got, peer = servers[name].recvfrom(8192)
            equal(got, name[:1].encode() * size)
            servers[name].sendto(got[::-1], peer)
            equal(len(sock.recv(8192)), size)
    before = stats(homes["blue"]["b"], "blue")
    payload = bytes(range(256)) * 2048
    server = listener(homes["red"]["b"], socket.SOCK_STREAM)
    server.listen()

    def send():
        sock = client(homes["red"]["a"], socket.SOCK_STREAM)
        sock.sendall(payload)
        sock.shutdown(socket.SHUT_WR)
        sock.recv(1)

    child = Child(send)
    with server.accept()[0] as taken:
        got = b""
        while part := taken.recv(1 << 16):
            got += part
        taken.sendall(b"x")
        child.result()
    equal(got == payload, True, "all of the stream came")
    raises(ConnectionRefusedError, client, homes["blue"]["a"], socket.SOCK_STREAM)
    after = stats(homes["blue"]["b"], "blue")
    true(after[0] - before[0] <= 3, f"blue has received {before} {after}")
    for graph in graphs.values():
        for block in graph.list().values():
            equal(block.drops, {}, block["name"])
    a, b = link.ip()
    link.ns["a"].run(f"ping -c 2 -i 0.01 {b}")
    true(graphs["b"].get("dev").count("in") > 0, f"{a} has passed by the port other")


@case("the tag of frames")
def tag():
    """Between addresses and type; links that nobody has, and frames without a tag."""
    link = Link()
    graph = shared(link)["a"]
    ns = {"a": link.ns["a"], "b": link.ns["b"]}
    ns["a"].run("ip addr add 10.0.0.1/24 dev blue")
    ns["a"].up("blue")
    # The other end takes tags of another protocol, so these stay as they are.
    with ns["b"]:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(TAG))
    defer(raw.close)
    raw.settimeout(20)
    other = Graph(ns["b"])
    for name in NETWORKS:
        other.unbind(upper=name)
    other.set("mux", protocol=0x9999)
    raw.bind(("b", TAG))
    with ns["a"]:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    defer(sock.close)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sock.sendto(b"hello", ("10.0.0.255", PORT))
    frame = raw.recv(2048)
    equal(frame[:6], b"\xff" * 6)
    equal(struct.unpack_from("!HIH", frame, 12), (TAG, NETWORKS["blue"], 0x800))
    equal(frame[-5:], b"hello")
    before = stats(ns["a"], "blue")[0]
    raw.send(frame)
    raw.send(frame[:14] + struct.pack("!I", 5) + frame[18:])
    raw.send(frame[:15])
    mux = graph.get("mux")
    equal((mux.count("in") - mux.count("out"), mux.drops), (1, {"filtered": 1}))
    equal(stats(ns["a"], "blue")[0], before + 1)
    raw.send(frame[:18])
    vlink = graph.get("blue")
    equal((vlink.drops, vlink.count("consumed")), ({"malformed": 1}, 1), "no frame is so short")
    equal(stats(ns["a"], "blue")[0], before + 1)


@case("a device lives as long as its block, or goes before it")
def lives():
    """And packets that come for it then are counted."""
    graph = Graph()
    graph.add("v", "vlink", device="v0", address=b"\x02\0\0\0\0\x09", mtu=1234)
    told = json.loads(graph.ns.run("ip -j -d link show dev v0"))[0]
    equal((told["address"], told["mtu"], told["linkinfo"]["info_kind"]),
          ("02:00:00:00:00:09", 1234, "vnet-vlink"))
    equal(graph.get("v").params["ifindex"], told["ifindex"])
    for state in ("keep", "drop"):
        graph.replace("v", state=state)
        equal(graph.get("v").params["ifindex"], told["ifindex"], state)
    graph.replace("v", device="v1")
    equal(graph.ns.run("ip link show dev v0", check=False).returncode, 1)
    graph.add("src", "ratelimited-source", rate=0, count=5)
    graph.bind("v", "src")
    graph.ns.run("ip link del dev v1")
    equal(graph.get("v").params["ifindex"], 0)
    graph.set("src", rate=100000)
    while graph.get("v").count("in") < 5:
        pass
    equal(graph.get("v").drops, {"no-device": 5})
    graph.unbind(upper="v")
    graph.replace("v")
    equal(graph.get("v").params["ifindex"], 0, "the device is gone, the block has not made another")
    graph.remove("v")
    graph.add("v", "vlink", device="v0")
    graph.remove("v")
    equal(graph.ns.run("ip link show dev v0", check=False).returncode, 1)
    # Namespaces of block and device go in either order.
    for first in (True, False):
        block, device = Graph(), NetNS()
        block.add("v", "vlink", device="v0")
        block.ns.run(["ip", "link", "set", "dev", "v0", "netns", f"/proc/self/fd/{device.inheritable()}"])
        (block.ns if first else device).close()


@case("what is refused")
def refusals():
    """With the reason."""
    graph = Graph()
    graph.add("v", "vlink", device="v0")
    refused("EEXIST", "there is a device of this name", graph.add, "w", "vlink", device="v0")
    refused("EEXIST", "there is a device of this name", graph.replace, "v", mtu=1000)
    refused("EINVAL", "this cannot be the name of a device", graph.add, "w", "vlink", device="a/b")
    refused("EINVAL", "this is not the address of one device",
            graph.add, "w", "vlink", device="v1", address=b"\xff" * 6)
    said = graph.ns.run("ip link add name w0 type vnet-vlink", check=False)
    equal(said.returncode, 2)
    contains(said.stderr, "a virtual device is made with its block, by block-new")
    refused("EINVAL", "there are not as many links as ports", graph.add, "m", "mux", links=[{"link": 1}])
    refused("EINVAL", "two ports have the same link",
            graph.add, "m", "mux", links=[{"link": 1}, {"link": 1}])
    equal(sorted(graph.list()), ["v"])


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Blocks and namespaces go in every order, while packets pass."""

import itertools
import socket
import time

from vnettest.blocks import Graph
from vnettest.ktap import case, equal, note, raises, run, true
from vnettest.links import MBIT, Link
from vnettest.netlink import NetlinkError
from vnettest.netns import Child, NetNS
from vnettest.packets import Sender

FAMILY, CHAIN = 12, 7
SIZE = 100


def send(ns, device):
    """Sends until the device is gone."""
    with ns:
        sender = Sender(device)
    ns.close()
    try:
        while True:
            sender.sock.send(sender.frame(SIZE))
            time.sleep(0.0005)
    except OSError:
        pass


def take_out(graph, name):
    """Ends all bindings and subscriptions of a block, and the block."""
    told = graph.list()
    for port in told[name]["port"]:
        if "peer" in port:
            above = "upper" if port["side"] == "lower" else "lower"
            graph.unbind(**{above: f"{name}:{port['name']}"})
    for publisher in told[name].publishers:
        graph.unsubscribe(name, publisher)
    for other, block in told.items():
        if name in block.publishers:
            graph.unsubscribe(other, name)
    graph.remove(name)


def until(holds, what):
    """Waits until something holds."""
    end = time.monotonic() + 30
    while not holds():
        true(time.monotonic() < end, what)
        time.sleep(0.001)


BLOCKS = ("dev", "pipe", "queue", "tee")


def chain(graph):
    """From the wire to the stack; two blocks hold packets, and one waits for events of two others."""
    graph.add("dev", "eth", device="b")
    graph.add("pipe", "pipe", rate=10 * MBIT, delay=10**7)
    graph.add("queue", "queue", rate=5 * MBIT)
    graph.add("tee", "tee")
    graph.chain("dev:host:wire", "pipe", "queue", "tee")
    graph.bind("dev:host", "tee:upper")
    graph.subscribe("queue", "pipe")
    graph.subscribe("queue", "dev")


@case("the blocks of a chain go in every order")
def blocks():
    """Each is taken out of what is left, which balances; then packets go past again."""
    link = Link()
    graph = Graph(link.ns["b"])
    senders = [Child(send, link.ns[end], end) for end in "ab"]
    orders = list(itertools.permutations(BLOCKS))
    for order in orders:
        chain(graph)
        until(lambda: graph.get("pipe").count("queued"), "the chain holds packets")
        for name in order:
            take_out(graph, name)
        equal(graph.list(), {})
    note(f"{len(orders)} orders")
    for sender in senders:
        sender.kill()
    link.settled()
    sink = link.sink()
    link.sender().send(SIZE)
    sink.collect(1)


class Lab:
    """Namespaces with the far end of a link, with chains, and with the device of one of the chains; an application has
    another one. Packets are in all of them."""

    def __init__(self):
        self.link = Link()
        self.spaces = {"far": self.link.ns["a"], "chains": self.link.ns["b"], "device": NetNS()}
        graph = self.graph = Graph(self.link.ns["b"])
        graph.add("dev", "eth", device="b")
        graph.add("mux", "mux", ports=2)
        graph.add("pipe", "pipe", rate=10 * MBIT, delay=10**7)
        graph.add("v", "vlink", device="v0")
        graph.add("frame", "frame")
        graph.add("app", "socket", chain=CHAIN)
        graph.chain("dev:host:wire", "mux::upper0", "pipe", "v")
        graph.bind("dev:host", "mux:other")
        graph.bind("frame", "mux:upper1")
        graph.bind("app", "frame")
        self.number = graph.family.do("instance-new", {"netns-fd": graph.ns.fd})["id"]
        home = self.spaces["device"]
        graph.ns.run(["ip", "link", "set", "dev", "v0", "netns", f"/proc/self/fd/{home.inheritable()}"])
        home.up("v0")
        with graph.ns:
            self.sock = socket.socket(FAMILY, socket.SOCK_DGRAM, CHAIN)
        self.senders = {"far": Child(self.send, "far", "a"), "device": Child(self.send, "device", "v0"),
                        "application": Child(self.talk)}
        until(lambda: graph.get("pipe").count("queued") and graph.get("app").count("out"), "packets are everywhere")

    def send(self, name, device):
        """A child that sends through a device, and holds no namespace but the device's."""
        for other, ns in self.spaces.items():
            if other != name:
                ns.close()
        self.sock.close()
        send(self.spaces[name], device)

    def talk(self):
        """A child that sends through a chain, and holds no namespace but that one, by its socket."""
        for ns in self.spaces.values():
            ns.close()
        try:
            while True:
                self.sock.send(bytes(SIZE))
                time.sleep(0.0005)
        except OSError:
            pass

    def end(self, what):
        """A namespace ends, or the application."""
        if what in self.senders:
            self.senders[what].kill()
        if what == "application":
            self.sock.close()
        else:
            self.spaces[what].close()

    def is_gone(self):
        """The namespace of the chains is no more."""
        found = self.graph.family.dump("instance-get")[0]
        return self.number not in [instance["id"] for instance in found]


@case("namespaces go in every order", *map(" ".join, itertools.permutations(("far", "chains", "device"))))
def namespaces(order):
    """That of the chains when its application has gone, which is the first or the last."""
    for first in (True, False):
        lab = Lab()
        for what in (["application"] * first + order.split() + ["application"] * (not first)):
            lab.end(what)
        until(lab.is_gone, "the namespace of the chains is gone in time")
        equal(raises(NetlinkError, lab.link.get).name, "ENOENT")


run()

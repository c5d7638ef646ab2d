#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `switch`: a learning bridge."""

import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import case, equal, run, true
from vnettest.links import Link
from vnettest.netns import wait_up

ALL = b"\xff" * 6


def mac(number):
    """The address of a station."""
    return bytes([2, 0, 0, 0, number >> 8, number & 255])


def until(graph, name, holds, what):
    """Waits until holds(block) is true; the block."""
    end = time.monotonic() + 20
    while not holds(block := graph.get(name)):
        true(time.monotonic() < end, what)
        time.sleep(0.002)
    return block


class Stations:
    """Sources at the ports of a switch; each counts what it gets."""

    def __init__(self, count=3, **params):
        self.graph, self.count = Graph(), count
        self.graph.add("sw", "switch", ports=count, **params)
        self.sent = 0
        for number in range(count):
            self.graph.add(f"s{number}", "ratelimited-source", rate=0)
            self.graph.bind(f"sw:port{number}", f"s{number}")

    def send(self, sender, destination, source=None, frames=1):
        """Has a station send; how many frames each got in consequence."""
        before = self.got()
        self.graph.set(f"s{sender}", count=0)
        self.graph.set(f"s{sender}", rate=100000, destination=destination,
                       source=mac(sender) if source is None else source, count=frames)
        self.sent += frames
        until(self.graph, "sw", lambda b: b.count("in") == self.sent, "the frames come")
        self.graph.set(f"s{sender}", rate=0)
        return [new - old for new, old in zip(self.got(), before)]

    def got(self):
        """Frames that each station got."""
        return [self.graph.get(f"s{n}").count("in") for n in range(self.count)]

    def known(self):
        """The addresses in the table, and behind which ports."""
        return {a["address"]: a["port"] for a in self.graph.get("sw").params["addresses"]}


@case("what is not known goes everywhere, and is learnt")
def learning():
    """Then only where it has to."""
    net = Stations()
    equal(net.send(0, mac(1)), [0, 1, 1])
    equal(net.known(), {mac(0): 1})
    equal(net.send(1, mac(0)), [1, 0, 0])
    equal(net.send(0, mac(1), frames=10), [0, 10, 0])
    equal(net.send(2, mac(0)), [1, 0, 0])
    equal(net.known(), {mac(0): 1, mac(1): 2, mac(2): 3})
    block = net.graph.get("sw")
    equal((block.params["flooded"], block.params["known"], block.params["moved"]), (1, 3, 0))
    equal((block.count("in"), block.count("generated"), block.count("out")), (13, 1, 14))


@case("groups go everywhere, and nothing goes back where it came from")
def groups():
    """Nor do addresses that bridges keep to themselves."""
    net = Stations()
    equal(net.send(0, ALL, frames=5), [0, 5, 5])
    equal(net.send(1, b"\1\0\x5e\0\0\1"), [1, 0, 1])
    equal(net.send(0, b"\1\x80\xc2\0\0\0"), [0, 0, 0])
    equal(net.send(0, mac(0)), [0, 0, 0])
    equal(net.graph.get("sw").drops, {"filtered": 2})
    equal(net.send(2, mac(1), source=ALL), [0, 1, 0])
    true(ALL not in net.known(), "a group sends nothing")


@case("a station that moves is found again")
def moving():
    """By its first frame from elsewhere."""
    net = Stations()
    net.send(0, ALL)
    net.send(1, ALL, source=mac(0))
    equal(net.send(2, mac(0)), [0, 1, 0])
    equal(net.graph.get("sw").params["moved"], 1)


@case("addresses age, are flushed, and are not learnt at all")
def forgetting():
    """Without them all goes everywhere."""
    net = Stations(ageing=1)
    net.send(1, ALL)
    time.sleep(1.01)
    equal(net.send(0, mac(1)), [0, 1, 1])
    net.graph.set("sw", ageing=300)
    net.send(1, ALL)
    equal(net.send(0, mac(1)), [0, 1, 0])
    net.graph.set("sw", flush=1)
    equal(net.known(), {})
    equal(net.send(0, mac(1)), [0, 1, 1])
    net.graph.set("sw", ageing=0)
    equal(net.send(1, mac(0)), [1, 0, 1])
    equal(net.graph.get("sw").params["known"], 0)


@case("the table is bounded, and a port that is not bound is as good as unknown")
def bounds():
    """Who was silent longest makes room."""
    net = Stations(limit=4)
    for number in range(10):
        net.send(0, ALL, source=mac(100 + number))
    block = net.graph.get("sw")
    equal((block.params["known"], block.params["displaced"]), (4, 6))
    equal(set(net.known()), {mac(100 + number) for number in range(6, 10)})
    net.graph.unbind("sw:port0")
    equal(net.send(1, mac(109)), [0, 0, 1])
    net.graph.unbind("sw:port2")
    equal(net.send(1, mac(109)), [0, 0, 0])
    equal(net.graph.get("sw").drops, {"unbound": 1})


@case("a replacement knows what was learnt")
def replacing():
    """Unless its table has another size, or the state is dropped."""
    net = Stations()
    net.send(0, ALL)
    net.graph.replace("sw", ageing=200)
    equal(net.known(), {mac(0): 1})
    refused("EOPNOTSUPP", "the state cannot be handed over to this type; say state drop",
            net.graph.replace, "sw", "hash", ports=3)
    net.graph.replace("sw", limit=64)
    equal(net.known(), {})
    net.send(0, ALL)
    net.graph.replace("sw", state="drop")
    equal(net.known(), {})


@case("a switch between two links and the stack")
def devices():
    """Stations reach each other and the machine of the switch."""
    left = Link()
    ns = left.ns["b"]
    right = Link(ns_a=ns)
    wait_up(ns, "a", "b")
    graph = Graph(ns)
    graph.add("sw", "switch", ports=2)
    for number, device in enumerate("ab"):
        graph.add(device, "eth", device=device)
        graph.bind(f"sw:port{number}", f"{device}:wire")
    left.ns["a"].run("ip addr add 10.0.0.1/24 dev a")
    right.ns["b"].run("ip addr add 10.0.0.2/24 dev b")
    # What the stack gets by the host port it gets as received by `a`.
    graph.bind("a:host", "sw:host")
    ns.run("ip addr add 10.0.0.3/24 dev a")
    left.ns["a"].run("ping -c 3 -i 0.05 -W 5 10.0.0.2")
    right.ns["b"].run("ping -c 3 -i 0.05 -W 5 10.0.0.3")
    true(graph.get("sw").params["known"] >= 3)


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A random walk of commands under traffic, against a model of the graph.

After every step what is told must be the model, and principle 6 hold for every block.
VNET_STEPS sets the number of steps, VNET_SEED another walk.
"""

import os
import random

from vnettest.blocks import Graph
from vnettest.ktap import case, equal, note, run, true
from vnettest.links import SLOW
from vnettest.netlink import NetlinkError
from vnettest.netns import NetNS

STEPS = int(os.environ.get("VNET_STEPS", "600" if SLOW else "3000"))
# KASAN keeps what was freed until a process allocates, which it cannot while softirqs take all time.
RATE = 500 if SLOW else 20000
SEED = int(os.environ.get("VNET_SEED", "1"))

# Type: parameters to make one, whether it has a state that no other type takes over, its ports (side), lower ones first.
KINDS = {
    "eth": ({"device": "d0"}, True, {"host": "lower", "wire": "upper"}),
    "forward": ({}, False, {"lower": "lower", "upper": "upper"}),
    "counter": ({}, True, {"lower": "lower", "upper": "upper"}),
    "tee": ({}, False, {"lower": "lower", "upper": "upper", "copy": "upper"}),
    "discard": ({}, False, {"lower": "lower", "upper": "upper"}),
    "ratelimited-source": ({"rate": RATE}, True, {"lower": "lower", "upper": "upper"}),
    "queue": ({"rate": 10**7}, False, {"lower": "lower", "upper": "upper"}),
    "hash": ({"ports": 2}, False, {"lower": "lower", "upper0": "upper", "upper1": "upper"}),
    "rate-limit": ({}, False, {"lower": "lower", "upper": "upper"}),
    "check-paint": ({}, False, {"lower": "lower", "upper": "upper", "other": "upper"}),
    "mux": ({"ports": 2}, False,
            {"lower": "lower", "upper0": "upper", "upper1": "upper", "other": "upper"}),
    "bpf": ({"filter": "1\n6 0 0 1"}, False,
            {"lower": "lower", "upper": "upper", "other": "upper"}),
    "arq": ({"timeout": 20, "tries": 2}, False, {"lower": "lower", "upper": "upper"}),
    "compress": ({}, False, {"lower": "lower", "upper": "upper"}),
    "crypt": ({"key": bytes(32), "plain": 1}, False, {"lower": "lower", "upper": "upper"}),
    "fec": ({}, False, {"lower": "lower", "upper": "upper"}),
    "flow-stats": ({}, True, {"lower": "lower", "upper": "upper"}),
    "pipe": ({"rate": 10**7, "delay": 10**6}, False, {"lower": "lower", "upper": "upper"}),
    "switch": ({"ports": 2}, True, {"port0": "lower", "port1": "lower", "host": "upper"}),
}
# What types raise, and take.
RAISES = {"eth": {"carrier"}, "queue": {"congestion"}, "pipe": {"congestion"},
          "rate-limit": {"congestion"}, "arq": {"congestion"}}
TAKES = {"ratelimited-source": {"carrier", "congestion"}, "queue": {"carrier", "congestion"},
         "arq": {"carrier"}}
INGRESSES = ("netfilter", "rx-handler")
ENDS = ("eth", "discard", "ratelimited-source")
# From each port to all others, and not only to those of the other side.
ACROSS = ("switch",)


class Model:
    """What the graph should be."""

    def __init__(self):
        self.kinds = {}         # name: type
        self.peers = {}         # (name, port): (name, port)
        self.publishers = {}    # name: [name]
        self.handler = None     # name of the block that has the rx_handler of the device

    def bound(self, name):
        """Ports of a block that are bound."""
        return {port: peer for (block, port), peer in self.peers.items() if block == name}

    def made(self, name, kind, params):
        """There is such a block now."""
        self.kinds[name] = kind
        if params.get("ingress") == "rx-handler":
            self.handler = name
        elif self.handler == name:
            self.handler = None

    def subscribers(self, name):
        """Those who are subscribed to a block."""
        return [other for other, publishers in self.publishers.items() if name in publishers]

    @staticmethod
    def hears(kind, other):
        """Whether a type takes something that another one raises."""
        return bool(TAKES.get(kind, set()) & RAISES.get(other, set()))

    def fits(self, name, kind):
        """Whether all subscriptions of a block, and to it, make sense for a type."""
        return (all(self.hears(kind, self.kinds[p]) for p in self.publishers.get(name, []))
                and all(self.hears(self.kinds[s], kind) for s in self.subscribers(name)))

    def prune(self):
        """Forgets subscriptions that do not fit."""
        for name, publishers in self.publishers.items():
            publishers[:] = [p for p in publishers if self.hears(self.kinds[name], self.kinds[p])]

    def waits(self, name, goal):
        """Whether subscriptions lead from a block to another one."""
        return name == goal or any(self.waits(p, goal) for p in self.publishers.get(name, []))

    def exits(self, name, port):
        """The ports by which a packet may leave that entered by one."""
        kind = self.kinds[name]
        sides = KINDS[kind][2]
        return [out for out in sides
                if (out != port if kind in ACROSS else sides[out] != sides[port])]

    def reaches(self, start, goal, seen=None):
        """Whether a packet that enters by a port can come to enter by another one."""
        seen = set() if seen is None else seen
        name, port = start
        if start == goal:
            return True
        if start in seen or self.kinds[name] in ENDS:
            return False
        seen.add(start)
        return any(self.reaches(self.peers[name, out], goal, seen)
                   for out in self.exits(name, port) if (name, out) in self.peers)

    def closes_loop(self, upper, lower):
        """Whether a binding would make a loop."""
        self.peers[upper], self.peers[lower] = lower, upper
        found = any(self._returns(end) for end in (upper, lower))
        del self.peers[upper], self.peers[lower]
        return found

    def _returns(self, start):
        name, port = start
        if self.kinds[name] in ENDS:
            return False
        return any(self.reaches(self.peers[name, out], start)
                   for out in self.exits(name, port) if (name, out) in self.peers)


class Walk:
    """The model and the kernel, side by side."""

    def __init__(self):
        self.random = random.Random(SEED)
        ns = NetNS()
        ns.run("ip link add d0 type dummy")
        ns.run("ip link set dev d0 up")
        self.graph, self.model, self.next = Graph(ns), Model(), 0
        self.refusals = 0

    def some(self):
        """A block."""
        return self.random.choice(list(self.model.kinds))

    def expect(self, error, function, *args, **kwargs):
        """The command is refused with that error, or one of these, or done if there is none; whether it was done."""
        errors = error if isinstance(error, tuple) else (error,)
        try:
            function(*args, **kwargs)
        except NetlinkError as refusal:
            true(refusal.name in errors, f"{function.__name__} {args} {kwargs}: {refusal.name} {refusal.text}, not {errors}")
            self.refusals += 1
            return False
        true(None in errors, f"{function.__name__} {args} {kwargs} was done, not {errors}")
        return True

    def params(self, name, kind):
        """Parameters of a block that is to be made; one of the devices' blocks may have the rx_handler."""
        params = KINDS[kind][0]
        if kind != "eth":
            return params
        free = self.model.handler in (None, name)
        return {**params, "ingress": self.random.choice(INGRESSES) if free else INGRESSES[0]}

    def add(self):
        """Makes a block, or one that exists."""
        names = list(self.model.kinds)
        taken = names and self.random.random() < 0.1
        name = self.random.choice(names) if taken else f"b{self.next}"
        self.next += not taken
        kind = self.random.choice(list(KINDS))
        params = self.params(name, kind)
        if self.expect("EEXIST" if taken else None, self.graph.add, name, kind, **params):
            self.model.made(name, kind, params)

    def remove(self):
        """Removes a block."""
        name = self.some()
        busy = (self.model.bound(name) or self.model.publishers.get(name)
                or self.model.subscribers(name))
        if self.expect("EBUSY" if busy else None, self.graph.remove, name):
            self.model.made(name, None, {})
            del self.model.kinds[name]
            self.model.publishers.pop(name, None)

    def subscribe(self):
        """Has a block take the events of another one, whatever they are."""
        name, publisher = self.some(), self.some()
        kind, other = self.model.kinds[name], self.model.kinds[publisher]
        have = self.model.publishers.setdefault(name, [])
        error = None
        if name == publisher:
            error = "EINVAL"
        elif publisher in have:
            error = "EEXIST"
        elif not self.model.hears(kind, other):
            error = "EOPNOTSUPP"
        elif self.model.waits(publisher, name):
            error = "ELOOP"
        if self.expect(error, self.graph.subscribe, name, publisher):
            have.append(publisher)

    def unsubscribe(self):
        """Ends a subscription, or one that is not there."""
        all_of_them = [(s, p) for s, publishers in self.model.publishers.items() for p in publishers]
        there = all_of_them and self.random.random() < 0.9
        name, publisher = (self.random.choice(all_of_them) if there
                           else (self.some(), self.some()))
        have = self.model.publishers.get(name, [])
        error = None if publisher in have else "ENOTCONN"
        if self.expect(error, self.graph.unsubscribe, name, publisher):
            have.remove(publisher)

    def bind(self):
        """Binds two ports, whatever they are."""
        a, b = self.some(), self.some()
        port = self.random.choice(list(KINDS[self.model.kinds[a]][2]))
        other = self.random.choice(list(KINDS[self.model.kinds[b]][2]))
        sides = KINDS[self.model.kinds[a]][2][port], KINDS[self.model.kinds[b]][2][other]
        upper, lower = (a, port), (b, other)
        error = None
        if sides[0] != "lower" or (upper not in self.model.peers and sides[1] != "upper"):
            error = "EINVAL"
        elif upper in self.model.peers:
            error = "EBUSY"
        elif lower in self.model.peers:
            error = "EBUSY"
        elif self.model.closes_loop(upper, lower):
            error = "ELOOP"
        if self.expect(error, self.graph.bind, f"{a}:{port}", f"{b}:{other}"):
            self.model.peers[upper], self.model.peers[lower] = lower, upper

    def unbind(self):
        """Takes a binding apart."""
        if not self.model.peers:
            return
        end = self.random.choice(list(self.model.peers))
        peer = self.model.peers[end]
        side = KINDS[self.model.kinds[end[0]]][2][end[1]]
        text = f"{end[0]}:{end[1]}"
        self.graph.unbind(**{"upper" if side == "lower" else "lower": text})
        del self.model.peers[end], self.model.peers[peer]

    def replace(self):
        """Puts another block in the place of one."""
        name = self.some()
        old, new = self.model.kinds[name], self.random.choice(list(KINDS))
        drop = self.random.random() < 0.5
        params, ports = self.params(name, new), KINDS[new][2]
        error = None
        if old != new and not drop and KINDS[old][1]:
            error = "EOPNOTSUPP"
        elif not drop and not self.model.fits(name, new):
            error = "EOPNOTSUPP"
        elif any(ports.get(port) != KINDS[old][2][port] for port in self.model.bound(name)):
            error = "EBUSY"
        elif new not in ENDS:
            kept, self.model.kinds[name] = old, new
            loops = any(self.model._returns((name, port)) for port in ports)
            self.model.kinds[name] = kept
            error = "ELOOP" if loops else None
        if old == "arq" != new and not drop and not error:
            # Whether all is acknowledged the model does not know.
            error = (None, "EAGAIN")
        if self.expect(error, self.graph.replace, name, new, "drop" if drop else None, **params):
            self.model.made(name, new, params)
            self.model.prune()

    def step(self):
        """One command."""
        commands = [self.add] if len(self.model.kinds) < 3 else [
            self.bind, self.bind, self.bind, self.unbind, self.unbind, self.replace,
            self.subscribe, self.subscribe, self.unsubscribe]
        if len(self.model.kinds) >= 3:
            commands += [self.add] if len(self.model.kinds) < 25 else [self.remove] * 3
            commands += [self.remove]
        self.random.choice(commands)()

    def check(self):
        """What is told is the model."""
        told = self.graph.list()
        equal({name: block["kind"] for name, block in told.items()}, self.model.kinds)
        for name, block in told.items():
            equal(block.peers, self.model.bound(name), name)
            equal(block.publishers, self.model.publishers.get(name, []), name)


@case(f"{STEPS} commands under traffic")
def walk():
    """Sources send, queues hold, a device is in the middle of it."""
    both = Walk()
    for _ in range(STEPS):
        both.step()
        both.check()
    note(f"{both.refusals} commands were refused, as the model says")


@case("namespaces go with their graphs in the middle of it")
def namespaces():
    """Under traffic, again and again."""
    for _ in range(20):
        both = Walk()
        both.random.seed(both.random.random())
        for _ in range(60):
            both.step()
        both.graph.ns.close()


run()

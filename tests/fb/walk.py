#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A random walk of commands under traffic, against a model of the graph.

After every step what is told must be the model, and principle 6 hold for every block.
VNET_STEPS sets the number of steps, VNET_SEED another walk.
"""

import fcntl
import os
import random
import socket
import struct

from vnettest.blocks import Graph
from vnettest.ktap import case, equal, note, run, true
from vnettest.links import SLOW
from vnettest.netlink import NetlinkError
from vnettest.netns import NetNS
from vnettest.types import types

STEPS = int(os.environ.get("VNET_STEPS", "600" if SLOW else "3000"))
# KASAN keeps what was freed until a process allocates, which it cannot while softirqs take all time.
RATE = 500 if SLOW else 5000
SEED = int(os.environ.get("VNET_SEED", "1"))

FAMILY = 12     # of the sockets
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
DEPTH = 64      # most steps of a packet

# Type: parameters to make one, whether it has a state that no other type takes over, its ports (side), lower ones first.
KINDS = {
    "eth": ({"device": "d0"}, True, {"host": "lower", "wire": "upper"}),
    "forward": ({}, False, {"lower": "lower", "upper": "upper"}),
    "counter": ({}, True, {"lower": "lower", "upper": "upper"}),
    "tee": ({}, False, {"lower": "lower", "upper": "upper", "copy": "upper"}),
    "classifier": ({"ports": 2, "rules": [{"port": 1, "ethertype": 0x88B5}]}, False,
                   {"lower": "lower", "upper0": "upper", "upper1": "upper", "other": "upper"}),
    "discard": ({}, False, {"lower": "lower", "upper": "upper"}),
    "ratelimited-source": ({"rate": RATE}, True, {"lower": "lower", "upper": "upper"}),
    "queue": ({"rate": 10**7}, False, {"lower": "lower", "upper": "upper"}),
    "hash": ({"ports": 2}, False, {"lower": "lower", "upper0": "upper", "upper1": "upper"}),
    "rate-limit": ({}, False, {"lower": "lower", "upper": "upper"}),
    "paint": ({}, False, {"lower": "lower", "upper": "upper"}),
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
    "frame": ({}, False, {"lower": "lower", "upper": "upper"}),
    # What cannot be had twice is named by the number of the block.
    "socket": ({}, True, {"lower": "lower"}),
    "vlink": ({}, True, {"lower": "lower"}),
}
# What can be changed, and to what.
SETTINGS = {
    "tee": {"upwards": (0, 1), "downwards": (0, 1)},
    "ratelimited-source": {"rate": (RATE // 2, RATE), "size": (60, 1000), "protocol": (0x800, 0x88B5)},
    "queue": {"open": (0, 1), "rate": (0, 10**7), "packets": (1, 1000)},
    "hash": {"seed": (0, 1)},
    "rate-limit": {"rate": (10**5, 10**9)},
    "paint": {"colour": (1, 2)},
    "check-paint": {"colour": (1, 2)},
    "mux": {"protocol": (0x88B5, 0x88B6)},
    "frame": {"protocol": (0x88B5, 0x88B6)},
    "arq": {"send": (0, 1), "queue": (0, 100)},
    "fec": {"send": (0, 1), "group": (2, 4)},
    "compress": {"send": (0, 1)},
    "crypt": {"send": (0, 1), "plain": (0, 1)},
    "flow-stats": {"timeout": (1, 60)},
    "pipe": {"delay": (0, 10**6), "loss": (0, 10**18), "jitter": (0, 10**5)},
    "switch": {"ageing": (0, 300), "flush": (0, 1)},
}
# What types raise, and take.
RAISES = {"eth": {"carrier"}, "vlink": {"carrier"}, "queue": {"congestion"}, "pipe": {"congestion"},
          "rate-limit": {"congestion"}, "arq": {"congestion"}}
TAKES = {"ratelimited-source": {"carrier", "congestion"}, "queue": {"carrier", "congestion"},
         "arq": {"carrier"}}
INGRESSES = ("netfilter", "rx-handler")
ENDS = ("eth", "discard", "ratelimited-source", "socket", "vlink")
# From each port to all others, and not only to those of the other side.
ACROSS = ("switch",)
# What ports carry, if that is not what the other ports of the block do.
FRAMES = ("eth", "ratelimited-source", "classifier", "hash", "switch", "flow-stats", "pipe", "vlink", "mux", "frame")
DATAGRAMS = (("frame", "upper"), ("socket", "lower"))


def carries(kind, port):
    """What a port carries; None is what others do."""
    if (kind, port) in DATAGRAMS:
        return "datagrams"
    return "frames" if kind in FRAMES else None


class Loop(Exception):
    """A packet would not come to an end."""


class Model:
    """What the graph should be."""

    def __init__(self):
        self.kinds = {}         # name: type
        self.params = {}        # name: what was given
        self.peers = {}         # (name, port): (name, port)
        self.publishers = {}    # name: [name]
        self.handler = None     # name of the block that has the rx_handler of the device

    def bound(self, name):
        """Ports of a block that are bound."""
        return {port: peer for (block, port), peer in self.peers.items() if block == name}

    def made(self, name, kind, params):
        """There is such a block now."""
        kept = self.params[name] if self.kinds.get(name) == kind else {}
        self.kinds[name], self.params[name] = kind, {**kept, **params}
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

    def judgement(self):
        """The error that the graph as it stands is refused with, or none."""
        for (name, port), peer in self.peers.items():
            kind = carries(self.kinds[name], port)
            if kind and not self.carried(kind, peer, set()):
                return "EPROTOTYPE"
        try:
            depths, ends = {}, ((n, port) for n, kind in self.kinds.items() for port in KINDS[kind][2])
            deepest = max([self.depth(end, depths) for end in ends], default=0)
        except Loop:
            return "ELOOP"
        return "E2BIG" if deepest > DEPTH else None

    def carried(self, kind, end, seen):
        """Whether what enters by a port may be of a kind, there and beyond."""
        if end in seen:
            return True
        seen.add(end)
        name, port = end
        own = carries(self.kinds[name], port)
        if own:
            return own == kind
        others = [out for out in self.bound(name) if not carries(self.kinds[name], out)]
        return all(self.carried(kind, self.peers[name, out], seen) for out in others)

    def depth(self, start, known):
        """Most steps of a packet that enters by a port; a Loop if they have no end."""
        name, port = start
        if start not in known:
            known[start] = None
            exits = () if self.kinds[name] in ENDS else self.exits(name, port)
            ways = [self.peers[name, out] for out in exits if (name, out) in self.peers]
            known[start] = 1 + max([self.depth(way, known) for way in ways], default=0)
        if known[start] is None:
            raise Loop
        return known[start]

    def judgement_with(self, upper, lower):
        """The error that a binding is refused with, or none."""
        self.peers[upper], self.peers[lower] = lower, upper
        error = self.judgement()
        del self.peers[upper], self.peers[lower]
        return error

    def judgement_of(self, name, kind):
        """The error that another type of a block is refused with, or none."""
        old, self.kinds[name] = self.kinds[name], kind
        error = self.judgement()
        self.kinds[name] = old
        return error


class Walk:
    """The model and the kernel, side by side."""

    def __init__(self):
        self.random = random.Random(SEED)
        ns = NetNS()
        ns.run("ip link add d0 type dummy")
        ns.up("d0")
        self.graph, self.model, self.next = Graph(ns), Model(), 0
        self.refusals = self.most = 0
        # The graph becomes full for a while, and then empty.
        self.grows = True

    def some(self, kinds=KINDS):
        """A block, of some types if there is one."""
        names = [name for name, kind in self.model.kinds.items() if kind in kinds]
        return self.random.choice(names or list(self.model.kinds))

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
        if kind == "socket":
            return {"chain": int(name[1:])}
        if kind == "vlink":
            return {"device": f"v{name}"}
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
            del self.model.kinds[name], self.model.params[name]
            self.model.publishers.pop(name, None)

    def subscribe(self):
        """Has a block take the events of another one, whatever they are."""
        sensible = self.random.random() < 0.7
        name, publisher = self.some(TAKES if sensible else KINDS), self.some(RAISES if sensible else KINDS)
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

    def port(self, name, side):
        """A port of a block, of that side if it has one."""
        sides = KINDS[self.model.kinds[name]][2]
        ports = [port for port, its in sides.items() if its == side]
        return self.random.choice(ports or list(sides))

    def bind(self):
        """Binds two ports, whatever they are."""
        a, b = self.some(), self.some()
        sensible = self.random.random() < 0.8
        port = self.port(a, "lower" if sensible else None)
        other = self.port(b, "upper" if sensible else None)
        sides = KINDS[self.model.kinds[a]][2][port], KINDS[self.model.kinds[b]][2][other]
        upper, lower = (a, port), (b, other)
        error = None
        if sides[0] != "lower" or (upper not in self.model.peers and sides[1] != "upper"):
            error = "EINVAL"
        elif upper in self.model.peers:
            error = "EBUSY"
        elif lower in self.model.peers:
            error = "EBUSY"
        else:
            error = self.model.judgement_with(upper, lower)
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
        else:
            error = self.model.judgement_of(name, new)
        if old == "arq" != new and not drop and not error:
            # Whether all is acknowledged the model does not know.
            error = (None, "EAGAIN")
        if self.expect(error, self.graph.replace, name, new, "drop" if drop else None, **params):
            self.model.made(name, new, params)
            self.model.prune()

    def set(self):
        """Changes a parameter, of a block that has one."""
        name = self.some()
        settings = SETTINGS.get(self.model.kinds[name])
        if settings:
            param, values = self.random.choice(list(settings.items()))
            value = self.random.choice(values)
            self.graph.set(name, **{param: value})
            self.model.params[name][param] = value

    def talk(self):
        """An application sends something, if there is a block for that."""
        ways = {"socket": self.on_chain, "vlink": self.on_device}
        ends = [(name, ways[kind]) for name, kind in self.model.kinds.items() if kind in ways]
        if not ends:
            return
        name, way = self.random.choice(ends)
        with self.graph.ns:
            sock = way(name)
        with sock:
            for _ in range(3):
                try:
                    sock.send(bytes(100), socket.MSG_DONTWAIT)
                except OSError:
                    pass        # nothing is bound, the device is down, or too much waits

    @staticmethod
    def on_chain(name):
        """A socket on the chain of a block."""
        return socket.socket(FAMILY, socket.SOCK_DGRAM, int(name[1:]))

    @staticmethod
    def on_device(name):
        """A socket on the device of a block, which goes up or down."""
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.bind((f"v{name}", 0))
        request = struct.pack("16sh22x", f"v{name}".encode(), 0)
        flags = struct.unpack_from("16xh", fcntl.ioctl(sock, SIOCGIFFLAGS, request))[0]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh22x", f"v{name}".encode(), flags ^ IFF_UP))
        return sock

    def step(self):
        """One command."""
        if self.random.random() < (1 / 200 if self.grows else 1 / 50):
            self.grows = not self.grows
        commands = [self.bind] * 4 + [self.unbind, self.replace, self.subscribe, self.subscribe,
                                      self.unsubscribe, self.set, self.talk, self.add, self.remove]
        if self.grows:
            commands += [self.bind] * 4 + [self.add] * 3
        else:
            commands += [self.unbind] * 6 + [self.remove] * 4
        if len(self.model.kinds) < 3:
            commands = [self.add]
        elif len(self.model.kinds) >= 25:
            commands = [command for command in commands if command != self.add]
        self.random.choice(commands)()

    def check(self):
        """What is told is the model."""
        told = self.graph.list()
        equal({name: block["kind"] for name, block in told.items()}, self.model.kinds)
        for name, block in told.items():
            equal(block.peers, self.model.bound(name), name)
            equal(block.publishers, self.model.publishers.get(name, []), name)
            given = self.model.params[name]
            equal({n: block.params[n] for n, v in given.items() if isinstance(v, int)},
                  {n: v for n, v in given.items() if isinstance(v, int)}, name)


@case("all types are in the walk")
def complete():
    """None was forgotten."""
    equal(sorted(KINDS), sorted(types()))


@case(f"{STEPS} commands under traffic")
def walk():
    """Sources send, queues hold, a device is in the middle of it."""
    both = Walk()
    for _ in range(STEPS):
        both.step()
        both.check()
        both.most = max(both.most, len(both.model.peers) // 2)
    note(f"{both.refusals} commands were refused, as the model says; at most {both.most} bindings")


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

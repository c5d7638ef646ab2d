#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`chains:` of a topology file: made with the lab, and changed with the file."""

import json

from lab import file, up, vnetctl
from vnettest.ktap import case, contains, equal, run, true

LAB = """
name: t
nodes: {a: host, b: router, c: host}
links: [[a, "b:eth0"], ["b:eth1", c]]
"""

CHAIN = LAB + """
chains:
  b: eth0:wire -> counter c1 -> forward f1 -> eth0:host
"""

SHOWN = "b\n  eth eth0:wire -> counter c1 -> forward f1 -> eth eth0:host\n"


def shown():
    """The graph of b."""
    return vnetctl("fb", "show", "b").out


def counted():
    """What c1 of b has counted upwards."""
    return int(vnetctl("fb", "get", "b", "c1", "up-packets").out)


def plan(text):
    """What `plan` would do to chains, in words."""
    path = file(text)
    result = vnetctl("plan", path, "--json", status=None)
    return [detail["step"] for operation in json.loads(result.out) if operation["kind"] == "chains"
            for detail in operation["details"]]


@case("a lab comes up with its chains, and programs talk through them")
def made():
    """A second time nothing is done."""
    up(CHAIN)
    equal(shown(), SHOWN)
    vnetctl("exec", "a", "ping", "-c", "3", "-i", "0.01", "c")
    true(counted() >= 3)
    equal(plan(CHAIN), [])
    up(CHAIN)
    equal(shown(), SHOWN)


@case("a key is set once, and another one in its place")
def keys():
    """It is not told: what the block has is known by its digest."""
    one, two = (CHAIN.replace("counter c1", f"crypt k(key=0x{key}, send=0, plain=1)")
                for key in (16 * "11", 32 * "22"))
    up(one)
    equal(plan(one), [])
    equal(plan(two), ["block k changes (key)"])
    up(two)
    equal(plan(two), [])
    vnetctl("fb", "set", "b", "k", f"key=0x{16 * '33'}")
    equal(plan(two), ["block k changes (key)"])


@case("an edited file changes only what differs")
def edited():
    """The counter that stays counts on."""
    up(CHAIN)
    vnetctl("exec", "a", "ping", "-c", "3", "-i", "0.01", "c")
    before = counted()
    without = CHAIN.replace("-> forward f1 ", "")
    equal(plan(without), ["unbind c1:upper -> f1:lower", "unbind f1:upper -> eth0:host", "block f1 goes",
                          "bind c1 -> eth0:host"])
    up(without)
    equal(shown(), "b\n  eth eth0:wire -> counter c1 -> eth eth0:host\n")
    true(counted() >= before > 0, "state is kept")
    other = CHAIN.replace("forward f1", "counter f1")
    up(CHAIN)
    equal(plan(other), ["block f1 becomes counter"])
    up(other)
    equal(shown(), SHOWN.replace("forward f1", "counter f1"))
    true(counted() >= before > 0)
    contains(up(other.replace("counter c1", "forward c1")).err,
             "node b: block c1 becomes forward, and the state that it had is dropped")
    up(LAB)
    equal(shown(), "b\n")
    vnetctl("exec", "a", "ping", "-c", "1", "c")


@case("subscriptions are as the file says")
def subscribed():
    """They come with the lab, change with the file, and are again what it says when they were changed by hand."""
    text = LAB + """
chains:
  b:
    blocks:
      q: {type: queue, subscribe: [eth0, eth1]}
    bind:
      - eth0:wire -> q -> eth0:host
      - eth1:wire -> queue r(subscribe=eth1) -> eth1:host
"""
    up(text)
    contains(shown(), "  queue q is subscribed to eth eth0\n  queue q is subscribed to eth eth1\n"
                      "  queue r is subscribed to eth eth1\n")
    equal(plan(text), [])
    other = text.replace("[eth0, eth1]", "eth0").replace("(subscribe=eth1)", "(subscribe=eth1 q)")
    equal(plan(other), ["unsubscribe q from eth1", "subscribe r to q"])
    up(other)
    vnetctl("fb", "unsubscribe", "b", "r", "q")
    vnetctl("fb", "subscribe", "b", "q", "eth1")
    up(other)
    equal(plan(other), [])
    up(CHAIN)
    equal(shown(), SHOWN)
    wrong = vnetctl("check", file(text.replace("eth0, eth1", "eth0, eth9, q")), status=1).err
    contains(wrong, "`b` has no block `eth9`")
    contains(wrong, "`q` is subscribed to itself")


@case("blocks and bindings stand by themselves, too")
def apart():
    """Two chains in a node, one as a list."""
    up(LAB + """
chains:
  b:
    blocks:
      left: {type: eth, device: eth0}
      c1: counter
    bind:
      - [left:wire, c1, left:host]
      - eth1:wire -> counter c2 -> eth1:host
""")
    contains(shown(), "  eth left:wire -> counter c1 -> eth left:host\n")
    contains(shown(), "  eth eth1:wire -> counter c2 -> eth eth1:host\n")
    vnetctl("exec", "a", "ping", "-c", "1", "c")
    vnetctl("restart", "b")
    contains(shown(), "  eth left:wire -> counter c1 -> eth left:host\n")
    vnetctl("exec", "a", "ping", "-c", "1", "c")


@case("what was changed by hand is again as in the file")
def by_hand():
    """Blocks that are not of the file stay."""
    up(CHAIN)
    vnetctl("fb", "add", "b", "counter", "mine")
    vnetctl("fb", "unbind", "b", "c1")
    vnetctl("fb", "bind", "b", "eth0:wire", "mine", "c1")
    up(CHAIN)
    equal(shown(), SHOWN + "  counter mine (not bound)\n")


@case("a device that comes anew gets its chain back")
def device():
    """Its node at the other end was made again."""
    up(CHAIN)
    vnetctl("restart", "a")
    equal(shown(), SHOWN)
    vnetctl("exec", "a", "ping", "-c", "1", "c")
    true(counted() >= 1)


@case("mistakes are told, and the lab stays what it was")
def refused():
    """Unknown types, parameters and ports with their place in the file; what only the module knows by it."""
    up(CHAIN)
    for wrong, message in (
            ("forwrd f1", "there is no type `forwrd` of blocks; did you mean `forward`?"),
            ("forward f1(speed=3)", "the type `forward` has no parameter `speed`; it has none"),
            ("forward f1::side", "has no port `side`; it has lower, upper"),
            ("frame f1", "one side carries frames, the other one datagrams")):
        contains(up(CHAIN.replace("forward f1", wrong), status=1).err, message)
        equal(shown(), SHOWN, wrong)


run()

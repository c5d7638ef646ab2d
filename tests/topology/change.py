#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Changing a running lab by its file."""

import json

from lab import PLAIN, file, listing, start, up, vnetctl
from vnettest.ktap import case, contains, equal, run

BASE = PLAIN.format(lab="t")

ADDRESSED = """
name: t
addressing: {ipv6: none}
nodes:
  a: {kind: host, interfaces: {d0: 10.9.0.1/32}}
  b: {kind: router, routes: [10.8.0.0/16 via 10.0.0.1]}
links:
  - {ends: [{node: a, addresses: 10.0.0.1/24}, {node: b, addresses: 10.0.0.2/24}]}
"""


def inits():
    """First processes of nodes by name: the same number is the same node."""
    return {node["name"]: node["init"] for node in listing("ps")[0]["nodes"]}


@case("a changed parameter changes nothing else, and no packet is lost")
def parameter():
    """While a ping runs."""
    up(BASE, "--wait=ping")
    before = inits()
    ping = start("exec", "a", "ping", "-q", "-i0.01", "-c200", "c")
    for delay in ("3ms", "9ms", "1ms", "5ms"):
        contains(up(BASE.replace("1ms", delay)).out, "~ link a-b\n")
    contains(ping.stdout.read(), "200 received, 0% packet loss")
    equal(inits(), before)


@case("plan shows what up would do, and does nothing")
def plan():
    """Exit status 2 for changes, 0 for none."""
    up(BASE)
    equal(vnetctl("plan", file(BASE)).out, "nothing to change\n")
    result = vnetctl("plan", file(BASE.replace("delay: 1ms", "delay: 2ms, mtu: 9000")), status=2)
    equal(result.out, "~ link a-b\n      mtu: 1500 -> 9000\n      delay: 1ms -> 2ms\n")
    equal(vnetctl("plan", file(BASE)).out, "nothing to change\n")


@case("nodes and links come and go while the others live")
def membership():
    """What stays is reached all the time."""
    more = BASE.replace("c: host", "c: host, d: host") + "  - [b, d]\n"
    up(BASE, "--wait=ping")
    before = inits()
    ping = start("exec", "a", "ping", "-q", "-i0.01", "-c200", "c")
    up(more, "--wait=ping")
    contains(vnetctl("exec", "a", "ping", "-c1", "-W2", "d").out, " 0% packet loss")
    up(BASE, "--wait=ping")
    contains(ping.stdout.read(), "200 received, 0% packet loss")
    equal(inits(), before)
    equal([link["name"] for link in listing("link", "show")], ["a-b", "b-c"])


@case("what link set has changed is seen as a difference")
def by_hand():
    """And up makes it what the file says."""
    up(BASE)
    vnetctl("link", "set", "a-b", "delay", "9ms")
    equal(vnetctl("plan", file(BASE), status=2).out, "~ link a-b\n      delay: 9ms -> 1ms\n")
    up(BASE)
    [link] = listing("link", "show", "a-b")
    equal(link["directions"][0]["configured"]["delay"], 1_000_000)


@case("a change that fails is undone")
def undone():
    """Nodes, links and parameters are as before."""
    up(BASE, "--wait=ping")
    before = inits()
    worse = BASE.replace("1ms", "7ms").replace("c: host", "c: host, d: {kind: host, commands: ['false']}")
    contains(up(worse + "  - [b, d]\n", status=1).err, "command `false`")
    equal(inits(), before)
    equal(vnetctl("plan", file(BASE)).out, "nothing to change\n")
    [link] = listing("link", "show", "a-b")
    equal(link["directions"][0]["configured"]["delay"], 1_000_000)
    equal([link["name"] for link in listing("link", "show")], ["a-b", "b-c"])
    contains(vnetctl("exec", "a", "ping", "-c1", "-W2", "c").out, " 0% packet loss")


def addresses(node, interface):
    """IPv4 addresses of an interface."""
    [found] = json.loads(vnetctl("exec", node, "ip", "-j", "-4", "addr", "show", "dev", interface).out)
    return [f"{one['local']}/{one['prefixlen']}" for one in found["addr_info"]]


@case("addresses change in living nodes")
def readdressed():
    """Names follow; what somebody else has added stays; an address of the same subnet comes and stays."""
    up(ADDRESSED)
    before = inits()
    vnetctl("exec", "b", "ip", "addr", "add", "10.66.0.1/32", "dev", "to-a")
    new = ADDRESSED.replace("10.0.0.2/24", "10.0.0.3/24").replace("d0: 10.9.0.1/32", "d0: 10.9.0.2/32")
    up(new, "--wait=ping")
    equal(inits(), before)
    equal(sorted(addresses("b", "to-a")), ["10.0.0.3/24", "10.66.0.1/32"])
    equal(addresses("a", "d0"), ["10.9.0.2/32"])
    contains(vnetctl("exec", "a", "ping", "-c1", "-W2", "b").out, "10.0.0.3")
    equal(vnetctl("plan", file(new)).out, "nothing to change\n")


run()

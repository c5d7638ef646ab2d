#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Changing a running lab by its file."""

import json

from lab import PLAIN, Terminal, file, listing, start, up, vnetctl
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

PROGRAMS = """
name: t
nodes:
  a:
    files: {/etc/motd: "one\\n"}
    daemons:
      - {name: stays, command: [sleep, "1001"]}
      - {name: changes, command: [sleep, "1002"]}
      - {name: goes, command: [sleep, "1003"]}
    commands: [cat /etc/motd >> /tmp/seen]
  b: {daemons: [{name: other, command: [sleep, "1005"]}]}
links: [[a, b]]
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


def unchanged(text):
    """Nothing is left to do for this file."""
    equal(vnetctl("plan", file(text)).out, "nothing to change\n")


def addresses(node, interface):
    """IPv4 addresses of an interface."""
    [found] = json.loads(vnetctl("exec", node, "ip", "-j", "-4", "addr", "show", "dev", interface).out)
    return [f"{one['local']}/{one['prefixlen']}" for one in found["addr_info"]]


def routes(node):
    """Next hops by destination, as far as there are any."""
    found = json.loads(vnetctl("exec", node, "ip", "-j", "-4", "route").out)
    return {one["dst"]: one["gateway"] for one in found if "gateway" in one}


def sleepers(node):
    """What sleeps in a node: argument and process."""
    lines = vnetctl("exec", node, "ps", "-o", "pid=,args=", "-A").out.splitlines()
    return {words[2]: words[0] for words in map(str.split, lines) if words[1] == "sleep"}


@case("plan tells addresses, interfaces and routes from what to what")
def fields():
    """In words and as JSON."""
    up(ADDRESSED)
    new = ADDRESSED.replace("10.0.0.2/24", "10.0.0.3/24").replace("10.8.0.0", "10.7.0.0").replace(
        "{d0: 10.9.0.1/32}", "{d0: {addresses: [10.9.0.1/32, 10.9.0.2/32], mtu: 1400}}")
    equal(vnetctl("plan", file(new), status=2).out, """\
~ node a
      d0 addresses: 10.9.0.1/32 -> 10.9.0.1/32, 10.9.0.2/32
      d0 mtu: none -> 1400
      route 0.0.0.0/0: via 10.0.0.2 -> via 10.0.0.3
~ node b
      to-a addresses: 10.0.0.2/24 -> 10.0.0.3/24
      route 10.7.0.0/16: none -> via 10.0.0.1
      route 10.8.0.0/16: via 10.0.0.1 -> none
~ hosts /etc/hosts
""")
    told = json.loads(vnetctl("plan", "--json", file(new), status=2).out)
    equal([(one["action"], one["kind"], one["name"]) for one in told],
          [("change", "node", "a"), ("change", "node", "b"), ("change", "hosts", "/etc/hosts")])
    equal(told[1]["details"], [
        {"field": "to-a addresses", "from": "10.0.0.2/24", "to": "10.0.0.3/24"},
        {"field": "route 10.7.0.0/16", "to": "via 10.0.0.1"},
        {"field": "route 10.8.0.0/16", "from": "via 10.0.0.1"},
    ])
    equal(json.loads(vnetctl("plan", "--json", file(ADDRESSED)).out), [])


@case("plan tells why a node is made anew")
def anew():
    """What a living node cannot be given."""
    up(BASE)
    new = BASE.replace("a: host", "a: {kind: host, env: {X: y}}")
    told = vnetctl("plan", file(new), status=2).out
    equal(told, "! node a\n      env X: - -> y\n! link a-b\n")
    equal(json.loads(vnetctl("plan", "--json", file(new), status=2).out)[0], {
        "action": "replace", "kind": "node", "name": "a",
        "details": [{"field": "env X", "from": "-", "to": "y"}],
    })


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
    unchanged(new)


@case("routes change in living nodes")
def rerouted():
    """Those of somebody else stay."""
    up(ADDRESSED)
    before = inits()
    vnetctl("exec", "b", "ip", "route", "add", "10.66.0.0/16", "via", "10.0.0.1")
    new = ADDRESSED.replace("[10.8.0.0/16 via 10.0.0.1]", "[10.8.0.0/16 via 10.0.0.9, 10.7.0.0/16 via 10.0.0.1]")
    up(new)
    equal(inits(), before)
    equal(routes("b"), {"10.7.0.0/16": "10.0.0.1", "10.8.0.0/16": "10.0.0.9", "10.66.0.0/16": "10.0.0.1"})
    unchanged(new)
    up(ADDRESSED)
    equal(routes("b"), {"10.8.0.0/16": "10.0.0.1", "10.66.0.0/16": "10.0.0.1"})


@case("daemons come, go and change while the others run")
def daemons():
    """Each by itself."""
    up(PROGRAMS)
    nodes, before = inits(), sleepers("a")
    equal(sorted(before), ["1001", "1002", "1003"])
    new = PROGRAMS.replace("1002", "1004").replace('name: goes, command: [sleep, "1003"]', 'name: comes, command: [sleep, "1006"]')
    told = up(new).out
    for line in ("daemon goes stops", "daemon changes starts again", "daemon comes starts"):
        contains(told, f"      {line}\n")
    equal(inits(), nodes)
    after = sleepers("a")
    equal((sorted(after), after["1001"]), (["1001", "1004", "1006"], before["1001"]))
    equal(vnetctl("exec", "a", "cat", "/tmp/seen").out, "one\n")
    unchanged(new)


@case("a file alone changes, and the programs that may read it start again")
def rewritten():
    """In its node only."""
    up(PROGRAMS)
    nodes, before, other = inits(), sleepers("a"), sleepers("b")
    new = PROGRAMS.replace("one", "two")
    contains(vnetctl("plan", file(new), status=2).out, "~ node a\n      file /etc/motd\n")
    up(new)
    equal(inits(), nodes)
    equal(vnetctl("exec", "a", "cat", "/etc/motd", "/tmp/seen").out, "two\none\ntwo\n")
    after = sleepers("a")
    equal(sorted(after), sorted(before))
    equal(set(after.values()) & set(before.values()), set())
    equal(sleepers("b"), other)
    unchanged(new)


@case("a terminal stays open while the lab changes")
def terminal():
    """Around its node and in it."""
    up(ADDRESSED)
    shell = Terminal("a")
    shell.type("X=41; echo ready-$((X-1))\n")
    shell.expect("ready-40")
    more = ADDRESSED.replace("  b: {", "  c: host\n  b: {").replace("10.0.0.2/24", "10.0.0.3/24") + "  - [b, c]\n"
    up(more, "--wait=ping")
    shell.type("ping -c1 -W2 10.0.0.3; echo done-$?-$((X+1))\n")
    shell.expect(" 0% packet loss")
    shell.expect("done-0-42")
    up(ADDRESSED, "--wait=ping")
    shell.type("ping -c1 -W2 b; echo done-$?-$((X+2))\n")
    shell.expect("done-0-43")
    shell.type("exit 7\n")
    equal(shell.wait(), 7)


run()

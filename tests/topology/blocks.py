#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`vnetctl fb`: functional blocks of nodes of a lab that is up."""

import hashlib
import json
import os
import re

from lab import PLAIN, file, start, until, up, vnetctl
from vnettest.ktap import case, contains, equal, run, true


def lab():
    """a and b talk through b's chain of a counter."""
    up(PLAIN.format(lab="t"))
    vnetctl("fb", "add", "b", "eth", "e", "device=to-a")
    vnetctl("fb", "add", "b", "counter", "c")
    vnetctl("fb", "bind", "b", "e:wire", "c", "e:host")


def fb(*words, status=0):
    """What a command prints, or complains about."""
    result = vnetctl("fb", *words, status=status)
    return result.err if status else result.out


@case("a chain is made, shown, and taken apart while packets pass")
def life():
    """As text, for Graphviz, as JSON."""
    lab()
    equal(fb("show", "b"), "b\n  eth e:wire -> counter c -> eth e:host\n")
    contains(fb("show", "--format", "dot"), '"b/e" -> "b/c" [dir=both, taillabel="wire", headlabel="lower"];')
    told = json.loads(fb("show", "--format", "json"))
    equal(told[0]["bindings"][0], {"lower": {"block": "e", "port": "wire"}, "upper": {"block": "c", "port": "lower"}})
    vnetctl("exec", "a", "ping", "-c", "3", "-i", "0.01", "b")
    true(int(fb("get", "b", "c", "up-packets")) >= 3)
    listed = {block["name"]: block for block in json.loads(fb("list", "--json"))}
    true(listed["c"]["counters"]["in-packets"] >= 6)
    equal(listed["e"]["parameters"]["device"], "to-a")
    contains(fb("list", "b"), "counter")
    packets = int(fb("get", "b", "c", "up-packets"))
    fb("replace", "b", "c")
    true(int(fb("get", "b", "c", "up-packets")) >= packets, "the state is handed over")
    fb("replace", "b", "c", "--type", "forward", "--drop-state")
    equal(fb("show", "b"), "b\n  eth e:wire -> forward c -> eth e:host\n")
    vnetctl("exec", "a", "ping", "-c", "1", "b")
    fb("unbind", "b", "c", "e:host")
    equal(fb("show", "b"), "b\n  eth e:wire -> forward c\n")
    fb("unbind", "b", "e")
    fb("rm", "b", "c", "e")
    contains(fb("list"), "no blocks")
    vnetctl("exec", "a", "ping", "-c", "1", "b")


@case("the stack changes under a conversation")
def changed():
    """The example topologies/reliable.yaml: over a line that loses frames, with arq all arrive."""
    with open(f"{os.path.dirname(os.path.realpath(__file__))}/../../topologies/reliable.yaml",
              encoding="utf-8") as file:
        up(file.read())

    def answers(count=40):
        said = vnetctl("exec", "a", "ping", "-4", "-c", count, "-i", "0.02", "b", status=None).out
        return int(re.search(r"(\d+) received", said)[1])

    def replies():
        said = vnetctl("exec", "a", "cat", "/proc/net/snmp").out
        names, numbers = (line.split() for line in said.splitlines() if line.startswith("Icmp:"))
        return int(numbers[names.index("InEchoReps")])

    # ARP has to get through first.
    for _ in range(20):
        if answers(5):
            break
    true(answers() < 40, "some are lost")
    for node in "ba":
        fb("replace", node, "way", "--type", "arq", "timeout=20", "tries=30")
    # The last ones may be late, and ping does not wait for long: what a has received counts.
    before = replies()
    answers()
    until(lambda: replies() >= before + 40, "all answers are there")
    equal(replies(), before + 40)
    true(int(fb("get", "a", "way", "again")) + int(fb("get", "b", "way", "again")) > 0)
    for node in "ab":
        fb("replace", node, "way", "--type", "forward", "--drop-state")
    equal(fb("show", "a"), "a\n  eth eth0:wire -> forward way -> eth eth0:host\n")


@case("a key comes from a file or from standard input, and not from the command line")
def keys():
    """When a block is made, changed and replaced; with other parameters on the command line."""
    lab()
    old, new = 16 * "11", 32 * "22"

    def has(key, name="key-id"):
        equal(fb("get", "b", "k", name).strip(), f"0x{hashlib.sha256(bytes.fromhex(key)).hexdigest()[:16]}", name)

    fb("add", "b", "crypt", "k", "window=64", "--from", file(f"key=0x{old}\n"))
    has(old)
    vnetctl("fb", "set", "b", "k", "--from", "-", stdin=f"key=0x{new}\n\nother-key=0x{old}\n")
    has(new)
    has(old, "other-key-id")
    vnetctl("fb", "replace", "b", "k", "send=false", "--from=-", stdin=f"key=0x{old}\n")
    has(old)
    equal(fb("get", "b", "k", "window", "send"), "64\nfalse\n")
    contains(fb("add", "b", "crypt", "l", "--from", file(""), status=1), "a block of type crypt needs key=VALUE")
    wrong = vnetctl("fb", "set", "b", "k", "--from", "-", stdin=f"send=true\n0x{new}\n", status=1).err
    equal(wrong, "vnetctl: -: line 2 is not PARAMETER=VALUE\n", "what is in it is not told")
    equal(fb("get", "b", "k", "send"), "false\n")


@case("times are told and taken in their units")
def times():
    """Whatever the unit that the type declares."""
    lab()
    fb("add", "b", "arq", "r", "timeout=1.5s")
    equal(fb("get", "b", "r", "timeout"), "1.5s\n")
    fb("set", "b", "r", "timeout=20")
    equal(fb("get", "b", "r", "timeout"), "20ms\n")
    contains(fb("set", "b", "r", "timeout=1500us", status=1), "`1500us` is not a whole number of ms")
    contains(fb("types", "arq"), "timeout (1ms to 60s; default 100ms): ")
    contains(fb("types", "arq"), "queue (0 to 65536, in packets; default 1000): ")


@case("mistakes are told with what to do")
def mistakes():
    """Before the kernel is asked where that is possible."""
    lab()
    contains(fb("add", "x", "counter", "y", status=1), "no node x")
    contains(fb("add", "b", "countr", "y", status=1), "there is no type of blocks countr; did you mean counter?")
    contains(fb("add", "b", "eth", "y", status=1), "a block of type eth needs device=VALUE")
    contains(fb("add", "b", "eth", "y", "devise=eth0", status=1), "did you mean device?")
    contains(fb("add", "b", "eth", "y", "device=eth9", status=1), "there is no such device")
    contains(fb("set", "b", "c", "up-packets=1", status=1), "up-packets is a reading of the block and cannot be set")
    contains(fb("set", "b", "e", "device=eth1", status=1), "use `vnetctl fb replace` to change it")
    contains(fb("get", "b", "cc", status=1), "node b has no block cc")
    contains(fb("rm", "b", "c", status=1), "it is bound; take it out of its chain first")
    contains(fb("bind", "b", "e:wire", "c", status=1), "cannot bind e:wire to c above it in b: the block has no free lower port")
    contains(fb("bind", "b", "e:wire", "c:x", "e", status=1), "which way does `x` face?")
    contains(fb("unbind", "b", "e:x", status=1), "block e of b has no port x; it has wire, host")
    equal(fb("show", "b"), "b\n  eth e:wire -> counter c -> eth e:host\n")
    fb("add", "b", "forward", "f")
    fb("add", "b", "forward", "g")
    contains(fb("bind", "b", "f", "g", "e", status=1), "cannot bind g to e above it in b")
    contains(fb("show", "b"), "forward f (not bound)\n  forward g (not bound)\n")
    contains(fb("unbind", "b", "e:wire", "c", "f", status=1), "cannot unbind c and f in b")
    contains(fb("show", "b"), "b\n  eth e:wire -> counter c -> eth e:host\n", "what was taken apart is bound again")
    fb("rm", "--unbind", "b", "c", "f", "g", "e")


@case("events are told as they happen")
def events():
    """Until so many have come."""
    lab()
    process = start("fb", "events", "b", "--count", "3")
    number = 0
    while process.poll() is None:
        number += 1
        fb("add", "b", "forward", f"f{number}")
        fb("rm", "b", f"f{number}")
    lines = process.stdout.read().splitlines()
    equal(len(lines), 3)
    true(all(line.startswith(("b new forward f", "b removed forward f")) for line in lines), str(lines))


@case("blocks take the events of others")
def subscriptions():
    """By hand; shown as text, for Graphviz, as JSON, and undone when it fails half way."""
    lab()
    fb("add", "b", "queue", "q")
    fb("add", "b", "queue", "r")
    fb("subscribe", "b", "q", "e", "r")
    contains(fb("show", "b"), "  queue q is subscribed to eth e\n  queue q is subscribed to queue r\n")
    contains(fb("show", "--format", "dot"), '"b/e" -> "b/q" [style=dashed, constraint=false];')
    equal(json.loads(fb("show", "--format", "json"))[0]["subscriptions"][0], {"subscriber": "q", "publisher": "e"})
    equal(json.loads(fb("get", "b", "q", "--json"))["subscriptions"], ["e", "r"])
    contains(fb("subscribe", "b", "r", "e", "q", status=1), "cannot subscribe r to q in b: blocks would wait for each other")
    equal(json.loads(fb("get", "b", "r", "--json"))["subscriptions"], [])
    contains(fb("subscribe", "b", "q", "x", status=1), "node b has no block x")
    contains(fb("rm", "b", "q", status=1), "q is subscribed to e; end that first")
    fb("unsubscribe", "b", "q", "r")
    fb("unsubscribe", "b", "q")
    contains(fb("unsubscribe", "b", "q", status=1), "q of b is not subscribed to anything")
    fb("subscribe", "b", "q", "e")
    fb("rm", "--unbind", "b", "e", "q", "r", "c")
    contains(fb("types", "queue"), "events\n  takes carrier: ")


@case("types tell what there is")
def types():
    """As a table, in detail, as JSON; and for completion."""
    lab()
    contains(fb("types"), "counts what passes, each way by itself")
    contains(fb("types", "eth"), "device (text, at most 15 bytes; only when the block is made; required): ")
    names = {kind["name"] for kind in json.loads(fb("types", "--json"))}
    true({"eth", "forward", "counter"} <= names)


run()

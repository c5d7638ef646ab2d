#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Broadcast media: the examples run, the matrix changes in flight, what is read back is what was said."""

import json
import os
import re
import time

from lab import file, listing, remains, start, until, up, vnetctl
from vnettest.ktap import case, contains, equal, run, timely, true

MS, PERCENT = 10**6, 10**17
EXAMPLES = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../topologies")
RADIO = """
name: t
nodes: {a: host, b: host, c: host}
media:
  radio:
    ports: [a, b, {node: c, rate: 1mbit}]
    rate: 10mbit
    delay: 1ms
    pairs: {a -> c: {delay: 5ms}}
"""


def example(name):
    """The text of an example."""
    with open(os.path.join(EXAMPLES, name), encoding="utf-8") as handle:
        return handle.read()


def ping(source, target, *args, status=0):
    """What a ping says."""
    return vnetctl("exec", source, "ping", "-c2", "-i0.01", "-W2", *args, target, status=status).out


def answers(medium, source, target):
    """All is answered but for what bit errors have taken, which is counted."""
    told = ping(source, target)
    missing = 2 - int(re.search(r"(\d+) received", told).group(1))
    [found] = listing("medium", "show", medium)
    taken = sum(drop["frames"] for pair in found["pairs"] for drop in pair["counters"]["drop"]
                if drop["cause-name"] == "ber")
    true(missing <= taken, told)


def round_trip(source, target):
    """The shortest round trip, ms."""
    return float(re.search(r"= ([\d.]+)/", ping(source, target)).group(1))


def matrix(name):
    """Parameters of the ways as the kernel has them, by the names of the nodes."""
    [medium] = listing("medium", "show", name)
    return {(pair["from"], pair["to"]): pair["configured"] for pair in medium["pairs"]}


def delays(name):
    """Delays of the ways in ms."""
    return {pair: told["delay"] // MS for pair, told in matrix(name).items()}


def sent_in(medium):
    """What each port and way has sent."""
    return [one["counters"]["sent-frames"] for one in medium["ports"] + medium["pairs"]]


def at_rest(name):
    """A medium while nobody sends: its ports and ways are not told of one moment."""
    limit = time.monotonic() + 20
    [medium] = listing("medium", "show", name)
    while True:
        before = medium
        time.sleep(0.2)
        [medium] = listing("medium", "show", name)
        if sent_in(medium) == sent_in(before):
            return medium
        true(time.monotonic() < limit, "it comes to rest")


def balanced(medium):
    """Principle 6 for each transmitter and way, and between them: what was spread was sent on each way."""
    def check(stats, what):
        lost = sum(drop["frames"] for drop in stats.get("drop", []))
        got = stats["delivered-frames"] + lost + stats["queued-frames"] + stats["in-flight-frames"]
        equal(stats["sent-frames"] + stats["duplicated-frames"], got, what)
    for port in medium["ports"]:
        check(port["counters"], port["node"])
    spread = {port["node"]: port["counters"]["delivered-frames"] for port in medium["ports"]}
    for pair in medium["pairs"]:
        check(pair["counters"], f"{pair['from']} -> {pair['to']}")
        equal(pair["counters"]["sent-frames"], spread[pair["from"]], "what was spread")


@case("the example of a LAN")
def lan():
    """All reach each other and the server behind the router."""
    contains(up(example("lan.yaml"), "--wait=ping", name="lan.yaml").out, "6 nodes, 1 link and 1 medium")
    contains(vnetctl("inspect", "pc1").out, "4 others")
    [medium] = listing("medium", "show", "lan")
    equal((len(medium["ports"]), len(medium["pairs"])), (5, 20))
    contains(vnetctl("medium", "show").out, "pc1:to-lan")
    contains(vnetctl("graph", "--format", "dot").out, '"pc1" -- "lan"')
    balanced(at_rest("lan"))
    vnetctl("down")
    equal(remains("lan"), [])


@case("the example of a radio with a hidden node")
def radio():
    """Who does not hear whom, and that changes in flight."""
    up(example("wireless.yaml"), name="wireless.yaml")
    timely(round_trip("alice", "bob") * MS, 3 * MS, 60 * MS)
    answers("air", "bob", "carol")
    contains(vnetctl("exec", "alice", "ping", "-c1", "-W1", "carol", status=None).out, "100% packet loss")
    vnetctl("medium", "set", "air", "--from", "alice", "--to", "carol", "--both", "loss", "0")
    answers("air", "alice", "carol")
    told = vnetctl("medium", "show", "air").out
    contains(told, "all: ber 1e-6")
    contains(told, "loss-random=")


@case("the example of a table of regions")
def regions():
    """The round trips are those of the table."""
    up(example("regions.yaml"), "--wait=ping", name="regions.yaml")
    for source, target, low in (("eu1", "eu2", 10), ("eu1", "us2", 88), ("eu2", "asia1", 180)):
        timely(round_trip(source, target) * MS, low * MS, (low + 60) * MS, f"{source} {target}")


@case("an edited matrix is a difference, and no packet is lost by it")
def change():
    """Neither are nodes made anew, nor is the medium."""
    up(RADIO, "--wait=ping")
    equal(vnetctl("plan", file(RADIO)).out, "nothing to change\n")
    [before] = listing("medium", "show", "radio")
    running = start("exec", "a", "ping", "-q", "-i0.01", "-c100", "b")
    for delay in ("3ms", "9ms", "2ms"):
        new = RADIO.replace("delay: 1ms", f"delay: {delay}")
        contains(up(new).out, "~ medium radio\n")
    new = new.replace("{a -> c: {delay: 5ms}}", "{b <-> c: {delay: 7ms, loss: 1%}}").replace("10mbit", "20mbit")
    told = vnetctl("plan", file(new), status=2).out
    for line in ("a: rate: 10mbit -> 20mbit", "b -> c: delay: 2ms -> 7ms", "c -> b: loss random: 0 -> 0.01",
                 "a -> c: delay: 5ms -> 2ms"):
        contains(told, line)
    up(new)
    contains(running.stdout.read(), "100 received, 0% packet loss")
    equal(delays("radio"), {("a", "b"): 2, ("a", "c"): 2, ("b", "a"): 2, ("b", "c"): 7, ("c", "a"): 2, ("c", "b"): 7})
    [after] = listing("medium", "show", "radio")
    equal(after["id"], before["id"])
    equal([port["configured"]["rate"] for port in after["ports"]], [20 * 10**6, 20 * 10**6, 10**6])
    equal(vnetctl("plan", file(new)).out, "nothing to change\n")


@case("what medium set has changed is seen as a difference")
def by_hand():
    """And up makes it what the file says."""
    up(RADIO)
    vnetctl("medium", "set", "radio", "rate", "5mbit", "delay", "4ms")
    vnetctl("medium", "set", "radio", "--from", "b", "loss", "2%")
    equal(set(delays("radio").values()), {4})
    equal({pair[0] for pair, told in matrix("radio").items() if told.get("loss")}, {"b"})
    told = vnetctl("plan", file(RADIO), status=2).out
    contains(told, "rate: 5mbit -> 10mbit")
    contains(told, "c: rate: 5mbit -> 1mbit")
    contains(told, "a -> c: delay: 4ms -> 5ms")
    contains(told, "b -> a: loss random: 0.02 -> 0")
    up(RADIO)
    equal(vnetctl("plan", file(RADIO)).out, "nothing to change\n")


@case("ports and media come and go")
def membership():
    """What has lost a port is made anew, also when a node is; links beside it stay."""
    both = RADIO + "links:\n  - {ends: [{node: a, addresses: none}, {node: b, addresses: none}]}\n"
    up(both, "--wait=ping")
    vnetctl("restart", "c")
    contains(ping("a", "c"), " 0% packet loss")
    vnetctl("exec", "b", "ip", "link", "del", "to-radio")
    contains(vnetctl("plan", file(both), status=2).out, "! medium radio")
    up(both, "--wait=ping")
    more = both.replace("c: host", "c: host, d: host").replace("ports: [a,", "ports: [a, d,")
    up(more, "--wait=ping")
    equal(len(listing("medium", "show", "radio")[0]["ports"]), 4)
    contains(up(RADIO.split("media:")[0]).out, "- medium radio")
    equal(listing("medium", "show"), [])


@case("medium trace tells what is decided about frames")
def trace():
    """In transmitters, or on the ways to a port; as lines and as JSON."""
    up(RADIO, "--wait=ping")
    start("exec", "a", "ping", "-q", "-i0.01", "c")
    told = [json.loads(line) for line in
            vnetctl("medium", "trace", "radio", "--json", "-c20", "--from=a").out.splitlines()]
    equal((len(told), {line["from"] for line in told}), (20, {"a:to-radio"}))
    equal([line["number"] for line in told],
          list(range(told[0]["number"], told[0]["number"] + 20)))
    told = [json.loads(line) for line in
            vnetctl("medium", "trace", "radio", "--json", "-c20", "--to=b").out.splitlines()]
    equal({line["from"] for line in told}, {"a:to-radio->b:to-radio", "c:to-radio->b:to-radio"})
    contains(vnetctl("medium", "trace", "radio", "-c1", "--from=c:to-radio", "--to=a").out,
             " c:to-radio->a:to-radio #")
    for words, reason in ((["nosuch"], "lab t has no medium nosuch"),
                          (["radio", "--from=x"], "it has no port in node x"),
                          (["radio", "--from=a", "--to=a"], "no way leads from a port to itself")):
        contains(vnetctl("medium", "trace", *words, status=1).err, reason)
    equal(vnetctl("medium", "trace", "radio", "--off").out, "")


@case("what cannot be is refused, and nothing changes")
def refused():
    """With the parameter and the reason."""
    up(RADIO)
    before = matrix("radio")
    for words, reason in (
            ("nosuch delay 1ms", "lab t has no medium nosuch"),
            ("radio --port x rate 1mbit", "it has no port in node x"),
            ("radio --port a delay 1ms", "only rate, overhead, queue and whole-time are a port's"),
            ("radio --from a rate 1mbit", "are a port's, not a pair's"),
            ("radio cable pulled", "a medium has no cable"),
            ("radio delay -1ms", "delay -1ms: `-1ms` is negative"),
            ("radio rate 1mbit rate 2mbit", "rate is given twice"),
            ("radio --from a --to a delay 1ms", "from a port to itself there is no way"),
            ("radio --from a --to b mtu 9000", "mtu is that of all ports"),
            ("radio --port a mtu 9000", "mtu is that of all ports"),
            ("radio queue device", "a port of a medium has a queue of its own"),
            ("radio jitter 2ms", "jitter: uniform jitter is above the delay"),
            ("radio loss 1", "`1` could be 1 % or certainty")):
        contains(vnetctl("medium", "set", *words.split(), status=1).err, reason)
        equal(matrix("radio"), before, words)
    result = vnetctl("check", file(RADIO.replace("a -> c", "a -> x")), status=1)
    contains(result.err, "topology.yaml:9:13")
    contains(result.err, "`x` is no port or group of `radio`")
    result = vnetctl("check", file(RADIO + "    groups: {east: [a, x]}\n"), status=1)
    contains(result.err, "`x` is no port or group of `radio`")


@case("a storm of medium set under traffic from all ports")
def storm():
    """Afterwards nothing is missing."""
    up(RADIO, "--wait=ping")
    running = [start("exec", node, "ping", "-q", "-i0.002", "-c300", "-W1", target)
               for node, target in ("ab", "bc", "ca")]
    for index in range(8):
        vnetctl("medium", "set", "radio", "--from", "abc"[index % 3], "loss", f"{index % 3}%", "duplicate", f"{index % 2}%",
                "delay", f"{index % 4 + 1}ms")
        vnetctl("medium", "set", "radio", "rate", f"{index % 3 * 5 + 1}mbit", "queue", ("fifo", "drr", "codel")[index % 3])
    for process in running:
        process.stdout.read()

    def idle():
        [medium] = listing("medium", "show", "radio")
        stats = [told["counters"] for told in [*medium["ports"], *medium["pairs"]]]
        return all(told["queued-frames"] + told["in-flight-frames"] == 0 for told in stats)

    until(idle, "the medium is empty")
    [medium] = listing("medium", "show", "radio")
    balanced(medium)
    true(sum(port["counters"]["sent-frames"] for port in medium["ports"]) > 900, "there was traffic")


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Counters: every frame that was sent is somewhere, at any time.

Stats checks with each snapshot, in frames and in bytes:
sent + duplicated = delivered + dropped + queued + in flight.
"""

import json
import time

from vnettest.ktap import case, contains, equal, note, run, true
from vnettest.links import MBIT, MS, S, SIMULATED, Link
from vnettest.netns import Child, wait_up

SIZE = 600


def pump(sender, count, size=SIZE):
    """Sends as fast as it can."""
    for _ in range(count):
        sender.sock.send(sender.frame(size))


def interface(link, end):
    """What `ip -s link` says of an end."""
    text = link.ns[end].run(f"ip -j -s link show dev {end}")
    return json.loads(text)[0]["stats64"]


def watch(link, count, ends="a", snapshots=2):
    """Takes snapshots while traffic runs, until all has left the link."""
    children = []
    for end in ends:
        sender = link.sender(end)
        children.append(Child(pump, sender, count))
    taken, busy = 0, 0
    while True:
        all_stats = {end: link.stats(end) for end in ends}
        taken += 1
        busy += any(not s.is_empty() for s in all_stats.values())
        if SIMULATED:
            time.sleep(0.001)   # or time would stand still
        if all(s["sent-frames"] == count and s.is_empty() for s in all_stats.values()):
            break
    for child in children:
        child.result()
    note(f"{taken} snapshots, {busy} with frames on the link, drops {all_stats['a'].drops}")
    true(taken >= snapshots, "enough snapshots")
    return all_stats


@case("the balance holds under traffic that a queue drops part of")
def under_drops():
    """A slow wire with a short queue."""
    link = Link(rate=20 * MBIT, delay=20 * MS, **{"queue-packets": 20})
    sink = link.sink()
    stats = watch(link, 3000)["a"]
    true(stats.drops.get("queue-packets", 0) > 0, "something was dropped")
    equal(list(stats.drops), ["queue-packets"])
    frames = sink.collect(stats["delivered-frames"])
    equal(sum(f.size for f in frames), stats["delivered-bytes"])
    numbers = [f.number for f in frames]
    equal(numbers, sorted(set(numbers)), "in order, each once")


@case("the balance holds in both directions at once")
def both_directions():
    """They share nothing but the devices."""
    link = Link(rate=50 * MBIT, delay=5 * MS, **{"queue-packets": 50})
    link.sink("a"), link.sink("b")
    watch(link, 2000, "ab")


@case("an interface's own counters agree")
def interfaces():
    """tx_packets counts what was sent, tx_dropped what of it was lost."""
    link = Link(rate=20 * MBIT, **{"queue-packets": 10})
    link.sink()
    stats = watch(link, 500, snapshots=1)["a"]
    lost = sum(stats.drops.values())
    a, b = interface(link, "a"), interface(link, "b")
    equal(a["tx"]["packets"], stats["sent-frames"])
    equal(a["tx"]["dropped"], lost)
    equal(a["tx"]["bytes"], stats["sent-bytes"])
    equal(b["rx"]["packets"], stats["delivered-frames"])
    equal(b["rx"]["bytes"], stats["delivered-bytes"])
    equal(a["rx"]["packets"], 0)


@case("frames on the link are lost to a pulled cable")
def pulled():
    """They are counted where they were, and nothing arrives late."""
    link = Link(rate=MBIT, delay=S)
    sink = link.sink()
    link.sender().send(SIZE, 30)
    link.set({"connected": 0})
    stats = link.stats()
    equal(stats.drops, {"link-down": 30})
    equal(stats.drop_bytes, {"link-down": 30 * SIZE})
    true(stats.is_empty())
    link.set({"connected": 1})
    sink.silent(1.5)


@case("frames on the link are lost when their sender goes down")
def sender_down():
    """As with a cable whose device has no power any more."""
    link = Link(delay=S)
    sink = link.sink()
    link.sender().send(SIZE, 30)
    link.ns["a"].run("ip link set dev a down")
    equal(link.stats().drops, {"link-down": 30})
    link.ns["a"].up("a")
    sink.silent(1.5)


@case("frames on the link are lost when their receiver goes down")
def receiver_down():
    """Each direction has its own cause."""
    link = Link(delay=S)
    link.sender("a").send(SIZE, 30)
    link.sender("b").send(SIZE, 20)
    link.ns["b"].run("ip link set dev b down")
    equal(link.stats("a").drops, {"receiver-down": 30})
    equal(link.stats("b").drops, {"link-down": 20})


@case("counters survive down and up")
def survive():
    """A reader may rely on them as long as the link exists."""
    link = Link(delay=MS)
    sink = link.sink()
    link.sender().send(SIZE, 10)
    sink.collect(10)
    for change in ("down", "up"):
        link.ns["b"].run(f"ip link set dev b {change}")
    wait_up(link.ns["a"], "a")
    sink = link.sink()
    link.sender().send(SIZE, 5)
    sink.collect(5)
    stats = link.stats()
    equal(stats["sent-frames"], 15)
    equal(stats["delivered-frames"], 15)


@case("lateness is counted for each packet that is handed over")
def lateness():
    """Its number, sum and maximum."""
    link = Link(rate=10 * MBIT, delay=MS)
    sink = link.sink()
    for _ in range(20):
        link.sender().send(SIZE)
        sink.collect(1)
    stats = link.stats()
    equal(stats["late-count"], 20)
    true(stats["late-sum"] >= stats["late-max"])
    contains(stats.values, "late-sum")
    equal(sum(bucket["count"] for bucket in stats["late-histogram"]), 20)


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Everything that a wire does, at once and changed all the time; afterwards each frame is accounted for."""

import random
import time

from vnettest.ktap import case, equal, note, run, true
from vnettest.links import GBIT, KBIT, MBIT, MS, S, SLOW, US, Link
from vnettest.model import ONE
from vnettest.netlink import NetlinkError
from vnettest.netns import Child
from vnettest.pktgen import Pktgen
from vnettest.ynl import Family

CHANGES = 10_000
CHANGERS = 2
FLYING = 100_000
PERCENT = ONE // 100
FIFO, WFQ, DRR, RED, CODEL, PIE, FQ_CODEL, DEVICE = range(8)
NAMES = ["fifo", "wfq", "drr", "red", "codel", "pie", "fq-codel", "device"]
# Of each discipline the smallest, so that it has something to do.
QUEUEING = [
    {"kind": FIFO, "drop": 2},
    {"kind": WFQ, "flows": 16, "class": [{"dscp": 46, "weight": 10}, {"dscp": 0, "weight": 2}]},
    {"kind": DRR, "flows": 3, "quantum": 64},
    {"kind": RED, "min-bytes": 2000, "max-bytes": 20000, "probability": 20 * PERCENT, "ecn": 1},
    {"kind": CODEL, "target": 100 * US, "interval": 2 * MS, "ecn": 1},
    {"kind": PIE, "target": 100 * US, "interval": MS},
    {"kind": FQ_CODEL, "flows": 8, "quantum": 200, "target": 100 * US, "interval": 2 * MS},
    {"kind": DEVICE},
]
IMPAIRMENTS = {
    "loss": PERCENT, "ber": ONE // 10**6, "duplicate": 20 * PERCENT, "corrupt": 5 * PERCENT,
    "loss-gilbert-elliott": {"p": PERCENT, "r": 30 * PERCENT},
    "loss-four-state": {"p13": PERCENT, "p31": 40 * PERCENT, "p32": 20 * PERCENT, "p23": 50 * PERCENT,
                        "p14": PERCENT},
    "loss-pattern": {"period": 50, "rule": [{"frame": 3, "action": 0},
                                            {"frame": 5, "action": 1, "value": 100},
                                            {"frame": 7, "action": 2, "value": MS}]},
    "jitter": MS, "jitter-distribution": 2, "jitter-correlation": 30 * PERCENT, "jitter-order": 1,
    "reorder": 5 * PERCENT, "delay": 2 * MS,
}


def accounted(link):
    """Both directions run empty and balance, and no instance has anything in flight any more."""
    link.set(a={"rate": 0, "delay": 0, "jitter": 0, "reorder": 0, "queueing": {"kind": FIFO}},
             b={"rate": 0, "delay": 0, "jitter": 0, "reorder": 0, "queueing": {"kind": FIFO}})
    stats = [link.settled(end) for end in "ab"]
    for instance in link.family.dump("instance-get")[0]:
        equal((instance["frames"], instance["bytes"]), (0, 0))
    return stats


def instances(link):
    """Makes both namespaces known, so that what is in flight can be read."""
    for end in "ab":
        link.family.do("instance-new", netns_fd=link.ns[end].fd)


def values(chance):
    """A value for everything that a direction has."""
    few = lambda *some: chance.choice(some)
    return {
        "rate": few(0, 100 * KBIT, 10 * MBIT, GBIT, 400 * GBIT),
        "delay": few(0, 50 * US, 2 * MS, S),
        "overhead": chance.randrange(1001),
        "queue-packets": few(0, 1, 50, 10000),
        "queue-bytes": few(0, 3000, 10**6),
        "queue-time": few(0, 100 * US, S),
        "line-packets": few(0, 1, 500),
        "line-bytes": few(0, 10**5),
        "whole-time": few(0, 100 * US, S),
        "queueing": few(*QUEUEING),
        "loss": few(0, PERCENT, ONE),
        "ber": few(0, ONE // 10**15, ONE // 1000, ONE // 2),
        "duplicate": few(0, PERCENT, ONE),
        "corrupt": few(0, PERCENT, ONE),
        "loss-gilbert-elliott": few({}, IMPAIRMENTS["loss-gilbert-elliott"]),
        "loss-four-state": few({}, IMPAIRMENTS["loss-four-state"]),
        "loss-pattern": few({}, IMPAIRMENTS["loss-pattern"],
                            {"rule": [{"frame": n, "action": 0} for n in range(1, 257)]}),
        "jitter": few(0, US, MS, 20 * MS),
        "jitter-distribution": few(0, 1, 2, 3),
        "jitter-correlation": few(0, 50 * PERCENT),
        "jitter-order": few(0, 1),
        "reorder": few(0, 10 * PERCENT),
    }


def change(link_id, seed, count):
    """Changes parameters at random; how many of the changes were taken."""
    family, chance, taken = Family(), random.Random(seed), 0
    for _ in range(count):
        all_values = values(chance)
        names = chance.sample(sorted(all_values), chance.randrange(1, 8))
        end = chance.choice(["end-a", "end-b"])
        if chance.random() < 0.02:
            family.do("link-trace-set", {"id": link_id, "end": chance.randrange(2),
                                         "size": chance.choice([0, 1, 1000])})
        try:
            family.do("link-set", {"id": link_id, end: {"tx": {n: all_values[n] for n in names}}})
            taken += 1
        except NetlinkError as error:
            # What does not go together is refused, with a word.
            equal((error.name, bool(error.text)), ("EINVAL", True), str(names))
    return taken


@case(f"{CHANGES} changes of everything, under traffic both ways")
def storm():
    """Many of them are refused as they do not go together; none breaks anything."""
    link = Link(link={"seed": 7})
    instances(link)
    traffic = [Pktgen(link.ns[end], end, size=size, flag="IPDST_RND", dst_min="10.9.0.1",
                      dst_max="10.9.0.200")
               for end, size in (("a", 60), ("b", 1400))]
    children = [Child(change, link.id, seed, CHANGES // CHANGERS) for seed in range(CHANGERS)]
    while any(child.running() for child in children):
        link.stats("a"), link.stats("b")
        time.sleep(0.01)
    taken = [child.result() for child in children]
    for one in traffic:
        one.stop()
    stats = accounted(link)
    note(f"{taken} changes taken; {[one['sent-frames'] for one in stats]} frames")
    true(min(taken) > CHANGES // CHANGERS // 10)


@case("all impairments together, with each discipline", *NAMES)
def together(name):
    """Copies are queued, dropped, marked, damaged and delayed like any other frame."""
    link = Link(link={"seed": 7}, a={"rate": 20 * MBIT, "queue-packets": 200, **IMPAIRMENTS,
                                     "queueing": QUEUEING[NAMES.index(name)]})
    instances(link)
    traffic = Pktgen(link.ns["a"], "a", size=600, flag="IPDST_RND", dst_min="10.9.0.1",
                     dst_max="10.9.0.200")
    stop = time.monotonic() + (2 if SLOW else 1)
    while time.monotonic() < stop:
        link.stats("a")
    traffic.stop()
    stats = accounted(link)[0]
    note(f"{stats['sent-frames']} sent, {stats['duplicated-frames']} copies, {stats.drops}")
    for cause in ("loss-random", "loss-gilbert-elliott", "loss-four-state", "loss-pattern", "ber"):
        true(stats.drops.get(cause, 0) > 0, cause)
    for what in ("duplicated", "corrupted", "reordered", "delivered"):
        true(stats[f"{what}-frames"] > 0, what)


@case("every frame is sent twice, while disciplines change")
def twice():
    """A copy is never copied, and never re-enters the queue."""
    link = Link(a={"rate": 50 * MBIT, "queue-packets": 100, "duplicate": ONE})
    instances(link)
    traffic = Pktgen(link.ns["a"], "a", size=300, flag="IPDST_RND", dst_min="10.9.0.1",
                     dst_max="10.9.0.200")
    chance = random.Random(3)
    for _ in range(200):
        link.set(a={"queueing": chance.choice(QUEUEING)})
        link.stats("a")
    traffic.stop()
    # The copies of what still waits are made when it is sent.
    link.set(a={"queueing": {"kind": FIFO}})
    stats = link.settled("a")
    early = sum(stats.drops.values())
    failed = stats.values.get("copies-failed", 0)
    equal(stats["duplicated-frames"] + failed, stats["sent-frames"] - early)
    equal(stats["delivered-frames"], 2 * stats["duplicated-frames"] + failed)
    accounted(link)


def fly(**parameters):
    """A link on which so many frames are under way for 100 s."""
    link = Link(a={"delay": 100 * S, **parameters})
    instances(link)
    for ns in link.ns.values():
        link.family.do("instance-set", {"netns-fd": ns.fd, "max-bytes": 1 << 29})
    # With a packet of its own on the link pktgen would wait for it at its end.
    traffic = Pktgen(link.ns["a"], "a", size=60, count=FLYING, flag="!SHARED")
    end = time.monotonic() + 60
    while link.stats()["in-flight-frames"] < FLYING:
        true(time.monotonic() < end, f"{FLYING} frames are in flight: {link.stats().values}")
        time.sleep(0.02)
    traffic.stop()
    return link


@case(f"{FLYING} frames in flight are lost to", "link-del", "a pulled cable", "the sender's device",
      "the receiver's device", "the sender's namespace", "a short delay")
def lost(how):
    """All of them, at once, and the instance has room again."""
    order = {"jitter": MS, "jitter-order": 1} if how == "a pulled cable" else {}
    link = fly(**order)
    begun = time.monotonic()
    if how == "link-del":
        link.delete()
    elif how == "a pulled cable":
        link.set({"connected": 0})
        equal(link.stats().drops, {"link-down": FLYING})
    elif how == "the sender's device":
        link.ns["a"].run("ip link set dev a down")
        equal(link.stats().drops, {"link-down": FLYING})
    elif how == "the receiver's device":
        link.ns["b"].run("ip link set dev b down")
        equal(link.stats().drops, {"receiver-down": FLYING})
    elif how == "the sender's namespace":
        link.ns["a"].close()
        while link.family.dump("link-get")[0]:
            true(time.monotonic() < begun + 30, "the link goes with its namespace")
            time.sleep(0.01)
    else:
        # It takes nothing back: what is under way keeps its time.
        link.set(a={"delay": 0})
        equal(link.stats()["in-flight-frames"], FLYING)
        link.delete()
    note(f"{time.monotonic() - begun:.2f} s")
    for instance in link.family.dump("instance-get")[0]:
        equal((instance["frames"], instance["bytes"]), (0, 0))


run()

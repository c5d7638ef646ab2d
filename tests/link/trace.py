#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The log of what is decided about each frame: every fate and time is the model's."""

import os
import socket

from vnettest import model
from vnettest.ktap import case, contains, equal, raises, run, true
from vnettest.links import MBIT, MS, S, SIMULATED, Link, wire_ns
from vnettest.model import ONE, Source
from vnettest.netlink import NetlinkError
from vnettest.netns import child
from vnettest.ynl import Family

SEED = 0x123456789ABCDEF
SIZE = 1000
ENDS = ["a", "b"]
PERCENT = ONE // 100


class Log:
    """That of what an end sends."""

    def __init__(self, link, size=4096, end="a"):
        self.link, self.where = link, {"id": link.id, "end": ENDS.index(end)}
        self.next, self.lost = 0, 0
        self.set(size)

    def set(self, size):
        """Begins or ends it."""
        self.link.family.do("link-trace-set", {**self.where, "size": size})

    def get(self, **more):
        """One reply."""
        return self.link.family.do("link-trace-get", {**self.where, **more})

    def read(self):
        """All records that are new."""
        found = []
        while True:
            reply = self.get(since=self.next)
            self.next = reply["next"]
            self.lost += reply["lost"]
            if not (records := reply.get("record", [])):
                return found
            found += records


def impaired(**parameters):
    """A link that does something to what a sends; with room for all frames."""
    return Link(a={k.replace("_", "-"): v for k, v in parameters.items()}, link={"seed": SEED},
                **{"queue-packets": 100000})


def traffic(link, count=500, size=SIZE):
    """Frames from a; their records, when nothing is on the link any more."""
    log = Log(link)
    link.sender().send(size, count)
    link.settled()
    return log.read()


def plain(records):
    """Those of frames as they were sent."""
    return [record for record in records if not record["copy"]]


@case("a log that nobody began has nothing")
def off():
    """And what happened before it began is not in it."""
    link = Link()
    nothing = {"id": link.id, "end": "a", "size": 0}
    equal(link.family.do("link-trace-get", {"id": link.id, "end": 0, "since": 0}), nothing)
    link.sender().send(100, 3)
    link.settled()
    log = Log(link)
    equal(log.read(), [])
    equal(log.get(since=0)["size"], 4096)
    log.set(0)
    equal(log.get(since=0), nothing)


@case("times are those of the wire")
def times():
    """Back to back, to the nanosecond."""
    rate = MBIT
    link = Link(rate=rate, delay=7 * MS, **{"queue-packets": 1000, "whole-time": 0})
    records = traffic(link, 100)
    equal([record["number"] for record in records], list(range(100)))
    begin = records[0]["decided"] - wire_ns(SIZE, rate)
    for number, record in enumerate(records):
        equal((record["bytes"], record["frames"], record["due"] - record["decided"]), (SIZE, 1, 7 * MS))
        true(record["enqueued"] <= record["decided"])
        # The wire was never idle, as they were sent faster than it takes them.
        true(abs(record["decided"] - (begin + (number + 1) * wire_ns(SIZE, rate))) <= 1)


@case("losses are those of the model")
def losses():
    """By cause, the first that hits."""
    link = impaired(loss=5 * PERCENT, loss_gilbert_elliott={"p": 2 * PERCENT, "r": 20 * PERCENT},
                    duplicate=0)
    source = Source(SEED)
    chain = model.GilbertElliott(source, p=2 * PERCENT, r=20 * PERCENT)
    wanted = []
    for number in range(500):
        random, burst = source.hits(5 * PERCENT, model.RANDOM, number), chain.loses(number)
        wanted.append("loss-random" if random else "loss-gilbert-elliott" if burst else None)
    records = traffic(link)
    equal([record.get("cause") for record in records], wanted)
    true(all(("due" in record) != ("cause" in record) for record in records))
    lost = [cause for cause in wanted if cause]
    equal(link.stats().drops, {cause: lost.count(cause) for cause in set(lost)})


@case("copies, flipped bits and early frames are marked")
def marks():
    """Each by a draw of its own."""
    link = impaired(duplicate=10 * PERCENT, corrupt=10 * PERCENT, reorder=10 * PERCENT,
                    delay=100 * MS, rate=100 * MBIT)
    records, source = traffic(link), Source(SEED)
    copies = [n for n in range(500) if source.hits(10 * PERCENT, model.DUPLICATE, n)]
    equal([record["number"] for record in records if record["copy"]], copies)
    for record in records:
        number, copy = record["number"], bool(record["copy"])
        equal(bool(record["corrupted"]), source.hits(10 * PERCENT, model.CORRUPT, number, copy))
        early = source.hits(10 * PERCENT, model.REORDER, number, copy)
        equal(record["due"] - record["decided"], 0 if early else 100 * MS)
        if not early:
            equal(record["reordered"], 0)
    stats = link.stats()
    for mark in ("corrupted", "reordered"):
        equal(sum(record[mark] for record in records), stats[f"{mark}-frames"], mark)


@case("the same seed and the same frames make the same log")
def repeatable():
    """In simulated time with the same times, counted from the first frame."""
    logs = []
    for _ in range(2):
        link = impaired(loss=5 * PERCENT, duplicate=5 * PERCENT, corrupt=5 * PERCENT, delay=20 * MS,
                        jitter=10 * MS, jitter_distribution=1, jitter_order=1, rate=10 * MBIT,
                        reorder=PERCENT)
        records = traffic(link)
        first = records[0]["decided"]
        for record in records:
            del record["enqueued"]
            if "due" in record:
                record["due"] -= record["decided"]
            if SIMULATED:
                # The wire is never idle; else the sender may have been held up.
                record["decided"] -= first
            else:
                del record["decided"], record["reordered"]
        logs.append(records)
        link.delete()
    true(len({record.get("due") for record in logs[0]}) > 400)
    equal(logs[0], logs[1])


@case("what the queue refuses is told with its cause")
def refusals():
    """At the time at which it came. The wire is so slow that none leaves it before all have come."""
    link = Link(a={"queue-packets": 5, "rate": MBIT // 100})
    records = traffic(link, 20)
    causes = [record.get("cause") for record in sorted(plain(records), key=lambda r: r["number"])]
    equal(causes, [None] * 6 + ["queue-packets"] * 14)
    true(all(r["decided"] == r["enqueued"] for r in records if "cause" in r))


@case("marks of congestion are told")
def ecn():
    """As many as are counted."""
    link = Link(a={"rate": 10 * MBIT, "queueing": {"kind": 4, "ecn": 1, "target": MS,
                                                   "interval": 10 * MS}, "queue-packets": 1000})
    link.ip()
    log = Log(link)
    with link.ns["a"]:
        out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        out.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 2)
        out.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
        for _ in range(300):
            out.sendto(bytes(1400), ("10.0.0.2", 9))
        out.close()
    stats = link.settled()
    true(stats["marked-frames"] > 0)
    equal(sum(record["marked"] for record in log.read()), stats["marked-frames"])


@case("what is lost behind the wire has a second record")
def pulled():
    """The first said when it would arrive."""
    link = Link(a={"delay": 100 * S})
    log = Log(link)
    link.sender().send(SIZE, 3)
    first = log.read()
    equal([(r["number"], "due" in r) for r in first], [(0, True), (1, True), (2, True)])
    link.set({"connected": 0})
    equal([(r["number"], r["cause"]) for r in log.read()], [(n, "link-down") for n in range(3)])


@case("a slow reader is told how much it lost")
def slow():
    """The youngest records are there."""
    link = Link()
    log = Log(link, 10)
    link.sender().send(100, 25)
    link.settled()
    equal([record["number"] for record in log.read()], list(range(15, 25)))
    equal((log.lost, log.next), (15, 25))
    # Nothing is taken away by reading; a later reader begins where it likes.
    equal(log.get(since=20)["lost"], 0)
    equal([record["number"] for record in log.get(since=20)["record"]], list(range(20, 25)))
    equal(log.get(), {"id": link.id, "end": "a", "size": 10, "next": 25, "lost": 0})
    equal(log.get(since=1 << 63)["next"], 25)
    log.set(10)
    equal(log.get()["next"], 25)
    log.set(20)
    equal(log.get()["next"], 0)


@case("requests that make no sense are refused")
def refused():
    """With the attribute or a word."""
    link = Link()
    for request, text in (({"id": 999999, "end": 0}, "there is no such link"),
                          ({"end": 0}, "name the link by id"),
                          ({"id": link.id}, "say which end transmits")):
        for operation, more in (("link-trace-get", {}), ("link-trace-set", {"size": 1})):
            error = raises(NetlinkError, link.family.do, operation, {**request, **more})
            contains(error.text, text)
    error = raises(NetlinkError, link.family.do, "link-trace-set", {"id": link.id, "end": 0})
    contains(error.text, "say how many records")


@case("only who may administrate both ends reads it")
def rights():
    """Nobody else learns what others send, and when."""
    link = Link()
    Log(link)

    def stranger():
        family = Family()
        for operation, more in (("link-trace-get", {}), ("link-trace-set", {"size": 1})):
            error = raises(NetlinkError, family.do, operation, {"id": link.id, "end": 0, **more})
            equal(error.name, "EPERM", str(error))

    child(stranger, flags=os.CLONE_NEWUSER | os.CLONE_NEWNET)


run()

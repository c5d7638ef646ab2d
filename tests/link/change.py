#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A change of parameters in flight loses nothing and reorders nothing."""

import random

from vnettest.ktap import case, equal, run, timely, true
from vnettest.links import GBIT, KBIT, LATE, MBIT, MS, S, Link

SIZE = 500


def storm(link, choose, changes=300, per_change=5):
    """Sends frames and changes what one end transmits in turn; all must arrive in order."""
    sender, sink = link.sender(), link.sink()
    frames = []
    for _ in range(changes):
        sender.send(SIZE, per_change)
        link.set(a=choose())
    sent = changes * per_change
    link.set(a={"rate": 0, "delay": 0})
    frames = sink.collect(sent, 60)
    equal([f.number for f in frames], list(range(sent)), "order")
    stats = link.stats()
    true(stats.is_empty())
    equal(stats.drops, {})
    equal(stats["delivered-frames"], sent)
    equal(stats["delivered-bytes"], sent * SIZE)


@case("rate changed hundreds of times")
def rate():
    """Up, down, and to and from unlimited."""
    chance = random.Random(1)
    link = Link(rate=MBIT, **{"queue-packets": 100000})
    storm(link, lambda: {"rate": chance.choice([0, 100 * KBIT, MBIT, 7654321, 100 * MBIT, GBIT])})


@case("delay changed hundreds of times")
def delay():
    """Longer and shorter."""
    chance = random.Random(2)
    link = Link(delay=MS)
    storm(link, lambda: {"delay": chance.randrange(0, 50 * MS)})


@case("limits lowered below what waits")
def limits():
    """What waits already stays; it is only sent that makes the queue shorter."""
    link = Link(rate=100 * KBIT, **{"queue-packets": 100})
    sender, sink = link.sender(), link.sink()
    sender.send(SIZE, 50)
    link.set(a={"queue-packets": 5})
    stats = link.stats()
    equal(stats.drops, {})
    sender.send(SIZE)
    equal(link.stats().drops, {"queue-packets": 1}, "the next one finds no room")
    link.set(a={"rate": 0})
    equal([f.number for f in sink.collect(50)], list(range(50)))


@case("everything changed hundreds of times")
def all_at_once():
    """Rate, delay, overhead and limits that never bind."""
    chance = random.Random(3)
    link = Link(rate=10 * MBIT, delay=MS, **{"queue-packets": 100000})

    def choose():
        return {
            "rate": chance.choice([0, MBIT, 50 * MBIT, GBIT]),
            "delay": chance.choice([0, MS, 20 * MS]),
            "overhead": chance.randrange(0, 1001),
            "queue-packets": chance.randrange(50000, 100000),
            "queue-bytes": chance.choice([0, 1 << 40]),
            "whole-time": chance.choice([0, 100000, S]),
        }

    storm(link, choose)


@case("a shorter delay does not overtake")
def no_overtaking():
    """What was sent later waits for what is already on its way."""
    link = Link(delay=400 * MS, **{"whole-time": 0})
    sender, sink = link.sender(), link.sink()
    begin = sender.send(SIZE, 3)[0]
    link.set(a={"delay": MS})
    sender.send(SIZE, 3)
    frames = sink.collect(6)
    equal([f.number for f in frames], list(range(6)))
    # All come when the last one of the old delay is due.
    timely(frames[3].at, frames[2].at, frames[2].at + LATE)
    timely(frames[5].at, begin + 400 * MS, begin + 400 * MS + LATE)


@case("what is on the wire keeps its time, what waits gets the new rate")
def on_the_wire():
    """One frame of 512 ms is being sent when the rate rises to 8 Mbit/s."""
    link = Link(rate=8 * KBIT, overhead=12)
    sender, sink = link.sender(), link.sink()
    begin = sender.send(SIZE, 5)[0]
    link.set(a={"rate": 8 * MBIT})
    frames = sink.collect(5)
    first = begin + 512 * MS
    timely(frames[0].at, first, first + LATE)
    last = first + 4 * 512 * 1000
    timely(frames[4].at, last, last + LATE)


@case("an absent attribute is an unchanged one")
def unchanged():
    """Each parameter is changed alone, and only it and only in one direction."""
    wanted = {"rate": 12345678, "overhead": 33, "delay": 7 * MS, "queue-packets": 44,
              "queue-bytes": 55555, "queue-time": 66 * MS, "line-packets": 777,
              "line-bytes": 888888, "whole-time": 99999}
    other = {"rate": 87654321, "overhead": 11, "delay": 3 * MS, "queue-packets": 22,
             "queue-bytes": 33333, "queue-time": 44 * MS, "line-packets": 555,
             "line-bytes": 666666, "whole-time": 77777}
    link = Link(**{k.replace("-", "_"): v for k, v in wanted.items()}, up=False)
    for name, value in other.items():
        equal(link.get()["end-a"]["tx"], wanted)
        link.set(a={name: value})
        wanted[name] = value
    got = link.get()
    equal(got["end-a"]["tx"], other)
    true(all(got["end-b"]["tx"][name] != value for name, value in other.items()))


run()

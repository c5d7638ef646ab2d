#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The queue in front of the wire holds exactly what its limits allow."""

from vnettest.ktap import between, case, equal, run, timely, true
from vnettest.links import KBIT, LATE, MBIT, MS, S, Link

SIZE = 1000
WIRE = (SIZE + 24) * 8


def burst(link, count, size=SIZE):
    """Sends so many frames at once; the counters while they are on the link."""
    sender = link.sender()
    sender.send(size, count)
    return link.stats()


def check(limits, admitted, cause, count=60, size=SIZE, rate=20 * KBIT):
    """One frame is on the wire, `admitted` wait, the others are dropped for one cause.

    At this rate a frame takes 0.4 s, so that none leaves the wire while we look.
    """
    link = Link(rate=rate, **limits)
    sink = link.sink()
    stats = burst(link, count, size)
    equal(stats["sent-frames"], count)
    equal(stats["queued-frames"], admitted + 1, "frames in front of the wire")
    equal(stats["queued-bytes"], (admitted + 1) * size)
    equal(stats.drops, {cause: count - admitted - 1})
    equal(stats.drop_bytes, {cause: (count - admitted - 1) * size})
    # The first ones are those that stay: the queue drops what arrives.
    link.set(a={"rate": 0})
    frames = sink.collect(admitted + 1)
    equal([f.number for f in frames], list(range(admitted + 1)))
    stats = link.stats()
    true(stats.is_empty())
    equal(stats["delivered-frames"], admitted + 1)


@case("a limit in packets", 1, 2, 10)
def packets(limit):
    """The frame on the wire is not counted."""
    check({"queue-packets": limit}, limit, "queue-packets")


@case("a limit in bytes", 1000, 1999, 2000, 10500)
def in_bytes(limit):
    """A frame that does not fit in whole does not enter."""
    check({"queue-bytes": limit}, limit // SIZE, "queue-bytes")


@case("a limit in time, frames", 1, 2, 5)
def in_time(frames):
    """The queue holds what the line sends in that time, the overhead included."""
    exact = frames * WIRE * S // (20 * KBIT)
    check({"queue-time": exact}, frames, "queue-time")
    check({"queue-time": exact - MS}, frames - 1, "queue-time")


@case("of several limits the tightest holds")
def several():
    """Each drop has the cause of the limit that was hit."""
    check({"queue-packets": 5, "queue-bytes": 100000, "queue-time": 100 * S}, 5, "queue-packets")
    check({"queue-packets": 50, "queue-bytes": 4000, "queue-time": 100 * S}, 4, "queue-bytes")
    check({"queue-packets": 50, "queue-bytes": 100000, "queue-time": S}, 2, "queue-time")


@case("the default is 100 packets on a slow link")
def default_slow():
    """50 ms would be nothing at this rate."""
    check({}, 100, "queue-packets", count=150)


@case("the default is 50 ms on a fast link")
def default_fast():
    """A burst of small frames, faster than the wire, which takes 0.25 ms for one."""
    rate, size = 4 * MBIT, 101
    room = 50 * MS * rate // S // ((size + 24) * 8)
    link = Link(rate=rate)
    sink = link.sink()
    count = 4 * room
    before, after = link.sender().send(size, count)
    stats = link.stats()
    lost = sum(stats.drops.values())
    # What the wire sent while we were sending made room for as much.
    sent = (after - before) * rate // S // ((size + 24) * 8)
    between(count - lost, min(room, count), room + sent + 2, "admitted")
    if lost:
        equal(list(stats.drops), ["queue-time"])
    sink.collect(count - lost)


@case("a longer queue delays a frame by all that is in front of it")
def waiting():
    """The last of n frames arrives after n wire times."""
    link = Link(rate=1 * MBIT, **{"queue-packets": 30})
    sink = link.sink()
    before = link.sender().send(SIZE, 31)[0]
    last = sink.collect(31)[-1]
    wanted = 31 * WIRE * S // MBIT
    timely(last.at - before, wanted, wanted + LATE)


@case("a link without a rate has no queue")
def no_rate():
    """Its frames go into the delay line, which the queue's limit does not bound."""
    link = Link(delay=300 * MS, **{"queue-packets": 1})
    sink = link.sink()
    stats = burst(link, 50)
    equal((stats["queued-frames"], stats["in-flight-frames"]), (0, 50))
    equal(stats.drops, {})
    sink.collect(50)


@case("the delay line's own limit", "line-packets", "line-bytes")
def line(which):
    """A limit of 10 frames drops the eleventh that is on its way."""
    limit = 10 if which == "line-packets" else 10 * SIZE + 999
    link = Link(delay=300 * MS, **{which: limit})
    sink = link.sink()
    stats = burst(link, 25)
    equal(stats["in-flight-frames"], 10)
    equal(stats.drops, {"delay-limit": 15})
    sink.collect(10)
    # What has arrived makes room.
    stats = burst(link, 5)
    equal(stats.drops, {"delay-limit": 15})
    sink.collect(5)


run()

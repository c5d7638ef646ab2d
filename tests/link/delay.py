#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A frame arrives one delay and its own wire time after it was sent."""

from vnettest.ktap import case, equal, note, run, timely
from vnettest.links import LATE, MBIT, MS, US, Link, wire_ns

SIZE = 1000


def check(link, wanted, count=20, origin="a", target="b"):
    """Sends frames one by one and compares the time that each takes."""
    sender, sink = link.sender(origin), link.sink(target)
    worst = 0
    for _ in range(count):
        before, after = sender.send(SIZE)
        frame = sink.collect(1)[0]
        # The frame entered the link between the two times; it is never early.
        timely(frame.at, before + int(wanted), after + int(wanted) + 1 + LATE, "arrival")
        worst = max(worst, frame.at - after - wanted)
    note(f"{wanted / 1e6:.6f} ms wanted, at most {worst / 1e3:.3f} us late")
    stats = link.stats(origin)
    equal(stats["delivered-frames"], count)
    equal(stats["delivered-bytes"], count * SIZE)


@case("delay alone, ms", 0, 1, 5, 20, 100)
def delay_alone(ms):
    """Propagation without serialisation."""
    check(Link(delay=ms * MS), ms * MS, 5 if ms > 50 else 20)


@case("wire time alone, Mbit/s", 1, 10, 100, 1000)
def rate_alone(mbit):
    """Serialisation without propagation."""
    check(Link(rate=mbit * MBIT), wire_ns(SIZE, mbit * MBIT))


@case("delay and wire time add up")
def both():
    """Propagation begins when serialisation ends."""
    check(Link(rate=10 * MBIT, delay=3 * MS), 3 * MS + wire_ns(SIZE, 10 * MBIT))


@case("the overhead takes wire time, bytes", 0, 10, 24, 1000)
def overhead(size):
    """Only the wire knows of it; the counters do not."""
    check(Link(rate=MBIT, overhead=size), wire_ns(SIZE, MBIT, size), 5)


@case("each direction has its own delay")
def asymmetric():
    """What one end transmits does not depend on what the other one does."""
    link = Link(a={"delay": 2 * MS}, b={"delay": 30 * MS})
    check(link, 2 * MS, 5)
    check(link, 30 * MS, 5, "b", "a")


@case("frames close to each other are handed over together, unless nothing may")
def moderated():
    """At most a 64th of the delay and a fifth of whole-time after their time."""
    count = 200
    for whole_time, latest in ((100 * US, 20 * US), (10 * US, 2 * US), (0, 0)):
        link = Link(delay=2 * MS, **{"whole-time": whole_time})
        sender, sink = link.sender(), link.sink()
        sender.send(SIZE, count)
        frames = sink.collect(count)
        equal([frame.number for frame in frames], list(range(count)))
        late = link.stats()["late-max"]
        note(f"at most {late / 1e3:.3f} us late, {latest / 1e3:.0f} us on purpose")
        timely(late, 0, latest + LATE, "lateness, ns")


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Back-to-back frames leave one wire time apart, exactly and without drift.

In simulated time each arrival must be exact. In real time a frame may be late,
because the guest was, but never early, and no lateness may add up: the wire
never waits for the poll.
"""

from vnettest.ktap import case, equal, note, run, timely, true
from vnettest.links import GBIT, LATE, MBIT, MS, SIMULATED, Link, wire_ns


def arrivals(link, sizes, timeout=60):
    """Sends a burst of frames that all wait on the wire, and gives their arrivals."""
    sender, sink = link.sender(), link.sink()
    before = sender.send(sizes[0])[0]
    for size in sizes[1:]:
        sender.send(size)
    frames = sink.collect(len(sizes), timeout)
    equal([f.number for f in frames], list(range(len(sizes))), "order")
    equal([f.size for f in frames], sizes, "sizes")
    return before, [f.at for f in frames]


def check_spacing(begin, times, ends):
    """Compares arrivals with the ends of the serialisations, counted from the first's."""
    # Nothing arrives before the wire can have sent all up to it.
    for at, end in zip(times, ends):
        true(at >= begin + int(end), "no frame is early")
    if SIMULATED:
        off = [at - times[0] - (end - ends[0]) for at, end in zip(times, ends)]
        note(f"{len(times)} frames, {ends[-1] / 1e6:.3f} ms, off by {min(off):.0f} to {max(off):.0f} ns")
        timely(min(off), -LATE, LATE, "earliest, ns")
        timely(max(off), -LATE, LATE, "latest, ns")
    else:
        late = [at - begin - end for at, end in zip(times, ends)]
        note(f"{len(times)} frames, {ends[-1] / 1e6:.3f} ms, late by {min(late) / 1e3:.1f} "
             f"to {max(late) / 1e3:.1f} us")
        timely(min(late), 0, LATE, "smallest lateness, ns")


def ends_of(sizes, rate):
    """When each frame's serialisation ends, counted from the beginning of the first's."""
    bits, ends = 0, []
    for size in sizes:
        bits += (size + 24) * 8
        ends.append(bits * 1e9 / rate)
    return ends


@case("frames are one wire time apart, Mbit/s", 1, 10, 100)
def spacing(mbit):
    """Equal frames."""
    rate = mbit * MBIT
    sizes = [1000] * min(20 * mbit, 500)
    link = Link(rate=rate, **{"queue-packets": 10000})
    begin, times = arrivals(link, sizes)
    check_spacing(begin, times, ends_of(sizes, rate))


@case("the remainder of a division is carried, bit/s", 70 * MBIT, 99999989, 333333333)
def remainder(rate):
    """Wire times that are no whole ns: without the remainder it would be off by some 10 us."""
    sizes = [60 + 7 * (i % 13) for i in range(20000 if SIMULATED else 2000)]
    link = Link(rate=rate, **{"queue-packets": 30000})
    begin, times = arrivals(link, sizes)
    check_spacing(begin, times, ends_of(sizes, rate))


@case("frames of all sizes share the wire by their bits")
def sizes_mixed():
    """Short and long ones in turn, with a delay behind the wire."""
    sizes = [60 if i % 2 else 1514 for i in range(300)]
    link = Link(rate=20 * MBIT, delay=10 * MS, **{"queue-packets": 10000})
    begin, times = arrivals(link, sizes)
    check_spacing(begin + 10 * MS, times, ends_of(sizes, 20 * MBIT))


@case("an idle wire saves nothing up")
def no_credit():
    """After a pause a burst is serialised as after the start."""
    link = Link(rate=10 * MBIT, **{"queue-packets": 1000})
    for burst in range(2):
        begin, times = arrivals(link, [1000] * 50)
        wanted = int(50 * wire_ns(1000, 10 * MBIT))
        timely(times[-1] - begin, wanted, wanted + LATE, f"burst {burst}, ns")
        link.sink().silent(0.2)


@case("the highest and the lowest rate", 100, 400 * GBIT)
def limits(rate):
    """Both ends of the range work."""
    link = Link(rate=rate, overhead=0)
    count = 1 if rate == 100 else 100
    begin, times = arrivals(link, [60] * count)
    timely(times[-1] - begin, int(count * 60 * 8 * 1e9 / rate),
            int(count * 60 * 8 * 1e9 / rate) + LATE + 100 * MS)


run()

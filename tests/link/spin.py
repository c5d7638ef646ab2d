#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A timer that is early, and a poll that waits for the exact time."""

import errno

from vnettest.ktap import case, defer, equal, note, run, timely
from vnettest.links import LATE, MBIT, MS, SIMULATED, US, Link, wire_ns

SPIN = "/sys/module/vnet/parameters/spin_us"
SIZE = 1000


def spin(value):
    """Sets the parameter until the case is over."""
    with open(SPIN, encoding="ascii") as file:
        before = file.read()

    def write(text):
        with open(SPIN, "w", encoding="ascii") as file:
            file.write(text)

    defer(write, before)
    write(str(value))


@case("it is off, has bounds, and what is beyond them is refused")
def bounds():
    """A poll may not hold a processor for longer than a millisecond."""
    with open(SPIN, encoding="ascii") as file:
        equal(file.read(), "0\n")
    for value in (0, 1, 1000):
        spin(value)
        with open(SPIN, encoding="ascii") as file:
            equal(file.read(), f"{value}\n")
    for value in ("1001", "-1", "some", "4294967297"):
        try:
            spin(value)
        except OSError as error:
            equal(error.errno in (errno.EINVAL, errno.ERANGE), True, f"{value}: {error}")
        else:
            raise AssertionError(f"{value} was taken")
    with open(SPIN, encoding="ascii") as file:
        equal(file.read(), "1000\n")


@case("nothing is early or out of order, us", 1, 20, 1000)
def never_early(time):
    """One by one, with delays on both sides of the bound, and in a burst."""
    spin(time)
    for wanted in (0, 5 * US, 500 * US, 2 * MS):
        link = Link(rate=100 * MBIT, delay=wanted, **{"whole-time": 0})
        sender, sink = link.sender(), link.sink()
        for _ in range(5):
            before, after = sender.send(SIZE)
            frame = sink.collect(1)[0]
            whole = int(wire_ns(SIZE, 100 * MBIT)) + wanted
            timely(frame.at, before + whole, after + whole + 1 + LATE, "arrival")
        sender.send(SIZE, 50)
        equal([frame.number for frame in sink.collect(50)], list(range(5, 55)))
        stats = link.settled()
        equal(stats.drops, {})
        note(f"{wanted // US} us: at most {link.stats()['late-max']} ns late")
        if SIMULATED:
            timely(link.stats()["late-max"], 0, LATE, "lateness")


@case("changed while frames are under way")
def changed():
    """A timer that is armed is not late because of it."""
    link = Link(delay=50 * MS, **{"whole-time": 0})
    sender, sink = link.sender(), link.sink()
    for value in (1000, 0, 1000):
        before, after = sender.send(SIZE)
        spin(value)
        frame = sink.collect(1)[0]
        timely(frame.at, before + 50 * MS, after + 50 * MS + LATE, "arrival")


run()

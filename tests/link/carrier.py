#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Carrier, cable, and what ethtool says."""

import re

from vnettest.ktap import case, equal, run
from vnettest.links import GBIT, MBIT, Link
from vnettest.netns import LinkWatch


def expect(link, wanted, what):
    """Waits until the ends that shall have carrier have it, and the others have not."""
    for end in "ab":
        with link.ns[end], LinkWatch() as watch:
            watch.until(lambda w, e=end: w.has_carrier(e) == (e in wanted), f"{what}: {end}")
    ends = link.get()
    equal([ends[f"end-{end}"]["carrier"] for end in "ab"], [int(e in wanted) for e in "ab"], what)


def power(link, end, state):
    """Sets a device up or down."""
    link.ns[end].run(f"ip link set dev {end} {state}")


@case("carrier follows the peer")
def follows():
    """Both ends have carrier if both are up."""
    link = Link(up=False)
    expect(link, "", "both down")
    power(link, "a", "up")
    expect(link, "", "one up")
    power(link, "b", "up")
    expect(link, "ab", "both up")
    power(link, "a", "down")
    expect(link, "", "the other one down")
    power(link, "a", "up")
    expect(link, "ab", "up again")


@case("a pulled cable has no carrier")
def cable():
    """Also if it is pulled from the start, or while a device is down."""
    link = Link(link={"connected": 0}, up=False)
    power(link, "a", "up")
    power(link, "b", "up")
    expect(link, "", "pulled")
    link.set({"connected": 1})
    expect(link, "ab", "plugged")
    link.set({"connected": 0})
    expect(link, "", "pulled again")
    power(link, "b", "down")
    link.set({"connected": 1})
    expect(link, "", "plugged, one down")
    power(link, "b", "up")
    expect(link, "ab", "plugged and up")


@case("plugging a plugged cable changes nothing")
def idempotent():
    """No frame is lost by it."""
    link = Link(delay=10**8)
    sink = link.sink()
    link.sender().send(100, 5)
    link.set({"connected": 1})
    sink.collect(5)
    equal(link.stats().drops, {})


def ethtool(link, end):
    """Speed and duplex as ethtool prints them."""
    text = link.ns[end].run(f"ethtool {end}")
    return (re.search(r"Speed: (.*)", text)[1], re.search(r"Duplex: (.*)", text)[1])


@case("ethtool speed is what the end transmits, in whole Mbit/s, at least 1")
def speed():
    """Each end has its own."""
    link = Link(a={"rate": 10 * MBIT}, b={"rate": 400 * GBIT})
    equal(ethtool(link, "a"), ("10Mb/s", "Full"))
    equal(ethtool(link, "b"), ("400000Mb/s", "Full"))
    link.set(a={"rate": 1999999})
    equal(ethtool(link, "a"), ("1Mb/s", "Full"))
    for rate in (999999, 64000, 100):
        link.set(a={"rate": rate})
        equal(ethtool(link, "a"), ("1Mb/s", "Full"), f"{rate} bit/s")
    link.set(a={"rate": 0})
    equal(ethtool(link, "a")[0], "Unknown!")


@case("the kernel knows the driver")
def driver():
    """ethtool -i."""
    link = Link()
    text = link.ns["a"].run("ethtool -i a")
    equal(re.search(r"driver: (.*)", text)[1], "vnet")


run()

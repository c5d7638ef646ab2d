#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Links that share a processor, and so its timer, deliver each at its own time."""

import os
import random

from vnettest.ktap import Skip, case, defer, equal, note, run, timely, true
from vnettest.links import LATE, MS, US, Link
from vnettest.netns import NetNS

SIZE = 200
PROCESSORS = sorted(os.sched_getaffinity(0))
ONLINE = "/sys/devices/system/cpu/cpu{}/online"


def on(processor):
    """Goes to a processor, until the case ends."""
    defer(os.sched_setaffinity, 0, PROCESSORS)
    os.sched_setaffinity(0, [processor])


class Many:
    """Links of many delays, each with a sender and a sink."""

    def __init__(self, count, longest):
        draw = random.Random(count)
        self.delays = [draw.randrange(MS, longest) for _ in range(count)]
        self.links = [Link(delay=delay) for delay in self.delays]
        self.senders = [link.sender() for link in self.links]
        self.sinks = [link.sink() for link in self.links]
        self.sent = {}

    def send(self, numbers, first=None):
        """Sends a frame through each of these, that with the longest delay first; by all processors in
        turn, if it is said by which first."""
        for number in sorted(numbers, key=lambda number: -self.delays[number]):
            if first is not None:
                on(PROCESSORS[(first + number) % len(PROCESSORS)])
            self.sent[number] = self.senders[number].send(SIZE)

    def check(self, numbers, late=LATE):
        """Each arrives a delay after it was sent."""
        worst = 0
        for number in numbers:
            frame = self.sinks[number].collect(1)[0]
            before, after = self.sent[number]
            due = before + self.delays[number]
            timely(frame.at, due, after + self.delays[number] + 1 + late, f"arrival, link {number}")
            worst = max(worst, frame.at - due)
        note(f"at most {worst / 1e3:.3f} us after the first moment at which they could arrive")


@case("frames of many links arrive each at its own time")
def each():
    """The later the delay, the earlier its frame is sent."""
    many = Many(30, 60 * MS)
    for _ in range(3):
        many.send(range(30))
        many.check(range(30))


@case("links go while others hold frames")
def removal():
    """The timer's first among them."""
    many = Many(30, 300 * MS)
    many.send(range(30))
    order = sorted(range(30), key=lambda number: many.delays[number])
    gone = order[15::2]
    for number in gone:
        many.links[number].delete()
    many.check(order[:15] + order[16::2])


@case("frames of many links that are sent by each processor in turn arrive")
def processors():
    """Each link's frames are sent by one and then by another."""
    many = Many(12, 20 * MS)
    for first in range(3 * len(PROCESSORS)):
        many.send(range(12), first)
        many.check(range(12))


@case("a link whose senders change processors keeps order and time")
def turns():
    """What waits is entered by one processor, and again by the other."""
    count = 400
    link = Link(delay=3 * MS, **{"whole-time": 0})
    sender, sink = link.sender(), link.sink()
    for number in range(count):
        if number % 20 == 0:
            on(PROCESSORS[number // 20 % len(PROCESSORS)])
        sender.send(SIZE)
    frames = sink.collect(count)
    equal([frame.number for frame in frames], list(range(count)))
    timely(link.stats()["late-max"], 0, LATE, "lateness, ns")


@case("a row of links of 10 us delivers whatever is sent")
def row():
    """Each router's poll enters the next link, and the end of a round waits for what is near."""
    nodes = [NetNS() for _ in range(8)]
    links = [Link(delay=10 * US, rate=10**10, ns_a=left, ns_b=right)
             for left, right in zip(nodes, nodes[1:])]
    for number, link in enumerate(links):
        ends = link.get()
        for end, host, other in (("a", 1, "b"), ("b", 2, "a")):
            link.ns[end].address(end, f"10.1.{number}.{host}", 24)
            link.ns[end].neighbour(end, f"10.1.{number}.{3 - host}", ends[f"end-{other}"]["address"])
    last = len(links) - 1
    for number, ns in enumerate(nodes):
        with ns, open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
            file.write("1")
        if number < last:
            ns.run(f"ip route add 10.1.{last}.0/24 via 10.1.{number}.2")
        if number > 1:
            ns.run(f"ip route add 10.1.0.0/24 via 10.1.{number - 1}.1")
    count = 500
    told = nodes[0].run(f"ping -q -c {count} -i 0.0005 -s 56 10.1.{last}.2")
    true(f"{count} received" in told, told)
    for link in links:
        for end in "ab":
            stats = link.settled(end)
            equal(stats["delivered-frames"], count)
            equal(stats.drops, {})


@case("a processor goes offline with frames to deliver")
def offline():
    """Its timer goes to another one."""
    other = PROCESSORS[-1]
    switch = ONLINE.format(other)
    if len(PROCESSORS) < 2 or not os.path.exists(switch):
        raise Skip("no processor can be taken away")

    def put(value):
        with open(switch, "w", encoding="ascii") as file:
            file.write(value)

    many = Many(12, 400 * MS)
    on(other)
    many.send(range(12))
    os.sched_setaffinity(0, PROCESSORS[:-1])
    defer(put, "1")
    put("0")
    many.check(range(12), late=LATE + 1000 * MS)
    put("1")
    many.send(range(12))
    many.check(range(12))


run()

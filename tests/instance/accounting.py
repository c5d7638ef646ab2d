#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What an instance has sent and received, and the time spent for it."""

from vnettest.ktap import between, case, equal, run, true
from vnettest.links import MBIT, MS, Link
from vnettest.netns import wait_up

SIZE = 800


def instances(link):
    """Makes both ends instances; their numbers."""
    return [link.family.do("instance-new", netns_fd=link.ns[end].fd)["id"] for end in "ab"]


def get(link, numbers):
    """What the module tells of them."""
    return [link.family.do("instance-get", id=number) for number in numbers]


@case("packets and bytes are those of the link's counters")
def counters():
    """In both directions, with drops charged to the sender."""
    link = Link(rate=20 * MBIT, delay=MS, **{"queue-packets": 10})
    numbers = instances(link)
    sinks = {end: link.sink(end) for end in "ab"}
    link.sender("a").send(SIZE, 200)
    link.sender("b").send(SIZE, 5)
    a = link.stats("a")
    while not link.stats("a").is_empty():
        sinks["b"].collect(1)
    sinks["a"].collect(5)
    a, b = link.stats("a"), link.stats("b")
    one, two = get(link, numbers)
    for told, own, other in ((one, a, b), (two, b, a)):
        equal(told["tx-packets"], own["sent-frames"])
        equal(told["tx-bytes"], own["sent-bytes"])
        equal(told["rx-packets"], other["delivered-frames"])
        equal(told["rx-bytes"], other["delivered-bytes"])
        equal(told["drops"], sum(own.drops.values()))


@case("a dump tells the same as get")
def dumped():
    """Links report before either."""
    link = Link()
    numbers = instances(link)
    sink = link.sink()
    link.sender().send(SIZE, 7)
    sink.collect(7)
    dumped_ones = {i["id"]: i for i in link.family.dump("instance-get")[0]}
    equal([dumped_ones[n]["tx-packets"] for n in numbers], [7, 0])
    equal([dumped_ones[n]["rx-packets"] for n in numbers], [0, 7])


@case("counters of an instance survive its links")
def survive():
    """They are sums over links, present and past."""
    link = Link()
    numbers = instances(link)
    sink = link.sink()
    link.sender().send(SIZE, 7)
    sink.collect(7)
    link.delete()
    one, two = get(link, numbers)
    equal((one["tx-packets"], two["rx-packets"]), (7, 7))
    second = Link(ns_a=link.ns["a"], ns_b=link.ns["b"])
    sink = second.sink()
    second.sender().send(SIZE, 3)
    sink.collect(3)
    one, two = get(link, numbers)
    equal((one["tx-packets"], two["rx-packets"]), (10, 10))


@case("a device that goes down and up is not counted twice")
def down_and_up():
    """Nor not at all."""
    link = Link()
    numbers = instances(link)
    sink = link.sink()
    for number in range(1, 4):
        link.sender().send(SIZE, 4)
        sink.collect(4)
        for end in "ab":
            link.ns[end].run(f"ip link set dev {end} down")
        for end in "ab":
            link.ns[end].up(end)
        wait_up(link.ns["a"], "a")
        sink = link.sink()
        one, two = get(link, numbers)
        equal((one["tx-packets"], two["rx-packets"]), (4 * number, 4 * number))


@case("softirq time is that of the receiver")
def softirq():
    """Who sends and receives nothing has none; it grows with what is received."""
    link = Link(delay=MS)
    numbers = instances(link)
    sink, sender = link.sink(), link.sender()
    times = []
    for _ in range(3):
        sender.send(SIZE, 300)
        sink.collect(300)
        one, two = get(link, numbers)
        equal(one["softirq-time"], 0)
        times.append(two["softirq-time"])
    true(0 < times[0] < times[1] < times[2], times)
    # 900 packets take some time, but not as much as all of this test.
    between(times[2], 900, 10**10)


run()

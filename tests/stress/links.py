#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Links are removed, switched and changed under traffic, by several at once."""

import random
import time

from vnettest.ktap import case, equal, note, run, true
from vnettest.links import GBIT, MBIT, MS, S, SLOW, Link
from vnettest.netlink import NetlinkError
from vnettest.netns import Child
from vnettest.packets import Sender
from vnettest.pktgen import Pktgen
from vnettest.ynl import Family

ROUNDS = 5 if SLOW else 20
TIME = 4 if SLOW else 2


def blast(link, end, seconds):
    """Sends for a time, whatever the device says; how many frames it took."""
    with link.ns[end]:
        sender = Sender(end)
    count, stop = 0, time.monotonic() + seconds
    while time.monotonic() < stop:
        try:
            sender.sock.send(sender.frame(300))
            count += 1
        except OSError:
            time.sleep(0.001)
    return count


@case("a link is removed with many packets in flight, under traffic")
def remove():
    """pktgen does not stop for it."""
    for _ in range(ROUNDS):
        link = Link(rate=10 * GBIT, delay=S, **{"queue-packets": 100000})
        traffic = Pktgen(link.ns["a"], "a")
        while link.stats()["in-flight-frames"] < 2000:
            time.sleep(0.005)
        link.delete()
        traffic.stop()
        for ns in link.ns.values():
            ns.close()


@case("devices go down and up in turn under traffic")
def switch():
    """The balance holds after each, and traffic goes on at the end."""
    link = Link(rate=200 * MBIT, delay=2 * MS)
    chance = random.Random(4)
    children = [Child(blast, link, end, TIME) for end in "ab"]
    stop, count = time.monotonic() + TIME, 0
    while time.monotonic() < stop:
        end = chance.choice("ab")
        for state in ("down", "up"):
            link.ns[end].run(f"ip link set dev {end} {state}")
            link.stats("a"), link.stats("b")
        count += 1
    sent = [child.result() for child in children]
    note(f"{count} times, {sent} frames")
    true(min(sent) > 0 and count > 3)
    link.up()
    sink = link.sink()
    link.sender().send(300, 5)
    sink.collect(5)


@case("the cable is pulled and plugged under traffic")
def cable():
    """Frames are delivered or counted as lost, none in between."""
    link = Link(rate=200 * MBIT, delay=2 * MS)
    children = [Child(blast, link, end, TIME) for end in "ab"]
    stop, count = time.monotonic() + TIME, 0
    while time.monotonic() < stop:
        link.set({"connected": count % 2})
        link.stats("a"), link.stats("b")
        count += 1
    for child in children:
        child.result()
    note(f"{count} times, {link.stats('a').drops}")
    link.set({"connected": 1})


def change(link_id, seed, seconds):
    """Changes parameters at random for a time; how often."""
    family, chance = Family(), random.Random(seed)
    stop, count = time.monotonic() + seconds, 0
    while time.monotonic() < stop:
        values = {
            "rate": chance.choice([0, MBIT, 100 * MBIT, GBIT]),
            "delay": chance.choice([0, MS, 10 * MS, S]),
            "overhead": chance.randrange(100),
            "queue-packets": chance.choice([0, 1, 1000]),
            "queue-bytes": chance.choice([0, 5000]),
            "queue-time": chance.choice([0, MS]),
            "line-packets": chance.choice([0, 100]),
            "line-bytes": chance.choice([0, 100000]),
            "whole-time": chance.choice([0, 100000]),
        }
        some = {name: values[name] for name in chance.sample(sorted(values), chance.randrange(1, 9))}
        family.do("link-set", {"id": link_id, chance.choice(["end-a", "end-b"]): {"tx": some}})
        count += 1
    return count


def read(link_id, seconds):
    """Reads in every way for a time; how often."""
    family, count, stop = Family(), 0, time.monotonic() + seconds
    while time.monotonic() < stop:
        family.do("link-get", id=link_id)
        family.dump("link-get")
        family.dump("instance-get")
        count += 1
    return count


@case("parameters are changed and read by several at once, under traffic of pktgen")
def storm():
    """The balance holds, and nothing stays when there is no more traffic."""
    link = Link()
    for end in "ab":
        link.family.do("instance-new", netns_fd=link.ns[end].fd)
    traffic = [Pktgen(link.ns[end], end, size=500) for end in "ab"]
    children = [Child(change, link.id, seed, TIME) for seed in (1, 2)]
    children.append(Child(read, link.id, TIME))
    stop = time.monotonic() + TIME
    while time.monotonic() < stop:
        link.stats("a"), link.stats("b")
        link.ns["a"].run("ip -s -d link show dev a")
    counts = [child.result() for child in children]
    for one in traffic:
        one.stop()
    link.set(a={"rate": 0, "delay": 0}, b={"rate": 0, "delay": 0})
    end = time.monotonic() + 20
    while not (link.stats("a").is_empty() and link.stats("b").is_empty()):
        true(time.monotonic() < end, "the link runs empty")
        time.sleep(0.01)
    note(f"changed and read {counts} times; {link.stats('a').values['sent-frames']} and "
         f"{link.stats('b').values['sent-frames']} frames")
    true(min(counts) > 3)


def come_and_go(ns_a, ns_b, seed, seconds):
    """Makes and removes links between the same namespaces for a time; how often."""
    family, chance = Family(), random.Random(seed)
    ids, count, stop = [], 0, time.monotonic() + seconds
    while time.monotonic() < stop:
        if len(ids) < 5 or chance.random() < 0.5:
            ids.append(family.do("link-new", {"end-a": {"netns-fd": ns_a.fd},
                                              "end-b": {"netns-fd": ns_b.fd}})["id"])
        else:
            family.do("link-del", id=ids.pop(chance.randrange(len(ids))))
        count += 1
    for link in ids:
        family.do("link-del", id=link)
    return count


@case("links come and go by several at once, while dumps are read")
def churn():
    """Each removes its own."""
    link = Link()
    children = [Child(come_and_go, link.ns["a"], link.ns["b"], seed, TIME) for seed in range(3)]
    family, stop, dumps = Family(), time.monotonic() + TIME, 0
    while time.monotonic() < stop:
        family.dump("link-get")
        dumps += 1
    counts = [child.result() for child in children]
    note(f"{counts} links made or removed, {dumps} dumps")
    equal(len(family.dump("link-get")[0]), 1)
    family.close()


@case("the same link is removed by several at once")
def race():
    """One of them does it; the others find nothing."""

    def remove_it(link_id):
        family = Family()
        try:
            family.do("link-del", id=link_id)
            return 1
        except NetlinkError as error:
            equal(error.name, "ENOENT")
            return 0

    for _ in range(ROUNDS):
        link = Link(delay=S)
        link.sender().send(300, 50)
        children = [Child(remove_it, link.id) for _ in range(3)]
        equal(sum(child.result() for child in children), 1)


run()

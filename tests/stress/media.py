#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Broadcast media under load: everything is changed, ports go in every order, the module goes."""

import itertools
import os
import random
import time

from vnettest.ktap import case, equal, note, raises, run, true
from vnettest.links import MBIT, MS, S, SLOW
from vnettest.media import Medium
from vnettest.model import ONE
from vnettest.netlink import NetlinkError
from vnettest.netns import Child, run as command
from vnettest.packets import Sender

MODULE = "/lib/vnet/vnet.ko"
CHANGES = 100 if SLOW else 500


def blast(medium, port):
    """Sends until the device is gone; how many frames."""
    with medium.ns[port]:
        sender = Sender("p")
    # A child has its own descriptors of the namespaces, which would keep them.
    for ns in medium.ns:
        ns.close()
    count = 0
    try:
        while True:
            sender.sock.send(sender.frame(300))
            count += 1
    except OSError:
        return count


def gone(medium, timeout=30):
    """Waits until the medium has gone."""
    end = time.monotonic() + timeout
    while True:
        try:
            medium.get()
        except NetlinkError as error:
            return equal(error.name, "ENOENT")
        true(time.monotonic() < end, "the medium is gone in time")
        time.sleep(0.005)


def way(dice):
    """Parameters of some way."""
    delay = dice.randrange(1, 20) * MS
    return {"delay": delay, "jitter": dice.randrange(2) * delay // 2, "loss": dice.choice([0, ONE // 10]),
            "ber": dice.choice([0, 10**13]), "corrupt": dice.choice([0, ONE // 10]),
            "duplicate": dice.choice([0, ONE // 10]), "reorder": dice.choice([0, ONE // 20]),
            "line-packets": dice.choice([0, 100])}


@case("a storm of parameters of all kinds under traffic from all ports")
def storm():
    """Ports, single pairs, rows, columns, the whole matrix; in the end nothing is missing."""
    dice = random.Random(7)
    medium = Medium(5, tx={"rate": 100 * MBIT}, delay=MS)
    children = [Child(blast, medium, port) for port in range(4)]
    for _ in range(CHANGES):
        origin, target = (dice.choice([None, *range(5)]) for _ in range(2))
        if origin == target:
            origin = None
        kind = dice.choice([0, 1, 2, 4, 5, 6])
        own = {dice.randrange(5): {"rate": dice.choice([MBIT, 100 * MBIT, 0]), "duplicate": dice.choice([0, ONE // 10]),
                                   "queueing": {"kind": kind}}}
        medium.set(own=own, ways={(origin, target): way(dice)})
        if dice.randrange(50) == 0:
            # It only listens: sockets have no luck with a device that goes down.
            medium.ns[4].run("ip link set dev p down")
            medium.ns[4].up("p")
    for child in children:
        child.kill()
    sent, _ = medium.settled()
    note(f"{CHANGES} changes, {sum(stats['sent-frames'] for stats in sent)} frames sent")


@case("namespaces end under traffic from all ports, in every order")
def orders():
    """The medium goes with the last one."""
    for order in itertools.permutations(range(3)):
        medium = Medium(3, tx={"rate": 100 * MBIT, "queue-packets": 1000}, delay=random.Random(sum(order)).choice([0, 5 * MS, 100 * S]))
        children = [Child(blast, medium, port) for port in range(3)]
        time.sleep(0.02)
        for port in order:
            children[port].kill()
            medium.ns[port].close()
        gone(medium)


@case("devices are removed under traffic")
def devices():
    """Who sends is told that its device is gone; the others go on."""
    medium = Medium(4, tx={"rate": 100 * MBIT}, delay=5 * MS)
    children = [Child(blast, medium, port) for port in range(4)]
    time.sleep(0.02)
    for port in (2, 0, 3, 1):
        medium.ns[port].run("ip link del dev p")
    true(all(child.result() > 0 for child in children), "all have sent")
    gone(medium)


@case("removal with a hundred thousand copies in flight")
def full():
    """At once."""
    medium = Medium(11, tx={"queue-packets": 20000}, delay=100 * S, **{"line-packets": 0})
    sender = medium.sender(0)
    for _ in range(10):
        sender.send(60, 200 if SLOW else 1000)
    flying = sum(told["stats"]["in-flight-frames"] for told in medium.pairs().values())
    note(f"{flying} copies in flight")
    sender.close()
    begin = time.monotonic()
    medium.delete()
    note(f"removed in {(time.monotonic() - begin) * 1000:.0f} ms")
    equal(raises(NetlinkError, medium.get).name, "ENOENT")


@case("the module is removed under traffic from all ports")
def module():
    """Nothing of a medium is in its way."""
    for _ in range(2):
        medium = Medium(3, tx={"rate": 100 * MBIT}, delay=5 * MS)
        children = [Child(blast, medium, port) for port in range(3)]
        time.sleep(0.05)
        end = time.monotonic() + 20
        while command("rmmod vnet", check=False).returncode:
            true(time.monotonic() < end, "the module goes in time")
            time.sleep(0.01)
        true(not os.path.exists("/sys/module/vnet"))
        command(["insmod", MODULE])
        for child in children:
            child.result()


run()

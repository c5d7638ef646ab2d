#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Namespaces end under traffic, in every order."""

import time

from vnettest.ktap import case, equal, note, run, true
from vnettest.links import MBIT, MS, S, SLOW, Link
from vnettest.netlink import NetlinkError
from vnettest.netns import Child
from vnettest.packets import Sender

ROUNDS = 5 if SLOW else 20
PARAMETERS = ({}, {"delay": 5 * MS}, {"rate": 100 * MBIT, "delay": MS},
              {"delay": 100 * S}, {"rate": 10 * MBIT, "queue-packets": 10000})


def blast(link, device):
    """Sends until the device is gone; how many frames."""
    with link.ns["a"] if device == "a" else link.ns["b"]:
        sender = Sender(device)
    # A child has its own descriptors of the namespaces, which would keep them.
    for ns in link.ns.values():
        ns.close()
    count = 0
    try:
        while True:
            sender.sock.send(sender.frame(200))
            count += 1
    except OSError:
        return count


def gone(link, timeout=30):
    """Waits until the link has gone with its namespaces."""
    end = time.monotonic() + timeout
    while True:
        try:
            link.get()
        except NetlinkError as error:
            equal(error.name, "ENOENT")
            return
        true(time.monotonic() < end, "the link is gone in time")
        time.sleep(0.005)


@case("the receiver's namespace ends first", *range(len(PARAMETERS)))
def receiver_first(number):
    """Frames for it are on the link, and more are being sent."""
    total = 0
    for _ in range(ROUNDS):
        link = Link(**PARAMETERS[number])
        children = [Child(blast, link, "a") for _ in range(2)]
        time.sleep(0.02)
        link.ns["b"].close()
        gone(link)
        total += sum(child.result() for child in children)
        link.ns["a"].close()
    note(f"{total} frames sent")
    true(total > 0)


@case("the sender's namespace ends first", *range(len(PARAMETERS)))
def sender_first(number):
    """Its sockets are closed by a signal, as when a lab is killed."""
    for _ in range(ROUNDS):
        link = Link(**PARAMETERS[number])
        children = [Child(blast, link, "a") for _ in range(2)]
        time.sleep(0.02)
        link.ns["a"].close()
        for child in children:
            child.kill()
        gone(link)
        link.ns["b"].close()


@case("both namespaces end at once")
def both():
    """With traffic in both directions."""
    for _ in range(ROUNDS):
        link = Link(rate=100 * MBIT, delay=50 * MS)
        children = [Child(blast, link, end) for end in "ab"]
        time.sleep(0.02)
        for ns in link.ns.values():
            ns.close()
        for child in children:
            child.kill()
        gone(link)


@case("a chain of namespaces ends from the middle")
def chain():
    """Every namespace has two links."""
    links = [Link(delay=20 * MS)]
    for _ in range(5):
        # The namespace of the last one's end b.
        links.append(Link(ns_a=links[-1].ns["b"], delay=20 * MS))
    children = [Child(blast, link, "a") for link in links[1:]]
    time.sleep(0.05)
    for index in (3, 1, 4, 0, 2, 5):
        links[index].ns["b"].close()
    for child in children:
        child.kill()        # they have descriptors of all namespaces
    links[0].ns["a"].close()
    for link in links:
        gone(link)




run()

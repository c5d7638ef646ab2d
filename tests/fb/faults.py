#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Every allocation of every command on blocks fails once; nothing leaks, nothing is left.

Needs a kernel with fault injection (uml-debug); see vnettest.faults. VNET_EVERY=1 tries each allocation of slow types, too.
"""

import errno
import os

from vnettest.blocks import Graph
from vnettest.faults import Fault, need, sweep
from vnettest.ktap import case, defer, equal, note, run, true
from vnettest.netlink import NetlinkError
from vnettest.types import EXAMPLES, example_device, types
from vnettest.ynl import Family

TYPES = sorted(EXAMPLES)
# The core makes a device with hundreds of allocations, and takes its time to remove it.
SLOW_TYPES = {"vlink": int(os.environ.get("VNET_EVERY", "9"))}


def without_time(block):
    """What is told of a block but for counters and readings."""
    return (block["kind"], block.get("lab"), block.peers, block.publishers,
            {name: value for name, value in block.params.items()
             if name in EXAMPLES[block["kind"]]})


def listener(ns):
    """Somebody who wants to be told of changes in a namespace."""
    with ns:
        family = Family()
    try:
        family.listen()
    except OSError:
        family.close()
        raise
    return family


def prepare():
    """A graph in a namespace with the device that examples name, after its first allocations. Somebody listens, so that
    commands make notifications, too."""
    need()
    graph = Graph()
    example_device(graph.ns)
    # The kernel makes an algorithm of its parts when it is first asked for, in a thread of its own.
    graph.add("b", "crypt", **EXAMPLES["crypt"])
    graph.remove("b")
    graph.list()
    defer(listener(graph.ns).close)
    return graph


def attempts(graph, attempt, undo=lambda: None, kind=None):
    """See sweep; what must not change are the blocks."""
    def quietly():
        # Of a request that was not sent, or not answered, nobody knows whether it was done.
        try:
            undo()
        except NetlinkError:
            pass

    sweep(attempt, quietly, state=lambda: {n: without_time(b) for n, b in graph.list().items()},
          every=SLOW_TYPES.get(kind, 1))


@case("all types are tried")
def complete():
    """None was forgotten."""
    equal(sorted(types()), TYPES)


@case("block-new and block-del", *TYPES)
def new(kind):
    """With all parameters that the type has."""
    graph = prepare()
    params = EXAMPLES[kind]
    attempts(graph, lambda: graph.add("b", kind, lab="l", **params), lambda: graph.remove("b"),
             kind)
    graph.add("b", kind, **params)
    attempts(graph, lambda: graph.remove("b"), lambda: graph.add("b", kind, **params), kind)


@case("block-set, block-get and its dump", *TYPES)
def change(kind):
    """All that can be changed is given anew."""
    graph = prepare()
    graph.add("b", kind, **EXAMPLES[kind])
    declared = types()[kind]
    params = {name: value for name, value in EXAMPLES[kind].items()
              if declared[name]["access"] in ("any-time", "secret")}
    attempts(graph, lambda: graph.set("b", **params))
    attempts(graph, lambda: graph.get("b"))
    attempts(graph, graph.list)


@case("block-replace", *TYPES)
def replace(kind):
    """By one of its type, with and without its state, and by one of another type."""
    graph = prepare()
    graph.add("b", kind, **EXAMPLES[kind])
    attempts(graph, lambda: graph.replace("b", **EXAMPLES[kind]))
    attempts(graph, lambda: graph.replace("b", state="drop", **EXAMPLES[kind]))
    graph.replace("b", "forward", "drop")
    attempts(graph, lambda: graph.replace("b", kind, **EXAMPLES[kind]),
             lambda: graph.replace("b", "forward", "drop"), kind)


@case("block-bind and block-unbind")
def bindings():
    """Between blocks that have other bindings."""
    graph = prepare()
    for name in "abcd":
        graph.add(name, "forward")
    graph.chain("a", "b")
    graph.chain("c", "d")
    attempts(graph, lambda: graph.bind("c", "b"), lambda: graph.unbind("c", "b"))
    graph.bind("c", "b")
    attempts(graph, lambda: graph.unbind("c", "b"), lambda: graph.bind("c", "b"))


@case("block-subscribe and block-unsubscribe")
def subscriptions():
    """Between blocks that have other subscriptions."""
    graph = prepare()
    for name in "abc":
        graph.add(name, "queue")
    graph.subscribe("a", "b")
    graph.subscribe("b", "c")
    attempts(graph, lambda: graph.subscribe("a", "c"), lambda: graph.unsubscribe("a", "c"))
    graph.subscribe("a", "c")
    attempts(graph, lambda: graph.unsubscribe("a", "c"), lambda: graph.subscribe("a", "c"))
    attempts(graph, lambda: graph.replace("c"))


@case("listeners are told of what was done, or that they were not told")
def notifications():
    """ENOBUFS says so, and `vnetctl fb events` hands it on."""
    graph = prepare()
    graph.add("b", "forward")
    events = listener(graph.ns)
    defer(events.close)
    missed = 0
    for number in range(1, 1000):
        fault = Fault(number)
        try:
            with fault:
                graph.set("b")
        except NetlinkError:
            continue        # it was not done
        except OSError:
            events.events(1, 0)
            continue        # of this nobody knows
        try:
            equal([event.operation for event in events.events(1)], ["block-set-ntf"])
        except OSError as lost:
            equal(lost.errno, errno.ENOBUFS)
            missed += 1
        if not fault.fired:
            break
    note(f"{missed} were not told of")
    true(missed)


@case("listening")
def listening():
    """As `vnetctl fb events` does."""
    graph = prepare()
    attempts(graph, lambda: listener(graph.ns).close())


@case("block-type-get")
def type_get():
    """Reading."""
    graph = prepare()
    attempts(graph, types)


run()

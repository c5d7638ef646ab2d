#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Broadcast media: every port hears every other one, each as the pair's parameters say."""

import json
import random
import time

from vnettest import model
from vnettest.ktap import between, case, defer, equal, raises, run, timely, true
from vnettest.links import LATE, MBIT, MS, S, SLOW, wire_ns
from vnettest.media import Medium
from vnettest.model import ONE
from vnettest.netlink import NetlinkError
from vnettest.netns import NetNS
from vnettest.ynl import Family

SIZE = 1000
ALWAYS = 10**19
COUNT = 200 if SLOW else 1000


def until(holds, what, timeout=30):
    """Waits for what the kernel does in the background."""
    end = time.monotonic() + timeout
    while not holds():
        true(time.monotonic() < end, what)
        time.sleep(0.01)


@case("each frame reaches each other port, ports", 2, 3, 16)
def broadcast(ports):
    """And not the one that sent it."""
    medium = Medium(ports)
    sinks = [medium.sink(port) for port in range(ports)]
    for origin in (0, ports - 1):
        medium.sender(origin).send(SIZE, 5)
        for port, sink in enumerate(sinks):
            if port != origin:
                frames = sink.collect(5)
                equal([frame.number for frame in frames], list(range(5)))
                equal({frame.size for frame in frames}, {SIZE})
    sinks[0].silent(0.05)
    sent, ways = medium.settled()
    for port, stats in enumerate(sent):
        equal(stats["sent-frames"], 5 if port in (0, ports - 1) else 0)
    equal(len(ways), ports * (ports - 1))


@case("a matrix of delays")
def matrix():
    """Each pair has its own, and each direction."""
    delays = {(0, 1): 1, (1, 0): 2, (0, 2): 30, (2, 0): 40, (1, 2): 5, (2, 1): 0}
    medium = Medium(3, ways={pair: {"delay": ms * MS} for pair, ms in delays.items()})
    sinks = [medium.sink(port) for port in range(3)]
    for origin in range(3):
        before, after = medium.sender(origin).send(SIZE)
        for target in set(range(3)) - {origin}:
            at = sinks[target].collect(1)[0].at
            delay = delays[origin, target] * MS
            timely(at, before + delay, after + delay + LATE, f"{origin} to {target}")


@case("the rate is the sender's, and the delay of the pair comes after it")
def rate():
    """A slow transmitter delays its own frames, for all who hear it, and nobody else's."""
    medium = Medium(3, own={0: {"rate": MBIT}}, ways={(0, 1): {"delay": 3 * MS}})
    one, two = medium.sink(1), medium.sink(2)
    before, after = medium.sender(0).send(SIZE, 5)
    wire = wire_ns(SIZE, MBIT)
    for i, (early, late) in enumerate(zip(two.collect(5), one.collect(5))):
        wanted = int((i + 1) * wire)
        timely(early.at, before + wanted, after + wanted + 1 + LATE, "at the near port")
        timely(late.at, before + wanted + 3 * MS, after + wanted + 3 * MS + 1 + LATE,
               "at the far port")
    before, after = medium.sender(1).send(SIZE)
    timely(two.collect(1)[0].at, before, after + LATE, "another sender")
    medium.settled()


@case("frames of several senders arrive in the order of their times")
def order():
    """Whatever the order in which they were sent."""
    medium = Medium(3, ways={(0, 2): {"delay": 60 * MS}, (1, 2): {"delay": 10 * MS}})
    sink = medium.sink(2)
    medium.sender(0, source="02:00:00:00:00:01").send(SIZE)
    medium.sender(1, source="02:00:00:00:00:02").send(SIZE + 1)
    equal([frame.size for frame in sink.collect(2)], [SIZE + 1, SIZE])


@case("loss of a pair", "loss", "ber")
def loss(effect):
    """What one receiver loses the other ones get."""
    value = ALWAYS if effect == "loss" else ALWAYS // 2
    medium = Medium(3, ways={(0, 1): {effect: value}})
    one, two = medium.sink(1), medium.sink(2)
    medium.sender(0).send(SIZE, 20)
    two.collect(20)
    one.silent(0.05)
    _, ways = medium.settled()
    equal(ways[0, 1].drops, {"loss-random" if effect == "loss" else "ber": 20})
    equal(ways[0, 2].drops, {})


@case("the transmitter's own effects are the same for all")
def common():
    """Duplicated or lost before the frame spreads."""
    medium = Medium(3, own={0: {"duplicate": ALWAYS}, 1: {"loss": ALWAYS}})
    medium.sender(0).send(SIZE, 10)
    medium.sender(1).send(SIZE, 10)
    sent, ways = medium.settled()
    for target in (1, 2):
        equal(ways[0, target]["delivered-frames"], 20)
    equal(sent[0]["duplicated-frames"], 10)
    equal(sent[1].drops, {"loss-random": 10})
    equal(ways[1, 2]["sent-frames"], 0)


@case("random decisions of a pair depend on the seed and the pair alone")
def seeds():
    """Not on what happens elsewhere, nor on how many ports there are."""
    def arrived(count, seed, **kwargs):
        medium = Medium(count, medium={"seed": seed}, ways={(0, 1): {"loss": ALWAYS // 2}},
                        **kwargs)
        sink = medium.sink(1)
        medium.sender(0).send(SIZE, 100)
        _, ways = medium.settled()
        frames = sink.collect(ways[0, 1]["delivered-frames"])
        medium.delete()
        return [frame.number for frame in frames]

    first = arrived(2, 7)
    true(20 < len(first) < 80, "about half")
    equal(arrived(2, 7), first)
    equal(arrived(5, 7, own={1: {"loss": ALWAYS // 2}}), first)
    true(arrived(2, 8) != first, "another seed")


@case("a stack at each port")
def stacks():
    """ARP, unicast and TCP-sized pings; who is not meant ignores a frame."""
    medium = Medium(4, tx={"rate": 100 * MBIT}, delay=1 * MS)
    for port, ns in enumerate(medium.ns):
        ns.run(f"ip addr add 10.0.0.{port + 1}/24 dev p")
    for port, ns in enumerate(medium.ns):
        for other in set(range(4)) - {port}:
            ns.run(f"ping -q -c 2 -i 0.01 -W 5 -s 4000 10.0.0.{other + 1}")
    medium.settled()


@case("parameters change in flight")
def change():
    """What is named changes, and nothing else; what flies keeps its time."""
    medium = Medium(3, delay=100 * MS)
    one, two = medium.sink(1), medium.sink(2)
    before, after = medium.sender(0).send(SIZE)
    medium.set(ways={(0, 1): {"delay": 0}}, own={1: {"rate": 5 * MBIT}})
    at = one.collect(1)[0].at
    timely(at, before + 100 * MS, after + 100 * MS + LATE, "kept")
    pairs = medium.pairs()
    equal({pair: told["params"]["delay"] for pair, told in pairs.items()},
          {pair: 0 if pair == (0, 1) else 100 * MS for pair in pairs})
    equal([port["tx"]["rate"] for port in medium.ports()], [0, 5 * MBIT, 0])
    two.collect(1)
    before, after = medium.sender(0).send(SIZE)
    timely(one.collect(1)[0].at, before, after + LATE, "changed")
    medium.set(ways={(0, None): {"delay": 7 * MS}})
    equal({pair: told["params"]["delay"] // MS for pair, told in medium.pairs().items()},
          {(0, 1): 7, (0, 2): 7, (1, 0): 100, (1, 2): 100, (2, 0): 100, (2, 1): 100})
    medium.settled()


@case("a port that is down")
def down():
    """What is sent to it is counted; the other ones go on."""
    medium = Medium(3, delay=10 * S)
    medium.sender(0).send(SIZE, 5)
    medium.ns[1].run("ip link set dev p down")
    equal(medium.way(0, 1).drops, {"receiver-down": 5})
    equal(medium.way(0, 2)["in-flight-frames"], 5)
    medium.sender(0).send(SIZE, 2)
    equal(medium.way(0, 1).drops, {"receiver-down": 7})
    equal(medium.way(0, 2)["in-flight-frames"], 7)
    medium.ns[0].run("ip link set dev p down")
    equal(medium.way(0, 2).drops, {"link-down": 7})


@case("a port goes", "its namespace", "its device", "the last but one")
def unplug(how):
    """The others stay."""
    medium = Medium(3, delay=100 * S)
    for port in range(3):
        sender = medium.sender(port)
        sender.send(SIZE, COUNT)
        sender.close()
    gone = [1, 2] if how == "the last but one" else [1]
    for port in gone:
        if how == "its namespace":
            medium.ns[port].close()
            until(lambda: medium.get()["ports"] == 2, "the namespace goes")
        else:
            medium.ns[port].run("ip link del dev p")
    for port in gone:
        equal(medium.way(0, port).drops, {"removed": COUNT})
        equal(medium.way(port, 0).drops, {"removed": COUNT})
    if len(gone) == 1:
        equal(medium.get()["ports"], 2)
        equal(medium.way(0, 2)["in-flight-frames"], COUNT)
    medium.ns[0].run("ip link del dev p")
    if len(gone) == 1:
        medium.ns[2].run("ip link del dev p")
    equal(raises(NetlinkError, medium.get).name, "ENOENT")


@case("a storm of changes under traffic from all ports")
def storm():
    """Everything at once; afterwards nothing is missing, and it goes while it is full."""
    dice = random.Random(1)
    medium = Medium(5, tx={"rate": 100 * MBIT, "duplicate": ALWAYS // 10})
    # The last one only listens: a socket has no luck with a device that goes down.
    senders = [medium.sender(port) for port in range(4)]
    for _ in range(20 if SLOW else 60):
        for sender in senders:
            sender.send(dice.randrange(60, 1500), 3)
        way = {"delay": dice.randrange(20) * MS, "loss": dice.choice([0, ALWAYS // 10]),
               "ber": dice.choice([0, 10**13]), "corrupt": dice.choice([0, ALWAYS // 10])}
        origin, target = dice.sample(range(4), 2)
        medium.set(ways={(dice.choice([origin, None]), target): way},
                   own={origin: {"rate": dice.choice([MBIT, 100 * MBIT, 0]),
                                 "queueing": {"kind": dice.choice([0, 2, 4, 6])}}})
        if dice.randrange(20) == 0:
            medium.ns[4].run("ip link set dev p down")
            medium.ns[4].up("p")
    medium.settled()
    medium.set(delay=100 * S)
    for sender in senders:
        sender.send(SIZE, COUNT)
    medium.delete()


@case("removal of a medium that holds frames")
def remove():
    """At once, and nothing stays charged."""
    medium = Medium(4, tx={"rate": 10 * MBIT, "queue-packets": 10000}, delay=100 * S)
    instances = []
    for ns in medium.ns:
        with ns:
            family = Family()
        defer(family.close)
        family.do("instance-new", {})
        instances.append(family)
    for port in range(4):
        sender = medium.sender(port)
        sender.send(SIZE, COUNT)
        sender.close()
    true(all(family.do("instance-get", {})["frames"] >= COUNT for family in instances))
    medium.delete()
    equal(raises(NetlinkError, medium.get).name, "ENOENT")
    for family in instances:
        told = family.do("instance-get", {})
        equal((told["frames"], told["bytes"], told["links"]), (0, 0, 0))
        equal(told["tx-packets"], COUNT)


@case("limits hold for copies")
def limits():
    """Each copy in flight counts; what does not fit is lost on its way alone."""
    medium = Medium(3, delay=100 * S, up=False)
    with medium.ns[0]:
        family = Family()
    defer(family.close)
    family.do("instance-new", {"max-frames": 10})
    for ns in medium.ns:
        ns.up("p")
    medium.sender(0).send(SIZE, 20)
    flying = sum(medium.way(0, to)["in-flight-frames"] for to in (1, 2))
    equal(flying, 10)
    equal(medium.sent(0).drops, {"frame-cap": 15})


def refuse(family, operation, values, error, text, path=None):
    """The request is refused in just these words."""
    got = raises(NetlinkError, family.do, operation, values)
    equal((got.name, got.text, got.path), (error, text, path), f"{operation}")


@case("logs of decisions, of a transmitter and of a way")
def logs():
    """Each frame's fate and times are those of the model; what one log has is in no other one."""
    seed, count, part = 77, 50, ONE // 5
    wire = wire_ns(SIZE, 100 * MBIT)
    medium = Medium(3, medium={"seed": seed}, own={0: {"rate": 100 * MBIT}},
                    ways={(0, 1): {"loss": part, "delay": 3 * MS}})
    own, way = {"id": medium.id, "from": 0}, {"id": medium.id, "from": 0, "to": 1}
    for where in (own, way):
        equal(medium.family.do("medium-trace-get", where), {**where, "size": 0})
        medium.family.do("medium-trace-set", {**where, "size": 1000})
    medium.sender(0).send(SIZE, count)
    medium.settled()
    sent, went = (medium.family.do("medium-trace-get", {**where, "since": 0})
                  for where in (own, way))
    equal([(log["size"], log["next"], log["lost"]) for log in (sent, went)],
          [(1000, count, 0)] * 2)
    sent, went = sent["record"], went["record"]
    equal([record["number"] for record in sent], list(range(count)))
    # They leave the transmitter one wire time after another, if they come as fast.
    for one, other in zip(sent, sent[1:]):
        early = max(one["decided"], other["enqueued"]) + int(wire)
        between(other["decided"], early, early + 1)
    # The way begins when the transmitter ends; the draws are those of the pair.
    source = model.Source(seed, (0 + 1) * 64 + 1)
    for number, (left, record) in enumerate(zip(sent, went)):
        equal((record["number"], record["enqueued"]), (number, left["due"]))
        if source.hits(part, model.RANDOM, number):
            equal(record["cause"], "loss-random")
        else:
            equal(record["due"], left["due"] + 3 * MS)
    true(0 < sum("cause" in record for record in went) < count, "some are lost")
    medium.family.do("medium-trace-set", {**way, "size": 0})
    equal(medium.family.do("medium-trace-get", way), {**way, "size": 0})
    equal(len(medium.family.do("medium-trace-get", {**own, "since": count - 1})["record"]), 1)


@case("refusals")
def refusals():
    """Each with its reason, and nothing changes."""
    medium = Medium(3, delay=MS)
    family, ns = medium.family, NetNS()
    ports = [{"netns-fd": ns.fd}, {"netns-fd": ns.fd}]
    before = medium.pairs()
    refuse(family, "medium-new", {"port": ports[:1]}, "EINVAL", "a medium needs at least two ports")
    refuse(family, "medium-new", {"port": ports * 33}, "E2BIG", "a medium has at most 64 ports",
           "port")
    refuse(family, "medium-new", {"port": [{**ports[0], "number": 0}, ports[1]]}, "EINVAL",
           "the ports of a new medium are numbered in their order", "port.number")
    refuse(family, "medium-new", {"port": [ports[0], {**ports[1], "ifname": "a/b"}]}, "EINVAL",
           "this cannot be a device's name", "port.ifname")
    refuse(family, "medium-new", {"port": [{**port, "ifname": "p"} for port in ports]}, "EEXIST",
           "a device cannot be registered; is its name taken?")
    refuse(family, "medium-new",
           {"port": [ports[0], {**ports[1], "tx": {"queueing": {"kind": 7}, "rate": MBIT}}]},
           "EINVAL", "a port of a medium has a queue of its own, not that of the device")
    own = "rate, overhead and queue belong to a port, not to a pair"
    for params in ({"rate": MBIT}, {"overhead": 10}, {"queue-packets": 1}, {"queueing": {}}):
        refuse(family, "medium-set", {"id": medium.id, "pair": [{"params": params}]}, "EINVAL",
               own, "pair.params." + next(iter(params)))
    refuse(family, "medium-set", {"id": medium.id, "pair": [{"from": 1, "to": 1, "params": {}}]},
           "EINVAL", "a port does not hear itself", "pair.to")
    refuse(family, "medium-set", {"id": medium.id, "pair": [{"from": 3, "params": {}}]},
           "EINVAL", "there is no such port", "pair.from")
    refuse(family, "medium-set", {"id": medium.id, "pair": [{"from": 1}]},
           "EINVAL", "a pair needs params")
    refuse(family, "medium-set", {"id": medium.id, "port": [{"number": 3, "tx": {}}]},
           "EINVAL", "there is no such port", "port.number")
    refuse(family, "medium-set", {"id": medium.id, "port": [{"tx": {}}]},
           "EINVAL", "a port is named by its number")
    refuse(family, "medium-set", {"id": medium.id, "port": [{"number": 0, "ifname": "x"}]},
           "EOPNOTSUPP", "a device is renamed, moved or given an address by rtnetlink",
           "port.ifname")
    for name in ("medium-trace-set", "medium-trace-get"):
        way = {"id": medium.id, "from": 0, "to": 1}
        size = {"size": 5} if name.endswith("set") else {}
        refuse(family, name, {**size, "from": 0}, "EINVAL", "name the medium by id")
        refuse(family, name, {**way, **size, "id": 10**9}, "ENOENT", "there is no such medium",
               "id")
        refuse(family, name, {**size, "id": medium.id}, "EINVAL", "say which port transmits")
        refuse(family, name, {**way, **size, "from": 3}, "ENOENT", "there is no such port", "from")
        refuse(family, name, {**way, **size, "to": 64}, "ENOENT", "there is no such port", "to")
        refuse(family, name, {**way, **size, "to": 0}, "EINVAL",
               "no way leads from a port to itself", "to")
    refuse(family, "medium-trace-set", {"id": medium.id, "from": 0}, "EINVAL",
           "say how many records")
    refuse(family, "medium-get", {}, "EINVAL", "name the medium by id")
    refuse(family, "medium-get", {"id": 10**9}, "ENOENT", "there is no such medium", "id")
    done = ns.run("ip link add type vnet-port", check=False)
    true("a port is made with its medium, by medium-new" in done.stderr, done.stderr)
    equal(medium.pairs(), before)


@case("changes are told to the namespaces of all ports")
def told():
    """Made, changed, a port gone, gone; with the medium's number."""
    watcher = NetNS()
    with watcher:
        family, listener = Family(), Family()
    defer(family.close)
    defer(listener.close)
    listener.listen()
    others = [NetNS() for _ in range(2)]
    made = family.do("medium-new", {"name": "m", "port": [{"ifname": "p", "netns-fd": ns.fd} for ns in (watcher, *others)]})
    family.do("medium-set", {"id": made["id"], "pair": [{"params": {"delay": MS}}]})
    others[0].run("ip link del dev p")
    family.do("medium-del", {"id": made["id"]})
    got = listener.events(4)
    equal([(event.operation, event["ports"]) for event in got],
          [("medium-new-ntf", 3), ("medium-set-ntf", 3), ("medium-del-ntf", 2), ("medium-del-ntf", 0)])
    equal({event["id"] for event in got}, {made["id"]})


@case("ip -s link tells of a port what it sent and got")
def ip_statistics():
    """What was lost on the ways is told by medium-pair-get."""
    medium = Medium(3, own={0: {"loss-pattern": {"period": 4, "rule": [{"frame": 4, "action": 0}]}}},
                    ways={(0, 1): {"loss": ALWAYS}})
    medium.sender(0).send(SIZE, 20)
    medium.settled()
    stats = [json.loads(ns.run("ip -j -s -d link show dev p"))[0] for ns in medium.ns]
    equal({one["linkinfo"]["info_kind"] for one in stats}, {"vnet-port"})
    equal((stats[0]["stats64"]["tx"]["packets"], stats[0]["stats64"]["tx"]["dropped"]), (20, 5))
    equal([one["stats64"]["rx"]["packets"] for one in stats], [0, 0, 15])
    medium.ns[0].run("ethtool p")


@case("the largest medium is told and changed")
def large():
    """64 ports and 4032 ways."""
    medium = Medium(64, up=False, delay=MS)
    medium.set(delay=2 * MS, ways={(None, 5): {"delay": 9 * MS}})
    pairs = medium.pairs()
    equal(len(pairs), 64 * 63)
    equal({pair for pair, told in pairs.items() if told["params"]["delay"] == 9 * MS},
          {(origin, 5) for origin in range(64) if origin != 5})
    equal([port["number"] for port in medium.ports()], list(range(64)))
    equal(medium.get()["ports"], 64)


run()

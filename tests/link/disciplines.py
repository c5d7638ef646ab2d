#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Queue disciplines: shares, drops, marks, and the kernel's own in front of the device."""

import contextlib
import socket
import struct
import time

from vnettest.ktap import HeldUp, between, case, equal, note, raises, run, true
from vnettest.links import KBIT, MBIT, MS, S, SIMULATED, Link
from vnettest.netlink import NetlinkError
from vnettest.packets import ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6, udp, udp6

(FIFO, WFQ, DRR, RED, CODEL, PIE, FQ_CODEL, DEVICE) = range(8)
PAYLOAD = 1000
FRAME = 14 + 20 + 8 + PAYLOAD


class Bench:
    """A link, a raw sender at a and a raw sink at b; all packets are of one version of IP."""

    def __init__(self, queueing, rate=10 * MBIT, version=4, tag=b"", **more):
        more.setdefault("queue-packets", 100000)
        self.rate = rate
        self.link = Link(a={"rate": rate, "queueing": queueing, **more}, link={"seed": 5})
        ends = self.link.get()
        self.macs = [ends[f"end-{e}"]["address"].hex(":") for e in "ab"]
        self.sender = self.link.sender().sock
        # Of a VLAN, among the data as devices without an offload for it have it.
        self.tag = tag
        self.make, ethertype, self.port_at = {4: (udp, ETH_P_IP, 34), 6: (udp6, ETH_P_IPV6, 54)}[version]
        if len(tag) > 4:
            # The stack takes off the outer one.
            ethertype, self.port_at = ETH_P_8021Q, self.port_at + 4
        self.sink = self.link.sink(ethertype=ethertype)

    def send(self, port, count=1, **more):
        """Sends packets of a flow."""
        frame = self.make(*self.macs, port, **more)
        frame = frame[:12] + self.tag + frame[12:]
        for _ in range(count):
            self.sender.send(frame)

    @contextlib.contextmanager
    def held(self):
        """What is sent in this block waits behind a frame that is on the wire for most of a second, so
        that it does not matter how fast the sender is."""
        self.link.set(a={"rate": 10 * KBIT})
        before = self.link.stats()["delivered-frames"]
        yield
        # One may have been on the wire before.
        if self.link.stats()["delivered-frames"] > before + 1:
            raise HeldUp("the sender was slower than the wire")
        self.link.set(a={"rate": self.rate})

    def receive(self, count):
        """The next packets: (port, ECN bits) each."""
        got = []
        while len(got) < count:
            self.sink.sock.settimeout(20)
            size = self.sink.sock.recv_into(self.sink.buffer)
            data = self.sink.buffer[:size]
            bits = data[15] if self.port_at == 34 else data[15] >> 4
            got.append((struct.unpack_from("!H", data, self.port_at)[0], bits & 3))
        return got

    def ports(self, count):
        """The flows of the next packets."""
        return [port for port, _ in self.receive(count)]


@case("a queue in front: first in, first out")
def fifo():
    """Whatever the flow."""
    bench = Bench({"kind": FIFO})
    for port in (1, 2, 3) * 20:
        bench.send(port)
    equal(bench.ports(60), [1, 2, 3] * 20)


@case("each flow gets its share", "drr", "wfq", "fq-codel", "drr with IPv6", "drr with a tag",
      "drr with two tags")
def shares(which):
    """One has sent ten times as much before the others begin."""
    which, _, what = which.partition(" with ")
    tag = {"a tag": b"\x81\0\0\x05", "two tags": b"\x88\xa8\0\x06\x81\0\0\x05"}.get(what, b"")
    queueing = {"drr": {"kind": DRR}, "wfq": {"kind": WFQ},
                # So patient that it drops nothing.
                "fq-codel": {"kind": FQ_CODEL, "target": 10 * S}}[which]
    bench = Bench(queueing, rate=2 * MBIT, version=6 if what == "IPv6" else 4, tag=tag)
    with bench.held():
        bench.send(1, 200)
    bench.ports(20)
    with bench.held():
        bench.send(2, 20)
        bench.send(3, 20)
    # What was sent while only the first flow was there comes first.
    order = bench.ports(220)
    begin = order.index(2)
    shared = order[begin:begin + 60]
    note(f"from packet {begin}: {''.join(map(str, shared))}")
    for port in (1, 2, 3):
        between(shared.count(port), 18, 22, f"packets of flow {port}")
    equal(bench.link.settled().drops, {})


@case("wfq divides by weight")
def weights():
    """By DS code point: 3 to 1."""
    classes = [{"dscp": 46, "weight": 3}, {"dscp": 10, "weight": 1}]
    bench = Bench({"kind": WFQ, "class": classes}, rate=2 * MBIT)
    equal(bench.link.get()["end-a"]["tx"]["queueing"]["class"], classes)
    with bench.held():
        bench.send(1)       # is on the wire when the others come
        for _ in range(100):
            bench.send(46, dscp=46)
            bench.send(10, dscp=10)
    order = bench.ports(121)
    between(order.count(46) / order.count(10), 2.8, 3.2)
    # Changed while they wait.
    bench.link.set(a={"queueing": {"class": [{"dscp": 10, "weight": 10}]}})
    rest = bench.ports(80)
    equal(len(rest), 80)
    equal(bench.link.settled().drops, {})


@case("wfq divides by weight although frames are dropped", "tail", "head")
def crowded(which):
    """Three times as much is sent as the wire takes: what is dropped counts for nobody."""
    classes = [{"dscp": 46, "weight": 3}, {"dscp": 10, "weight": 1}]
    bench = Bench({"kind": WFQ, "class": classes, "drop": 1 if which == "tail" else 2}, rate=5 * MBIT,
                  **{"queue-packets": 300})
    with bench.held():
        bench.send(1)       # is on the wire when the others come
        for _ in range(150):
            bench.send(46, dscp=46)
            bench.send(10, dscp=10)
    sent = 0
    while sent < 1200:
        stats = bench.link.stats()
        if stats["queued-frames"] < 100:
            raise HeldUp("the queue has nearly run dry")
        while sent < 3 * stats["delivered-frames"]:
            port = (46, 10)[sent // 3 % 2]
            bench.send(port, 3, dscp=port)
            sent += 3
        time.sleep(0.004)
    order = bench.ports(401)[1:]
    note(f"{order.count(46)} and {order.count(10)} of 3 to 1")
    between(order.count(46) / order.count(10), 2.8, 3.2)
    true(bench.link.settled().drops["queue-packets"] > 700)


@case("wfq divides by what frames match")
def matching():
    """By port, else by DS code point; the first class that matches counts."""
    sip = {"protocol": 17, "destination": bytes([10, 1, 0, 0]), "destination-prefix": 16, "weight": 6}
    classes = [{"dscp": 46, "weight": 2}, {"source-port": 7, "weight": 1}, sip]
    bench = Bench({"kind": WFQ, "class": classes}, rate=2 * MBIT)
    told = bench.link.get()["end-a"]["tx"]["queueing"]["class"]
    equal(sorted(told, key=str), sorted(classes, key=str))
    with bench.held():
        bench.send(1)       # is on the wire when the others come
        for _ in range(100):
            bench.send(7, dscp=46)                      # 1: the port comes before the code point
            bench.send(8, dscp=46)                      # 2: to nowhere of the network, so by the code point
            bench.send(9, dscp=46, to=(10, 1, 2, 3))    # 6
    order = bench.ports(120)
    note(f"{[order.count(port) for port in (7, 8, 9)]} of flows with the weights 1, 2 and 6")
    between(order.count(8) / order.count(7), 1.7, 2.3)
    between(order.count(9) / order.count(7), 5.0, 7.0)


@case("wfq divides by what frames match: IPv6")
def matching6():
    """By network, else by DS code point, which the traffic class has."""
    network = socket.inet_pton(socket.AF_INET6, "fd00:1::")
    classes = [{"dscp": 46, "weight": 2}, {"destination": network, "destination-prefix": 32, "weight": 6}]
    bench = Bench({"kind": WFQ, "class": classes}, rate=2 * MBIT, version=6)
    with bench.held():
        bench.send(1)       # is on the wire when the others come
        for _ in range(100):
            bench.send(7)                               # 1
            bench.send(8, dscp=46)                      # 2
            bench.send(9, dscp=46, to="fd00:1::9")      # 6
    order = bench.ports(120)
    note(f"{[order.count(port) for port in (7, 8, 9)]} of flows with the weights 1, 2 and 6")
    between(order.count(8) / order.count(7), 1.7, 2.3)
    between(order.count(9) / order.count(7), 5.0, 7.0)


@case("with flows the longest one loses", "tail", "head")
def longest(which):
    """The small flow loses nothing."""
    bench = Bench({"kind": DRR, "drop": 1 if which == "tail" else 2}, rate=MBIT,
                  **{"queue-packets": 20})
    with bench.held():
        for _ in range(5):
            bench.send(1, 40)
            bench.send(2, 1)
    stats = bench.link.settled()
    order = bench.ports(stats["delivered-frames"])
    equal(order.count(2), 5)
    equal(stats.drops, {"queue-packets": 205 - len(order)})


@case("a full fifo drops the oldest if it is told to")
def head():
    """Of 31 the first is on the wire, and the last 10 are sent."""
    bench = Bench({"kind": FIFO, "drop": 2}, rate=1000, **{"queue-packets": 10})
    for port in range(1, 32):
        bench.send(port)
    bench.link.set(a={"rate": MBIT})
    order = bench.ports(11)
    equal(order[-10:], list(range(22, 32)))
    equal(bench.link.settled().drops, {"queue-packets": 20})


# Time on the wire of a frame under overload. Where the kernel checks itself, a busy machine may be
# unable to send one each ms.
WIRE_MS = 1 if SIMULATED else 4


def signalled(stats, marks):
    """Whether a discipline has dropped or marked 20 times, and marked if it is to."""
    marked = stats.values.get("marked-frames", 0)
    return sum(stats.drops.values()) + marked >= 20 and (marked > 0 or not marks)


def overload(bench, load=1.2, most=None, **more):
    """Sends `load` packets where the link takes one: for 2 s of simulated time, and in real time until
    the discipline has given 20 signals, marks among them if packets have ECN, at most for a minute. No
    more than `most` at a time: what more is due after the machine stood still is left out."""
    begin, sent, left_out = time.monotonic(), 0, 0
    while (passed := time.monotonic() - begin) < (2 if SIMULATED else 60):
        if not SIMULATED and signalled(bench.link.stats(), marks="ecn" in more):
            break
        due = int(passed * 1000 * load / WIRE_MS) - left_out
        if most is not None and due - sent > most:
            left_out += due - sent - most
            due = sent + most
        while sent < due:
            bench.send(1 + sent % 3, **more)
            sent += 1
        time.sleep(0.001 * WIRE_MS)
    return sent


AQM = {"codel": {"kind": CODEL}, "pie": {"kind": PIE}, "fq-codel": {"kind": FQ_CODEL},
       "red": {"kind": RED, "min-bytes": 30000, "max-bytes": 90000, "probability": 10**18}}


@case("under overload the queue stays short", *AQM)
def controls(which):
    """Packets are dropped for this reason only."""
    cause = "codel" if which == "fq-codel" else which
    bench = Bench(AQM[which], rate=(FRAME + 24) * 8 * 1000 // WIRE_MS)
    sent = overload(bench)
    queued = bench.link.stats()["queued-frames"]
    stats = bench.link.settled()
    equal(set(stats.drops), {cause})
    note(f"{sent} sent, {stats.drops[cause]} dropped, {queued} waiting at the end")
    if SIMULATED:
        # Without control 400 would wait; CoDel is slow with senders that do not react.
        between(queued, 0, 300 if which == "codel" else 150)
    true(stats.drops[cause] > 0)


@case("packets that know ECN are marked instead", *AQM, "codel with IPv6")
def ecn(which):
    """And those that do not are dropped. PIE drops instead once its probability is above a tenth,
    where a burst or more load would take it."""
    which, _, version = which.partition(" with IPv")
    bench = Bench({**AQM[which], "ecn": 1}, rate=(FRAME + 24) * 8 * 1000 // WIRE_MS, version=int(version or 4))
    load = 1.05 if which == "pie" and not SIMULATED else 1.2
    sent = overload(bench, load, most=20 // WIRE_MS, ecn=2)
    stats = bench.link.settled()
    marks = [bits for _, bits in bench.receive(stats["delivered-frames"])].count(3)
    note(f"{sent} sent, {marks} marked, {stats.drops} dropped")
    true(marks > 0)
    equal(marks, stats["marked-frames"])


@case("disciplines are changed while packets wait")
def changes():
    """Nothing is lost, flows keep their order."""
    kinds = [{"kind": k} for k in (WFQ, DRR, FQ_CODEL, CODEL, PIE, FIFO)]
    kinds += [{"kind": DRR, "flows": 1}, {"kind": WFQ, "flows": 65536}, AQM["red"], {"kind": FIFO}]
    bench = Bench({"kind": FIFO}, rate=8 * MBIT)
    sent = 0
    for change in kinds * 3:
        for port in (1, 2, 3):
            bench.send(port, 3)
        sent += 9
        bench.link.set(a={"queueing": change})
    bench.link.set(a={"queueing": {"kind": FIFO}})
    equal(bench.link.settled().drops, {})
    equal(len(bench.ports(sent)), sent)


@case("what is set is told, and a lone parameter changes alone")
def told():
    """Each discipline with its defaults."""
    link = Link(up=False)

    def now():
        return link.get()["end-a"]["tx"].get("queueing")

    defaults = {
        WFQ: {"kind": "wfq", "flows": 1024},
        DRR: {"kind": "drr", "flows": 1024, "quantum": 1538},
        CODEL: {"kind": "codel", "target": 5 * MS, "interval": 100 * MS, "floor": 1514},
        PIE: {"kind": "pie", "target": 15 * MS, "interval": 15 * MS, "alpha": 2, "beta": 20},
        FQ_CODEL: {"kind": "fq-codel", "flows": 1024, "quantum": 1538, "target": 5 * MS,
                   "interval": 100 * MS, "floor": 1514},
        DEVICE: {"kind": "device"},
    }
    for kind, values in defaults.items():
        link.set(a={"queueing": {"kind": kind}})
        equal(now(), values)
    link.set(a={"queueing": {"kind": RED, "min-bytes": 1000, "max-bytes": 3000}})
    equal(now(), {"kind": "red", "min-bytes": 1000, "max-bytes": 3000, "probability": 2 * 10**17,
                  "weight": 9, "gentle": 1})
    link.set(a={"queueing": {"gentle": 0}})
    equal((now()["gentle"], now()["min-bytes"]), (0, 1000))
    link.set(a={"queueing": {"kind": FQ_CODEL, "target": MS, "ecn": 1}})
    link.set(a={"queueing": {"flows": 64}})
    equal((now()["target"], now()["ecn"], now()["flows"]), (MS, 1, 64))
    link.set(a={"queueing": {"kind": FIFO}})
    equal(now(), None)


@case("the kernel's own discipline has the backlog", "pfifo limit 1000",
      "fq_codel target 10s interval 20s", "cake rtt 100s")
def device(which):
    """The device stops its queue while the wire is busy, and wakes it."""
    bench = Bench({"kind": DEVICE}, rate=4 * MBIT, **{"queue-packets": 0})
    ns = bench.link.ns["a"]
    done = ns.run(f"tc qdisc replace dev a root {which}", check=False)
    if done.returncode:
        from vnettest.ktap import Skip  # pylint: disable=import-outside-toplevel
        raise Skip(f"the kernel has no {which.split()[0]}")
    count = 200
    bench.send(1, count)
    backlog = ns.run("tc -s qdisc show dev a")
    waiting = int(backlog.split("backlog ")[1].split("p")[0].split()[1])
    inside = bench.link.stats()["queued-frames"]
    note(f"{waiting} packets wait in the discipline, {inside} in the link")
    between(inside, 1, 4, "packets in the link")
    if not SIMULATED:
        true(waiting > 100)
    equal(len(bench.ports(count)), count)
    stats = bench.link.settled()
    equal((stats["sent-frames"], stats.drops), (count, {}))


@case("a device that was stopped goes down and up")
def stopped():
    """It sends again, also with another discipline."""
    bench = Bench({"kind": DEVICE}, rate=MBIT, **{"queue-packets": 0})
    ns = bench.link.ns["a"]
    ns.run("tc qdisc replace dev a root pfifo limit 1000")
    bench.send(1, 50)
    ns.run("ip link set dev a down")
    ns.up("a")
    from vnettest.netns import wait_up  # pylint: disable=import-outside-toplevel
    wait_up(ns, "a")
    before = bench.link.stats()["delivered-frames"]
    bench.send(2, 3)
    while 2 not in bench.ports(1):
        pass
    bench.send(3, 20)
    bench.link.set(a={"queueing": {"kind": FIFO}})
    bench.send(4, 1)
    while 4 not in bench.ports(1):
        pass
    true(bench.link.settled()["delivered-frames"] >= before + 24)


REFUSED = [
    ({"queueing": {"kind": FIFO, "ecn": 1}}, "queueing.ecn", "the discipline has nothing to mark with ecn"),
    ({"queueing": {"kind": DRR, "quantum": 63}}, "queueing.quantum", "quantum is below 64 bytes"),
    ({"queueing": {"kind": CODEL, "quantum": 1500}}, "queueing.quantum",
     "the discipline has no parameter quantum"),
    ({"queueing": {"flows": 5}}, "queueing.flows", "the discipline has no parameter flows"),
    ({"queueing": {"kind": CODEL, "target": 0}}, "queueing.target", "target is zero"),
    ({"queueing": {"kind": CODEL, "interval": 200 * S}}, "queueing.interval",
     "interval is above 100 s"),
    ({"queueing": {"kind": RED}}, "queueing",
     "max must be above min, and min above 0"),
    ({"queueing": {"kind": RED, "min-bytes": 1, "max-bytes": 2**40 + 1}}, "queueing.max-bytes",
     "max is above 1 TiB"),
    ({"queueing": {"kind": PIE, "alpha": 33}}, "queueing.alpha", "alpha is above 32 sixteenths"),
    ({"queueing": {"kind": PIE, "beta": 33}}, "queueing.beta", "beta is above 32 sixteenths"),
    ({"queueing": {"kind": PIE, "target": 0}}, "queueing.target", "target is zero"),
    ({"queueing": {"kind": DEVICE, "drop": 1}}, "queueing.drop",
     "the device's queue drops nothing"),
    ({"queueing": {"kind": FIFO, "class": [{"dscp": 1, "weight": 2}]}}, "queueing.class",
     "only wfq has weights"),
    ({"queueing": {"kind": WFQ, "class": [{"dscp": 1, "weight": 2}, {"dscp": 1, "weight": 3}]}},
     "queueing.class.dscp", "the class is there already"),
    ({"queueing": {"kind": WFQ, "class": [{"weight": 2}]}}, "queueing.class",
     "a class has nothing that a frame could match"),
    ({"queueing": {"kind": WFQ, "class": [{"source": bytes(3), "weight": 2}]}}, "queueing.class.source",
     "an address has 4 or 16 bytes"),
    ({"queueing": {"kind": WFQ, "class": [{"source": bytes(4), "source-prefix": 33, "weight": 2}]}},
     "queueing.class.source-prefix", "a prefix is longer than its address"),
    ({"queueing": {"kind": WFQ, "class": [{"source-prefix": 8, "source-port": 1, "weight": 2}]}},
     "queueing.class.source-prefix", "a prefix length without an address"),
    ({"queueing": {"kind": WFQ, "class": [{"source": bytes(4), "source-prefix": 8, "destination": bytes(16),
                                           "destination-prefix": 8, "weight": 2}]}},
     "queueing.class.destination", "source and destination are of different families"),
    ({"queueing": {"kind": WFQ, "class": [{"source-port": i, "weight": 2} for i in range(65)]}},
     "queueing.class", "there are at most 64 classes by more than a DSCP"),
    ({"loss": 10**19 + 1}, "loss", "a probability is above 1 (10^19 parts)"),
    ({"ber": 5 * 10**18 + 1}, "ber", "bit error rate is above 0.5"),
    ({"ber": 10**4 - 1}, "ber", "bit error rate is below 1e-15"),
    ({"jitter": 5}, "jitter", "uniform jitter is above the delay"),
    ({"jitter-order": 1}, "jitter-order", "without jitter there is no distribution, correlation or order of it"),
    ({"delay": MS, "jitter": 5, "jitter-correlation": 10**19}, "jitter-correlation",
     "correlation is not below 1"),
    ({"delay": MS, "jitter": 5, "jitter-distribution": 4}, "jitter-distribution",
     "the distribution needs a jitter-table"),
    ({"delay": MS, "jitter": 5, "jitter-table": bytes(3)}, "jitter-table",
     "a table has 2 to 16383 entries of 16 bits"),
    ({"delay": MS, "jitter": 5, "jitter-table": bytes(4), "jitter-distribution": 1},
     "jitter-distribution", "a table goes with the distribution table"),
    ({"jitter": 0, "jitter-order": 1}, "jitter-order", "the jitter is 0: it has no distribution, correlation or order"),
    ({"reorder": 5}, "reorder", "reorder has nothing to overtake without a delay"),
    ({"delay": MS, "reorder": 5, "reorder-every": 7}, "reorder",
     "give either reorder or reorder-every"),
    ({"delay": MS, "reorder-every": 1}, "reorder-every",
     "reorder-every is below 2: not every frame can overtake"),
    ({"loss-four-state": {"p13": 6 * 10**18, "p14": 5 * 10**18}}, "loss-four-state",
     "probabilities to leave a state add up to more than 1"),
    ({"loss-gilbert-elliott": {"r": 5}}, None, "Gilbert-Elliott loss needs p"),
    ({"loss-pattern": {"period": 5}}, "loss-pattern.period",
     "a pattern without rules has no period"),
    ({"loss-pattern": {"rule": [{"frame": 5, "action": 0}, {"frame": 4, "action": 0}]}},
     "loss-pattern.rule", "rules of a pattern must be in the order of their frames"),
    ({"loss-pattern": {"rule": [{"frame": 5, "action": 0, "value": 1}]}},
     "loss-pattern.rule.value", "drop takes no value"),
    ({"loss-pattern": {"rule": [{"frame": 5, "action": 1}]}}, "loss-pattern.rule.action",
     "flip and delay need a value"),
    ({"loss-pattern": {"rule": [{"frame": 1, "action": 0}] * 257}}, "loss-pattern.rule",
     "a pattern has at most 256 rules"),
]


@case("what cannot be is refused, with the attribute and the reason")
def refusals():
    """And nothing changes."""
    link = Link(up=False)
    before = link.get()
    for values, path, text in REFUSED:
        error = raises(NetlinkError, link.set, a=values)
        equal((error.name, error.text, error.path),
              ("EINVAL", text, path and f"end-a.tx.{path}"), str(values)[:100])
    equal(link.get(), before)


run()

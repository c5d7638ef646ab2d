# SPDX-License-Identifier: GPL-2.0
"""Queue disciplines: shares, and those against bufferbloat beside the kernel's own.

netem has no disciplines. What stands in its place is a token bucket in front of veth, as tight as
it can be, with the kernel's discipline in it: it takes a packet when the one before has left, as
a serialiser does.
"""

import errno
import statistics
import struct
import time

from record import curve, row
from theory import quantile
from vnettest.links import MS
from vnettest.packets import ETH_P_IP, now, udp
from wires import SEED, Veth, Vnet

WFQ, DRR, RED, CODEL, PIE, FQ_CODEL, DEVICE = 1, 2, 3, 4, 5, 6, 7
_NUMBER = struct.Struct("=IQ")
_PAYLOAD = 14 + 20 + 8
OVERHEAD = 24
FRAME = 1042
# One frame in a millisecond.
RATE = (FRAME + OVERHEAD) * 8 * 1000


def bucket(discipline, *more):
    """veth with a token bucket of RATE, and a discipline in it."""
    return Veth(f"qdisc root handle 1: stab overhead {OVERHEAD} linklayer ethernet "
                f"tbf rate {RATE}bit burst {FRAME + OVERHEAD} limit 1gb",
                f"qdisc parent 1:1 handle 2: {discipline}", *more)


def drr(quanta):
    """Arguments of `bucket` for the kernel's round robin, by DS code point."""
    words = ["drr"]
    for number, (dscp, quantum) in enumerate(quanta.items(), 1):
        words.append(f"class parent 2: classid 2:{number} drr quantum {quantum}")
        words.append(f"filter parent 2: protocol ip u32 match ip dsfield {dscp << 2:#x} 0xfc "
                     f"classid 2:{number}")
    return words


class Flows:
    """Numbered UDP packets of several flows."""

    def __init__(self, wire):
        self.macs, self.frames, self.next = wire.macs(), {}, 0
        self.sock, self.sink = wire.sender().sock, wire.sink(ethertype=ETH_P_IP)

    def send(self, flow, payload=1000):
        """A packet whose port and DS code point are the flow's number."""
        key = (flow, payload)
        if key not in self.frames:
            self.frames[key] = bytearray(udp(*self.macs, flow, dscp=flow, payload=payload))
        _NUMBER.pack_into(self.frames[key], _PAYLOAD, self.next, now())
        self.next += 1
        try:
            self.sock.send(self.frames[key])
        except OSError as error:
            # So a discipline tells the sender that it dropped the packet.
            if error.errno != errno.ENOBUFS:
                raise

    def drain(self, after):
        """Waits so many seconds; then (flow, number, sent, arrived, size) of each."""
        time.sleep(after)
        self.sink.sock.setblocking(False)
        got = []
        try:
            while True:
                frame = self.sink.one()
                number, sent = _NUMBER.unpack_from(self.sink.buffer, _PAYLOAD)
                flow = struct.unpack_from("!H", self.sink.buffer, 34)[0]
                got.append((flow, number, sent, frame.at, frame.size))
        except BlockingIOError:
            return got


def weights(_):
    """Four flows that always have something to send."""
    given = {8: 1, 16: 2, 24: 4, 32: 8}

    def measure(wire):
        flows = Flows(wire)
        for _ in range(400):
            for flow in given:
                flows.send(flow)
        # The first ones left while not all were there; after 700 one may have run out.
        got = [f[0] for f in flows.drain(5)][10:610]
        return {flow: got.count(flow) / len(got) for flow in given}

    classes = [{"dscp": d, "weight": w} for d, w in given.items()]
    ours = measure(Vnet(rate=RATE, queueing={"kind": WFQ, "class": classes}))
    theirs = measure(bucket(*drr({d: w * (FRAME + OVERHEAD) for d, w in given.items()})))
    for flow, weight in given.items():
        share = weight / sum(given.values())
        row("shares", f"wfq_share_of_weight_{weight}", "", share, ours[flow], theirs[flow],
            [share - 0.005, share + 0.005],
            how="600 packets while all four flows wait; beside wfq the kernel's drr with quanta "
                "by weight")


def crowded(_):
    """The same flows, each of which sends more than its share, so that most frames are dropped."""
    given = {8: 1, 16: 2, 24: 4, 32: 8}

    def measure(wire):
        flows = Flows(wire)
        for _ in range(1000):
            for flow in given:
                flows.send(flow)
            # Frames of 1 ms each: 0.67 a flow, of which the greatest share is 0.53.
            time.sleep(0.0015)
        got = [f[0] for f in flows.drain(1)][100:1400]
        return {flow: got.count(flow) / len(got) for flow in given}

    classes = [{"dscp": d, "weight": w} for d, w in given.items()]
    ours = measure(Vnet(rate=RATE, queueing={"kind": WFQ, "class": classes}, **{"queue-packets": 60}))
    words = drr({d: w * (FRAME + OVERHEAD) for d, w in given.items()})
    short = [f"qdisc parent 2:{number} pfifo limit 15" for number in range(1, len(given) + 1)]
    theirs = measure(bucket(*words, *short))
    for flow, weight in given.items():
        share = weight / sum(given.values())
        row("shares", f"wfq_share_of_weight_{weight}_with_drops", "", share, ours[flow], theirs[flow],
            [share - 0.005, share + 0.005],
            how="1300 packets of four flows that each send two thirds of what the wire takes, queue "
                "of 60 packets; beside wfq the kernel's drr with quanta by weight and 15 packets a flow")


def sizes(_):
    """Two flows with packets of other sizes share the wire by bytes."""
    given = {8: 58, 16: 1000}

    def measure(wire):
        flows, sent = Flows(wire), {}
        for _ in range(300):
            flows.send(16, given[16])
            for _ in range(9):
                flows.send(8, given[8])
        for flow, _, _, _, size in flows.drain(5)[10:1500]:
            sent[flow] = sent.get(flow, 0) + size + OVERHEAD
        return sent[8] / sum(sent.values())

    ours = measure(Vnet(rate=RATE, queueing={"kind": DRR}))
    theirs = measure(bucket(*drr({d: 1538 for d in given})))
    row("shares", "drr_share_of_short_packets", "", 0.5, ours, theirs, [0.49, 0.51],
        how="1490 packets of 100 B and of 1042 B while both flows wait; bytes on the wire")


PIE_WORDS = "limit 100000 target 15ms tupdate 15ms alpha 2 beta 20 dq_rate_estimator"
# The average of 30 frames' lengths at the lower threshold and a burst of 55 make a weight of 2^-5.
RED_WORDS = (f"red limit 10000000 min 30000 max 90000 avpkt 1000 burst 55 probability 0.1 "
             f"bandwidth {RATE}bit")
# Load in parts of the rate, for how many ms.
LOAD = ((1.25, 4000), (0.7, 2000), (1.5, 4000))


def overload(wire):
    """Share that is dropped, mean wait, its 95th percentile in ns, and its course, under LOAD."""
    flows, sent = Flows(wire), 0
    due = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    start = now()
    for load, duration in LOAD:
        end = due + duration * MS
        while due < end:
            left = due - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            if left > 0:
                time.sleep(left / 1e9)
            flows.send(1 + sent % 3)
            sent += 1
            due += int(MS / load)
    got = flows.drain(5)
    waits = [at - at_sent - MS for _, _, at_sent, at, _ in got]
    line = {}
    for (_, _, at_sent, _, _), wait in zip(got, waits):
        line.setdefault((at_sent - start) // (50 * MS), []).append(wait)
    points = [[(k + 0.5) / 20, statistics.mean(v) / MS] for k, v in sorted(line.items())]
    return 1 - len(got) / sent, statistics.mean(waits), quantile(sorted(waits), 0.95), points


def buckets():
    """Filters that give each flow a queue of its own: of the kernel's hashes one in 341 does not."""
    return [f"filter parent 2: protocol ip u32 match ip dsfield {flow << 2:#x} 0xfc classid 2:{flow}"
            for flow in (1, 2, 3)]


def mean_of(runs):
    """The mean of each figure of several runs, and the course of the first."""
    return [statistics.mean(figure) for figure in list(zip(*runs))[:3]] + [runs[0][3]]


def against_bloat(_):
    """RED, CoDel, PIE and FQ-CoDel with the same traffic as the kernel's."""
    # PIE drops by chance, and the kernel's chance is not ours.
    for name, kind, near, words in (
            ("red", RED, 0.1, RED_WORDS),
            ("codel", CODEL, 0.05, "codel limit 100000 target 5ms interval 100ms"),
            # With 100 ticks a second the kernel's controller has its turn every 30 ms when it is
            # told 15. With the same interval both are compared, with what is told only reported.
            ("pie", PIE, None, f"pie {PIE_WORDS}"),
            ("pie_30ms", PIE, 0.3, f"pie {PIE_WORDS}"),
            ("fq_codel", FQ_CODEL, 0.1, "fq_codel limit 100000 flows 1024 quantum 1538 "
                                        "target 5ms interval 100ms")):
        more = {"pie_30ms": {"interval": 30 * MS},
                "red": {"min-bytes": 30_000, "max-bytes": 90_000, "probability": 10**18, "weight": 5,
                        "gentle": 0}}.get(name, {})
        runs = 4 if name == "pie_30ms" else 1
        ours = mean_of([overload(Vnet(rate=RATE, queueing={"kind": kind, **more},
                                      link={"seed": SEED + run})) for run in range(runs)])
        filters = buckets() if kind == FQ_CODEL else []
        theirs = mean_of([overload(bucket(words, *filters)) for _ in range(runs)])
        how = ("10 s with 125 %, 70 % and 150 % of the rate from three flows, which do not react; "
               "beside it the kernel's discipline in a token bucket")
        for i, (figure, unit, slack) in enumerate((("dropped", "", 0.005),
                                                   ("mean_wait", "ns", MS), ("p95_wait", "ns", MS))):
            row("aqm", f"{name}_{figure}", unit, None, ours[i], theirs[i],
                near and [theirs[i] * (1 - near) - slack, theirs[i] * (1 + near) + slack],
                how=how)
        curve(f"queue-{name}", "vnet", ours[3])
        curve(f"queue-{name}", "kernel", theirs[3])


def device(_):
    """The kernel's discipline in front of ours: `device` lets it have the backlog."""
    count = 300

    def measure(wire):
        flows = Flows(wire)
        # The first flow has sent all of its packets before the second one begins.
        for _ in range(count):
            flows.send(8)
        for _ in range(count // 10):
            flows.send(16)
        got = flows.drain(2)
        arrived = [at for *_, at, _ in got]
        rate = (len(got) - 1) * (FRAME + OVERHEAD) * 8e9 / (arrived[-1] - arrived[0])
        last = max(place for place, entry in enumerate(got) if entry[0] == 16)
        return rate, last

    link = Vnet(rate=RATE, **{"queueing": {"kind": DEVICE}, "queue-packets": 0})
    link.ns["a"].run("tc qdisc add dev a root fq_codel limit 10000 quantum 1538 target 10s")
    ours = measure(link)
    theirs = measure(bucket("fq_codel limit 10000 quantum 1538 target 10s"))
    how = (f"{count} packets of one flow, then {count // 10} of another; fq_codel is the kernel's on both "
           "sides, in front of our device and in the token bucket")
    row("shares", "device_rate", "bit/s", RATE, ours[0], theirs[0],
        [RATE * (1 - 1e-4), RATE * (1 + 1e-4)], how=how)
    # They take turns, so that it is done after twice its packets, and what the device had taken.
    place = 2 * count // 10
    row("shares", "device_turns", "packets", place, ours[1], theirs[1], [place - 2, place + 10],
        how=how + "; place of the last packet of the second flow")


def parts(mode):
    """All that can be measured with this kind of time."""
    return [weights, crowded, sizes, device, against_bloat] if mode == "simulated" else []

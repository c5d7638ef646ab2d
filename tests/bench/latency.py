# SPDX-License-Identifier: GPL-2.0
"""How late packets are, and round trips."""

import re
import statistics
import time

from vnettest import ktap
from vnettest.links import MS, US
from vnettest.packets import Sender, Sink

from pairs import Ours, Veth
from streams import Row

DELAY = MS
FRAMES = 400
# By how much a link's timer may be early, us.
SPIN = 500
# Between packets: the link is idle again.
PAUSE = 0.003


def errors(pair, count):
    """By how much each of so many packets misses the delay, in us, from send() to the far stack."""
    with pair.ns["a"]:
        sender = Sender("a")
    ktap.defer(sender.close)
    with pair.ns["b"]:
        sink = Sink("b")
    ktap.defer(sink.close)
    found = []
    for _ in range(count):
        before, _ = sender.send(60)
        frame = sink.collect(1)[0]
        found.append((frame.at - before - DELAY) / US)
        time.sleep(PAUSE)
    return found


def p99(values):
    """The 99th percentile of the magnitudes."""
    return statistics.quantiles([abs(v) for v in values], n=100)[98]


def spin(microseconds):
    """How early links' timers are."""
    with open("/sys/module/vnet/parameters/spin_us", "w", encoding="ascii") as file:
        file.write(str(microseconds))


def measure(emit, runs, scale):
    """1 ms, one packet at a time; our link also with the option to wait for the exact time."""
    count = max(100, int(FRAMES * min(1.0, scale * 4)))
    ours, peer = Ours(delay=DELAY), Veth(netem="delay 1ms")
    rows = [("link", ours, 0), ("netem", peer, 0), ("spinning_link", ours, SPIN)]
    ktap.defer(spin, 0)
    for _, pair, _ in rows[:2]:
        errors(pair, 50)
    for _ in range(runs):
        for name, pair, early in rows:
            spin(early)
            found = errors(pair, count)
            emit(f"{name}_delay_error_p99_us", p99(found), unit="us")
            emit(f"{name}_delay_error_median_us", statistics.median(found), unit="us")
        rows.reverse()


def round_trip(source, target, count, *flags):
    """The median of so many pings, in us."""
    text = source.run(["ping", *flags, "-n", "-i", "0.002", "-c", str(count), target])
    times = [float(t) * 1000 for t in re.findall(r"time=([0-9.]+) ms", text)]
    ktap.equal(len(times), count, "answers")
    return statistics.median(times)


def measure_rtt(emit, runs, scale):
    """As IMUNES Table 1: a link that does nothing, none to two routers.

    An answer is time-stamped where it enters the stack: with veth that is in its sender's
    transmit function, with ours in the receive softirq, as with a NIC. So there is also
    what the program sees (`ping -U`), which ends at the same place for both.
    """
    count = max(100, int(FRAMES * min(1.0, scale * 4)))
    makers = (lambda a, b: Ours(ns_a=a, ns_b=b), lambda a, b: Veth(ns_a=a, ns_b=b))
    for routers, name in ((0, "rtt_direct"), (1, "rtt_1hop"), (2, "rtt_2hops")):
        rows = [Row(make, routers) for make in makers]
        for number in range(runs):
            for kind, flags in (("", []), ("_user", ["-U"])):
                found = {}
                for row in rows if number % 2 else reversed(rows):
                    found[row.kind] = round_trip(row.nodes[0], row.target, count, *flags)
                emit(f"{name}{kind}_us", found["vnet"], unit="us")
                emit(f"veth_{name}{kind}_us", found["veth"], unit="us")
                emit(f"{name}{kind}_vs_veth", found["vnet"], found["veth"], "us")
        ktap.undo()


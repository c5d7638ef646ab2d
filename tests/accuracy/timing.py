# SPDX-License-Identifier: GPL-2.0
"""Rate, delay and jitter."""

import math
import statistics
import struct
import time

from record import curve, row
from theory import deviation, distance, dkw, jitter_cdf, quantile, table
from vnettest import model
from vnettest.links import MBIT, MS, S, US
from vnettest.packets import now
from vnettest.pktgen import Pktgen
from wires import SEED, Sampler, Traffic, Vnet, netem

OVERHEAD = 24
# Simulated time advances by 256 ns when it is read, and no timer is closer than 500 ns.
TICK = 1 * US


def per_wire(measure, ours, theirs):
    """Both measured in the same way: ours first."""
    return measure(ours()), measure(theirs())


def rates(mode):
    """The rate of back-to-back frames, and how far single ones are from their time."""
    size = 1514
    bits = (size + OVERHEAD) * 8
    for rate, count in ((10**5, 1000), (10**6, 1000), (10**7, 2000), (10**8, 5000),
                        (10**9, 20000), (10**10, 20000)):
        if mode == "real":
            count = min(count, rate // 20000, 2000)
            if rate in (10**5, 10**9, 10**10):
                continue
        if mode == "counted":
            if rate not in (10**6, 10**7):
                continue
            count = 200

        def measure(wire):
            traffic = Traffic(wire)
            begin = now()
            traffic.flood([size] * count)
            frames = traffic.sink.collect(count, 600)
            took = frames[-1].at - frames[0].at
            wrong = [f.at - frames[0].at - i * bits * 1e9 / rate for i, f in enumerate(frames)]
            early = min(f.at - begin - (i + 1) * bits * 1e9 / rate for i, f in enumerate(frames))
            return (count - 1) * bits * 1e9 / took, max(map(abs, wrong)), early

        (ours, off, early), (theirs, their_off, _) = per_wire(
            measure, lambda: Vnet(rate=rate),
            lambda: netem(f"rate {rate}bit {OVERHEAD}"))
        ideal = (count - 1) * bits * 1e9 / rate
        how = f"{count} frames of {size} B, back to back"
        if mode == "simulated":
            row("rate", f"rate_{rate}", "bit/s", rate, ours, theirs,
                [rate * ideal / (ideal + TICK), rate * ideal / (ideal - TICK)], how=how)
            row("rate", f"rate_{rate}_worst_frame", "ns", 0, off, their_off, [0, TICK], how=how)
            curve("rate", "vnet", [[rate, abs(ours / rate - 1)]])
            curve("rate", "netem", [[rate, abs(theirs / rate - 1)]])
        else:
            row(f"rate, {mode}", f"rate_{rate}_{mode}", "bit/s", rate, ours, theirs,
                [rate * 0.9999, rate * 1.0001] if mode == "counted" else None, early >= -1,
                "early", how=how)


def moderated(_):
    """What moderation adds to the distance of frames from their time, and that it can be switched off."""
    size, rate, count = 1514, 10**9, 5000
    wire = (size + OVERHEAD) * 8 * 1e9 / rate

    def measure(link):
        traffic = Traffic(link)
        traffic.flood([size] * count)
        frames = traffic.sink.collect(count, 600)
        return max(abs(f.at - frames[0].at - i * wire) for i, f in enumerate(frames))

    theirs = measure(netem(f"rate {rate}bit {OVERHEAD} delay 2ms"))
    for name, whole_time, bound, how in (
            ("moderated", 100 * US, 20 * US, "by default"),
            ("not_moderated", 0, 0, "with whole-time 0")):
        ours = measure(Vnet(rate=rate, delay=2 * MS, whole_time=whole_time))
        row("rate", f"rate_worst_frame_{name}", "ns", 0, ours, theirs, [0, bound + TICK],
            how=f"{count} frames of {size} B, back to back, on a link with 2 ms of delay, {how}")


def drift(_):
    """10^6 frames whose time on the wire is no whole number of ns."""
    rate, size, count = 99_900_000, 60, 10**6
    wire = (size + OVERHEAD) * 8 * 1e9 / rate

    def measure(link):
        sampler = Sampler(link, 1000)
        generator = Pktgen(link.ns["a"], "a", link.macs()[1], count, size,
                           delay=int(wire) - 26, xmit_mode="queue_xmit")
        generator.result()
        got = sampler.all(2)
        spent = (got[-1][0] - got[0][0]) * wire
        return got[-1][1] - got[0][1] - spent, got

    (ours, got), (theirs, other) = per_wire(
        measure, lambda: Vnet(rate=rate), lambda: netem(f"rate {rate}bit {OVERHEAD}"))
    row("rate", "drift_1e6_frames", "ns", 0, ours, theirs, [-TICK, TICK],
        how=f"pktgen, {got[-1][0] - got[0][0]} frames of {size} B at {rate} bit/s, "
            f"{wire:.4f} ns each")
    for label, values in (("vnet", got), ("netem", other)):
        curve("drift", label, [[n, (at - values[0][1] - (n - values[0][0]) * wire) / 1000]
                               for n, at in values[::20]])


def delays(mode):
    """Single frames: below 100 us by the kernel's stamps, from there on end to end."""
    values = (1 * US, 2 * US, 5 * US, 10 * US, 20 * US, 50 * US, 100 * US, MS, 10 * MS,
              100 * MS, S, 10 * S)
    if mode != "simulated":
        values = (10 * US, 100 * US, MS, 10 * MS, 100 * MS)
    for delay in values:
        stamps, count = delay < 100 * US, 20 if delay > 100 * MS else 100
        if mode == "counted":
            count = 20

        def measure(wire):
            traffic = Traffic(wire)
            if stamps:
                traffic.stamp()
            took = []
            for _ in range(count):
                begin = now()
                traffic.out.send(100)
                if stamps:
                    begin = traffic.handed()
                frame = traffic.sink.collect(1, 60)[0]
                took.append((frame.at if stamps else now()) - begin)
                time.sleep(0.001)
            return sorted(took)

        ours, theirs = per_wire(measure, lambda: Vnet(delay=delay),
                                lambda: netem(f"delay {delay / 1000:.3f}us"))
        how = f"{count} frames, " + ("enqueue to delivery" if stamps else "end to end")
        if mode == "simulated":
            # End to end there are the clock readings of the programs, too.
            late = TICK if stamps else 5 * US
            row("delay", f"delay_{delay}", "ns", delay, statistics.mean(ours),
                statistics.mean(theirs), [delay, delay + late],
                delay <= ours[0] and ours[-1] <= delay + late, "early", how=how)
            curve("delay", "vnet", [[delay / 1e9, statistics.mean(ours) - delay]])
            curve("delay", "netem", [[delay / 1e9, statistics.mean(theirs) - delay]])
            continue
        for name, p in (("median", 0.5), ("p99", 0.99)):
            row(f"delay, {mode}", f"delay_{delay}_{name}_{mode}", "ns", delay,
                quantile(ours, p), quantile(theirs, p),
                [delay, delay + 200 * US] if mode == "counted" else None, ours[0] >= delay,
                "early", how=how)


def interpolation(distribution, deviation_):
    """How far linear interpolation in the module's tables can be off, in parts of the amount.

    With steps of h it is at most h^2 / 8 times the second derivative of the quantile function. The
    normal table has 16 steps an octave of the tail, the cube roots of the Pareto one 32; the
    standard deviation of 1 / u^(1/3) is sqrt(3) / 2, its mean 3 / 2.
    """
    normal = 2.1e-4         # greatest at a tail of 1/4
    pareto = (1 / 32)**2 / 8 * 4 / 9 * (max(deviation_, 0) + math.sqrt(3))
    return {"uniform": 0, "normal": normal, "pareto": pareto, "table": 0,
            # A quarter and three quarters, scaled to the standard deviation of 1.
            "pareto-normal": 1.067 * (normal / 4 + 0.75 * pareto)}[distribution]


def jitter(_):
    """Distributions; frames may overtake, so that each has the delay that it drew."""
    amount, delay, count = 5 * MS, 50 * MS, 10000
    words = {"uniform": "", "table": "distribution experimental"}
    for kind, distribution in enumerate(("uniform", "normal", "pareto", "pareto-normal", "table")):
        def measure(wire):
            traffic = Traffic(wire)
            traffic.paced(count, 100, 100 * US)
            return {f.number: f.at - f.sent - delay for f in traffic.drain(5)}

        netems = words.get(distribution, f"distribution {distribution.replace('-', '')}")
        given = {"jitter_table": struct.pack(f"={len(table())}h", *table())} \
            if distribution == "table" else {"jitter_distribution": kind}
        ours, theirs = per_wire(
            measure,
            # Without moderation, by which frames that come out close together wait for each other.
            lambda: Vnet(delay=delay, jitter=amount, jitter_order=1, whole_time=0, **given),
            lambda: netem(f"delay {delay // MS}ms {amount // MS}ms {netems}"))
        source = model.Source(SEED)
        wanted = {n: amount * deviation(distribution,
                                        (source.draw(model.JITTER, n)[0] + 0.5) / 2.0**64)
                  for n in range(count)}
        errors = {n: abs(ours[n] - wanted[n]) for n in range(count)}
        error = max(errors.values())
        allowed = {n: amount * interpolation(distribution, wanted[n] / amount) + 2 * TICK
                   for n in range(count)}
        name, how = distribution.replace("-", "_"), f"{count} frames, order free, no moderation"
        if distribution == "table":
            how += f"; {len(table())} quantiles, the table `experimental` of iproute2, for both"
        row("jitter", f"jitter_{name}_frame_error", "ns", 0, error, None,
            [0, max(allowed.values())], all(errors[n] <= allowed[n] for n in range(count)),
            how="largest difference of a frame's delay from what the model draws; the bound is what "
                "the tables' linear interpolation can cost, which grows with the deviation, and "
                f"{2 * TICK // US} µs for sending and for timers")
        both = []
        for values in (ours, theirs):
            both.append(distance([v / amount for v in values.values()],
                                 lambda x, d=distribution: jitter_cdf(d, x)))
        row("jitter", f"jitter_{name}_kolmogorov", "", 0, both[0], both[1],
            [0, dkw(count) + 1e-3], how=how)
        ours, theirs = sorted(ours.values()), sorted(theirs.values())
        for p in (0.01, 0.1, 0.5, 0.9, 0.99, 0.999):
            # By DKW the quantile lies between those of p -+ its bound, if there are such.
            off, bound = dkw(count), None
            if off < p < 1 - off:
                bound = [deviation(distribution, 1 - p + off) * amount - 10 * US,
                         deviation(distribution, 1 - p - off) * amount + 10 * US]
            row("jitter", f"jitter_{name}_q{p}", "ns", deviation(distribution, 1 - p) * amount,
                quantile(ours, p), quantile(theirs, p), bound, how=how)
        steps = [i / 100 for i in range(1, 100)] + [0.995, 0.999]
        curve(f"jitter-{distribution}", "theory",
              [[deviation(distribution, 1 - p) * amount / 1e6, p] for p in steps])
        for label, values in (("vnet", ours), ("netem", theirs)):
            curve(f"jitter-{distribution}", label,
                  [[quantile(values, p) / 1e6, p] for p in steps[::4]])


def correlation(_):
    """Jitter that depends on the frame before: what it is correlated with, and how wide it stays."""
    amount, delay, count, rho = 5 * MS, 50 * MS, 10000, 0.5

    def measure(wire):
        traffic = Traffic(wire)
        traffic.paced(count, 100, 100 * US)
        got = {f.number: (f.at - f.sent - delay) / amount for f in traffic.drain(5)}
        values = [got[n] for n in range(count)]
        mean = statistics.mean(values)
        off = [v - mean for v in values]
        var = sum(v * v for v in off) / count
        lags = [sum(a * b for a, b in zip(off, off[lag:])) / count / var for lag in (1, 2)]
        return *lags, math.sqrt(var)

    ours, theirs = per_wire(
        measure,
        lambda: Vnet(delay=delay, jitter=amount, jitter_order=1, jitter_distribution=1,
                     jitter_correlation=10**19 // 2),
        lambda: netem(f"delay {delay // MS}ms {amount // MS}ms {rho:.0%} distribution normal"))
    # By Bartlett's formula and its like for the variance; BUDGET is 4.9 standard deviations.
    square = rho * rho
    lag_1 = 4.9 * math.sqrt((1 - square) / count)
    lag_2 = 4.9 * math.sqrt((1 - square) * (1 + 3 * square) / count)
    width = 4.9 * math.sqrt((1 + square) / (1 - square) / 2 / count)
    how = (f"{count} frames, normal jitter of {amount // MS} ms with a correlation of {rho:.0%}, "
           "order free")
    row("jitter", f"jitter_correlation_{rho}_lag_1", "", rho, ours[0], theirs[0],
        [rho - lag_1, rho + lag_1], how=how)
    row("jitter", f"jitter_correlation_{rho}_lag_2", "", square, ours[1], theirs[1],
        [square - lag_2, square + lag_2], how=how)
    row("jitter", f"jitter_correlation_{rho}_deviation", "", 1, ours[2], theirs[2],
        [1 - width, 1 + width], how=how + "; standard deviation in amounts")


def order(_):
    """Frames closer than the jitter that keep their order: the mean goes up, the rate stays."""
    amount, delay, count, gap = 5 * MS, 50 * MS, 5000, MS

    def measure(wire):
        traffic = Traffic(wire)
        traffic.paced(count, 100, gap)
        frames = traffic.drain(5)
        return frames, statistics.mean(f.at - f.sent for f in frames)

    (frames, ours), (others, theirs) = per_wire(
        measure, lambda: Vnet(delay=delay, jitter=amount, jitter_distribution=1),
        lambda: netem(f"delay {delay // MS}ms {amount // MS}ms distribution normal rate 100gbit"))
    source, latest, wanted = model.Source(SEED), 0, []
    for n in range(count):
        tail = (source.draw(model.JITTER, n)[0] + 0.5) / 2.0**64
        latest = max(latest, n * gap + delay + amount * deviation("normal", tail))
        wanted.append(latest - n * gap)
    mean = statistics.mean(wanted)
    how = f"{count} frames {gap // MS} ms apart, normal jitter of {amount // MS} ms, order kept"
    row("jitter", "jitter_order_kept_mean_delay", "ns", mean, ours, theirs,
        [mean - 10 * US, mean + 10 * US], [f.number for f in frames] == list(range(count)),
        how=how + "; configured is the mean that the model computes; netem keeps the order only "
                  "with a rate (100 Gbit/s)")
    row("jitter", "jitter_order_kept_out_of_order", "frames", 0,
        sum(x.number > y.number for x, y in zip(frames, frames[1:])),
        sum(x.number > y.number for x, y in zip(others, others[1:])), [0, 0], how=how)

    rate, size, count = 10 * MBIT, 1000, 20000
    wire = (size + OVERHEAD) * 8e9 / rate

    def between_tenths(times):
        # From the mean of the first tenth to that of the last one.
        tenth = count // 10
        took = statistics.mean(times[-tenth:]) - statistics.mean(times[:tenth])
        return (count - tenth) * (size + OVERHEAD) * 8e9 / took

    def goodput(link):
        traffic = Traffic(link)
        traffic.flood([size] * count)
        return between_tenths([f.at for f in traffic.sink.collect(count, 600)])

    ours, theirs = per_wire(
        goodput,
        lambda: Vnet(delay=delay, jitter=amount, jitter_distribution=1, rate=rate),
        lambda: netem(f"delay {delay // MS}ms {amount // MS}ms distribution normal "
                      f"rate {rate}bit {OVERHEAD}"))
    latest, wanted = 0, []
    for n in range(count):
        tail = (source.draw(model.JITTER, n)[0] + 0.5) / 2.0**64
        latest = max(latest, n * wire + delay + amount * deviation("normal", tail))
        wanted.append(latest)
    right = between_tenths(wanted)
    row("jitter", "rate_with_jitter", "bit/s", rate, ours, theirs,
        [right * (1 - 1e-6), right * (1 + 1e-6)],
        how=f"{count} frames of {size} B back to back, jitter as above, from the mean arrival of "
            "the first tenth to that of the last; the bound is what the model says")


def parts(mode):
    """All that can be measured with this kind of time."""
    if mode != "simulated":
        return [rates, delays]
    return [rates, moderated, drift, delays, jitter, correlation, order]

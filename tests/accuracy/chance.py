# SPDX-License-Identifier: GPL-2.0
"""Loss, bit errors, duplicates, corruption, reordering."""

import math
import statistics

from record import curve, row
from theory import (chain_bound, dkw, four_state_loss, reordered, run_bound, runs,
                    share_bound)
from vnettest import model
from vnettest.links import MS
from vnettest.model import ONE, Source
from vnettest.packets import MIN
from wires import SEED, Traffic, Vnet, netem

PERCENT = ONE // 100
OVERHEAD = 24


def losses(wire, sizes, after=1.0):
    """Which of these frames are lost."""
    traffic = Traffic(wire)
    traffic.flood(sizes)
    got = {f.number for f in traffic.drain(after)}
    return [n not in got for n in range(len(sizes))]


def random_loss(mode):
    """Each frame on its own."""
    count = 50000 if mode == "simulated" else 1000
    for parts in (ONE // 1000, PERCENT, 10 * PERCENT, 50 * PERCENT):
        p = parts / ONE
        if mode != "simulated" and parts != 10 * PERCENT:
            continue
        ours = losses(Vnet(loss=parts), [100] * count)
        theirs = losses(netem(f"loss random {p * 100:g}%"), [100] * count)
        wanted = [Source(SEED).hits(parts, model.RANDOM, n) for n in range(count)]
        bound, suffix = share_bound(p, count), "" if mode == "simulated" else f"_{mode}"
        row("loss" if not suffix else f"loss, {mode}", f"loss_{p:g}{suffix}", "", p,
            sum(ours) / count, sum(theirs) / count,
            [p - bound, p + bound], ours == wanted, how=f"{count} frames")


def bit_errors(_):
    """Frames of three sizes in turn over one link."""
    sizes, count = (64, 576, 1500), 20000
    for exponent in (-6, -5, -4):
        ber, parts = 10.0**exponent, ONE // 10**-exponent
        ours = losses(Vnet(ber=parts, rate=10**10), list(sizes) * count)
        # netem has no bit error rate; it gets the loss that is right for the longest frames.
        chance = {size: -math.expm1(8 * (size + OVERHEAD) * math.log1p(-ber)) for size in sizes}
        theirs = losses(netem(f"rate 10gbit {OVERHEAD} loss random {chance[1500] * 100:.6f}%"),
                        list(sizes) * count)
        source = Source(SEED)
        wanted = [source.draw(model.BER, n)[0] / 2.0**64 < chance[sizes[n % 3]]
                  for n in range(3 * count)]
        for i, size in enumerate(sizes):
            bound = share_bound(chance[size], count)
            got, other = sum(ours[i::3]) / count, sum(theirs[i::3]) / count
            row("ber", f"ber_1e{exponent}_loss_of_{size}", "", chance[size], got, other,
                [chance[size] - bound, chance[size] + bound], ours[i::3] == wanted[i::3],
                how=f"{count} frames; netem is set to the loss of 1500-byte frames")
            curve(f"ber{exponent}", "vnet", [[size, got]])
            curve(f"ber{exponent}", "netem", [[size, other]])
        curve(f"ber{exponent}", "theory",
              [[s, -math.expm1(8 * (s + OVERHEAD) * math.log1p(-ber))] for s in range(64, 1501, 4)])


def bursts(_):
    """Chains: shares and lengths of runs."""
    count, p, r = 100000, 0.01, 0.25
    for name, more, words in (
            ("gilbert", {}, "100% 0%"),
            ("gilbert_elliott", {"h": 30 * PERCENT, "k": 99 * PERCENT}, "70% 1%")):
        given = {"p": PERCENT, "r": 25 * PERCENT, **more}
        ours = losses(Vnet(loss_gilbert_elliott=given), [100] * count)
        theirs = losses(netem(f"loss gemodel {p:%} {r:%} {words}"), [100] * count)
        chain = model.GilbertElliott(Source(SEED), **given)
        same = ours == [chain.loses(n) for n in range(count)]
        h, k = given.get("h", 0) / ONE, given.get("k", ONE) / ONE
        share, bad = (p * (1 - h) + r * (1 - k)) / (p + r), p / (p + r)
        # The chain's part, and that of the loss in each state.
        bound = abs(k - h) * chain_bound(bad, p + r, count)
        if more:
            bound += share_bound(share, count)
        how = f"{count} frames, p {p:.0%}, r {r:.0%}, h {h:.0%}, k {k:.0%}"
        row("bursts", f"{name}_loss", "", share, sum(ours) / count, sum(theirs) / count,
            [share - bound, share + bound], same, how=how)
        if more:
            continue
        mine, other = runs(ours), runs(theirs)
        row("bursts", f"{name}_mean_run", "frames", 1 / r, statistics.mean(mine),
            statistics.mean(other), run_bound(1 / r, len(mine)), same,
            how=f"{how}; {len(mine)} runs")
        good, others = runs([not v for v in ours]), runs([not v for v in theirs])
        row("bursts", f"{name}_mean_gap", "frames", 1 / p, statistics.mean(good),
            statistics.mean(others), run_bound(1 / p, len(good)), same, how=how)
        tails = [[n, (1 - r) ** (n - 1)] for n in range(1, 25)]
        curve("runs", "theory", tails)
        for label, values in (("vnet", mine), ("netem", other)):
            curve("runs", label, [[n, sum(v >= n for v in values) / len(values)]
                                  for n in range(1, 25) if any(v >= n for v in values)])
        worst = [max(abs(sum(v >= n for v in values) / len(values) - tail) for n, tail in tails)
                 for values in (mine, other)]
        row("bursts", f"{name}_runs_kolmogorov", "", 0, worst[0], worst[1],
            [0, dkw(len(mine))], same, how=how)
    given = {"p13": 3, "p31": 15, "p32": 30, "p23": 60, "p14": 1}
    chain = model.FourState(Source(SEED), **{k: v * PERCENT for k, v in given.items()})
    ours = losses(Vnet(loss_four_state={k: v * PERCENT for k, v in given.items()}), [100] * count)
    theirs = losses(netem("loss state " + " ".join(f"{v}%" for v in given.values())),
                    [100] * count)
    row("bursts", "four_state_loss", "", four_state_loss(*(v / 100 for v in given.values())),
        sum(ours) / count, sum(theirs) / count, None,
        ours == [chain.loses(n) for n in range(count)],
        how=f"{count} frames, " + ", ".join(f"{k} {v}%" for k, v in given.items()))


def patterns(_):
    """Frames by their number: lost, or delayed."""
    count, period, delay, late = 10000, 100, 10 * MS, 5 * MS
    rules = {"period": period, "rule": [{"frame": 7, "action": 0},
                                        {"frame": 50, "action": 2, "value": late},
                                        {"frame": 100, "action": 0}]}

    def measure(wire):
        traffic = Traffic(wire)
        traffic.paced(count, 100, 100_000)
        return {f.number: f.at - f.sent for f in traffic.drain(1)}

    got = measure(Vnet(delay=delay, loss_pattern=rules, jitter=1, jitter_order=1))
    lost = [n not in got for n in range(count)]
    wanted = [n % period in (6, 99) for n in range(count)]
    how = f"{count} frames; of each {period} the 7th and the 100th are lost, the 50th is delayed by " \
          f"{late // MS} ms more"
    row("bursts", "pattern_loss", "", 2 / period, sum(lost) / count, None, [2 / period] * 2,
        lost == wanted, how=how)
    delayed = [took for n, took in got.items() if n % period == 49]
    others = [took for n, took in got.items() if n % period != 49]
    row("bursts", "pattern_delay", "ns", delay + late, sum(delayed) / len(delayed), None,
        [delay + late, delay + late + 5000],
        min(delayed) >= delay + late and max(others) < delay + late, how=how)


def duplicates(_):
    """Copies for each frame that was sent."""
    count = 20000
    for percent in (1, 10, 50):
        def measure(wire):
            traffic = Traffic(wire)
            traffic.flood([100] * count)
            return [f.number for f in traffic.drain()]

        ours = measure(Vnet(duplicate=percent * PERCENT))
        theirs = measure(netem(f"duplicate {percent}%"))
        p, source = percent / 100, Source(SEED)
        wanted = [n for n in range(count)
                  for _ in range(1 + source.hits(percent * PERCENT, model.DUPLICATE, n))]
        bound = share_bound(p, count)
        row("duplicates", f"duplicate_{p:g}", "", p, len(ours) / count - 1,
            len(theirs) / count - 1, [p - bound, p + bound], ours == wanted,
            how=f"{count} frames")


def corruption(_):
    """Frames whose payload arrives with a bit flipped."""
    count, size, p = 20000, 1000, 0.1

    def measure(wire):
        traffic, flipped = Traffic(wire), []
        for _ in range(count // 100):
            traffic.flood([size] * 100)
            traffic.sink.sock.setblocking(False)
            try:
                while True:
                    got = traffic.sink.sock.recv_into(traffic.sink.buffer)
                    flipped.append(any(traffic.sink.buffer[MIN:got]))
            except BlockingIOError:
                traffic.sink.sock.setblocking(True)
        return sum(flipped) / count

    source = Source(SEED)
    wanted = 0
    for n in range(count):
        hit, place = source.draw(model.CORRUPT, n)
        wanted += model.hits(10 * PERCENT, hit) and place * (size * 8) >> 64 >= 8 * MIN
    ours, theirs = measure(Vnet(corrupt=10 * PERCENT)), measure(netem(f"corrupt {p:%}"))
    share = p * (size - MIN) / size
    bound = share_bound(share, count)
    row("corruption", "corrupt_0.1", "", share, ours, theirs, [share - bound, share + bound],
        ours == wanted / count,
        how=f"{count} frames of {size} B; counted are flips behind the first {MIN} B")


def reordering(_):
    """Frames 3 ms apart that skip a delay of 10 ms overtake the three before them."""
    count, delay, gap = 10000, 10 * MS, 3 * MS
    for percent in (1, 10, 25):
        def measure(wire):
            traffic = Traffic(wire)
            traffic.paced(count, 100, gap)
            return traffic.drain()

        ours = measure(Vnet(delay=delay, reorder=percent * PERCENT))
        theirs = measure(netem(f"delay {delay // MS}ms reorder {percent}%"))
        q, source = percent / 100, Source(SEED)
        early = {n for n in range(count) if source.hits(percent * PERCENT, model.REORDER, n)}
        wanted = sorted(range(count), key=lambda n: n * gap + (0 if n in early else delay))
        same = [f.number for f in ours] == wanted
        skip = [sum(f.at - f.sent < delay // 2 for f in frames) / count
                for frames in (ours, theirs)]
        bound, how = share_bound(q, count), f"{count} frames {gap // MS} ms apart"
        row("reordering", f"reorder_{q:g}_skip", "", q, *skip, [q - bound, q + bound], same,
            how=how + "; share that skips the delay")
        # A frame is late if it does not skip, and one of the next three does.
        late, numbers = (1 - q) * (1 - (1 - q)**3), [[f.number for f in fs] for fs in (ours, theirs)]
        # The lateness of a frame depends on four draws: every fourth frame is independent.
        bound = share_bound(late, count // 4)
        row("reordering", f"reorder_{q:g}_rfc4737", "", late, *map(reordered, numbers),
            [late - bound, late + bound], same,
            how=how + "; RFC 4737 Type-P-Reordered ratio")


def parts(mode):
    """All that can be measured with this kind of time."""
    if mode == "simulated":
        return [random_loss, bit_errors, bursts, patterns, duplicates, corruption, reordering]
    return [random_loss] if mode == "counted" else []

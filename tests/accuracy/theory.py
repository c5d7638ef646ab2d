# SPDX-License-Identifier: GPL-2.0
"""Distributions, and how far a measurement may be from them.

Each bound is exceeded by chance with at most BUDGET.
"""

import bisect
import functools
import glob
import math
import statistics

BUDGET = 1e-6
_NORMAL = statistics.NormalDist()


def share_bound(p, count):
    """How far the share of `count` independent trials may be from p (Bernstein)."""
    log = math.log(2 / BUDGET)
    return math.sqrt(2 * p * (1 - p) * log / count) + 2 * log / (3 * count)


def chain_bound(p, gap, count):
    """The same for a chain of two states whose correlation is 1 - gap (Paulin 2015, 3.4)."""
    part = 10 * math.log(2 / BUDGET) / count / gap
    return (part + math.sqrt(part * part + 1.6 * part * p * (1 - p))) / 2


def run_bound(mean, count):
    """The range of the mean of `count` run lengths that are geometric (Janson 2018, 2.1, 3.1)."""
    def root(low, high):
        # Where count (x - 1 - ln x) is as much as the budget asks for.
        for _ in range(60):
            x = math.sqrt(low * high)
            inside = count * (x - 1 - math.log(x)) < math.log(2 / BUDGET)
            low, high = (x, high) if inside == (low >= 1) else (low, x)
        return low
    return mean * root(1e-6, 0.999999), mean * root(1, 1e6)


def dkw(count):
    """Dvoretzky, Kiefer, Wolfowitz: how far a distribution of `count` may be from its own."""
    return math.sqrt(math.log(2 / BUDGET) / (2 * count))


def distance(values, cdf):
    """Kolmogorov's distance of values from a distribution."""
    values, worst = sorted(values), 0.0
    for i, value in enumerate(values):
        p = cdf(value)
        worst = max(worst, p - i / len(values), (i + 1) / len(values) - p)
    return worst


def quantile(values, p):
    """Of sorted values."""
    return values[min(len(values) - 1, int(p * len(values)))]


@functools.cache
def table():
    """Quantiles of the table `experimental` that comes with tc, in parts of 8192 of the jitter.

    The last 14 are the same. There the distribution jumps by 0.3 %, but so near to 1 that a sample
    is nowhere less far from it by chance.
    """
    path, = glob.glob("/usr/lib/tc/experimental.dist") or glob.glob("/usr/lib/*/tc/experimental.dist")
    with open(path, encoding="ascii") as file:
        return [int(word) for line in file if not line.startswith("#") for word in line.split()]


def deviation(distribution, tail):
    """Upper quantile of a jitter of 1."""
    if distribution == "table":
        place = (1 - tail) * (len(table()) - 1)
        low, high = table()[int(place)], table()[math.ceil(place)]
        return (low + (high - low) * (place - int(place))) / 8192
    if distribution == "uniform":
        return 1 - 2 * tail
    if distribution == "normal":
        return _NORMAL.inv_cdf(1 - tail) if tail > 1e-9 else -_NORMAL.inv_cdf(max(tail, 1e-300))
    pareto = (tail ** (-1 / 3) - 1.5) * 2 / math.sqrt(3)
    if distribution == "pareto":
        return pareto
    return (0.25 * deviation("normal", tail) + 0.75 * pareto) * 1.0663779121463283


def jitter_cdf(distribution, value):
    """Distribution function of a jitter of 1."""
    if distribution == "table":
        value *= 8192
        after = bisect.bisect_right(table(), value)
        if after in (0, len(table())):
            return float(after > 0)
        low, high = table()[after - 1:after + 1]
        return (after - 1 + (value - low) / (high - low)) / (len(table()) - 1)
    if distribution == "uniform":
        return min(1.0, max(0.0, (value + 1) / 2))
    if distribution == "normal":
        return _NORMAL.cdf(value)
    if distribution == "pareto":
        base = value * math.sqrt(3) / 2 + 1.5
        return 1 - base ** -3 if base > 1 else 0.0
    low, high = 1e-12, 1 - 1e-12
    for _ in range(45):
        middle = (low + high) / 2
        if deviation(distribution, middle) > value:
            low = middle
        else:
            high = middle
    return 1 - low


def runs(lost):
    """Lengths of the runs of lost frames, from a list of booleans."""
    lengths, run = [], 0
    for value in [*lost, False]:
        if value:
            run += 1
        elif run:
            lengths.append(run)
            run = 0
    return lengths


def four_state_loss(p13, p31, p32, p23, p14):
    """Share of frames that the four-state chain loses, by its stationary distribution."""
    state = [1.0, 0.0, 0.0, 0.0]
    for _ in range(20000):
        one, two, three, four = state
        state = [one * (1 - p13 - p14) + three * p31 + four,
                 two * (1 - p23) + three * p32,
                 one * p13 + two * p23 + three * (1 - p31 - p32),
                 one * p14]
    return state[2] + state[3]


def reordered(numbers):
    """RFC 4737: share of frames that come after a later one (Type-P-Reordered, section 3)."""
    following, late = 0, 0
    for number in numbers:
        if number >= following:
            following = number + 1
        else:
            late += 1
    return late / len(numbers)

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The example topologies/bufferbloat.yaml: what it tells people to type shows what it says."""

import os
import re
import statistics
import subprocess

from lab import listing, vnetctl
from vnettest.ktap import between, case, defer, equal, run, true

FILE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../topologies/bufferbloat.yaml")
CODEL, QUEUE_BYTES = "codel", "queue-bytes"


def commands():
    """Those of the head of the file, each with the comment behind it."""
    with open(FILE, encoding="utf-8") as handle:
        lines = re.findall(r"^#     (vnetctl .*)$", handle.read(), re.M)
    return [(re.split(r"  +#", line)[0], (re.split(r"  +# ", line) + [""])[1]) for line in lines]


def typed(command):
    """What a shell says."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False,
                          cwd=os.path.join(os.path.dirname(FILE), ".."), env={**os.environ, "VNET_KERNEL": "host"})
    equal(done.returncode, 0, f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def lost(link):
    """Causes for which the router has lost frames."""
    [found] = listing("link", "show", link)
    return [drop["cause-name"] for drop in found["directions"][0]["counters"]["drop"]]


@case("a long queue, and what helps")
def literally():
    """Round trips during an upload are in the ranges that the file promises, and frames go for the causes it names."""
    defer(vnetctl, "down", "--all")
    ranges = 0
    for command, promise in commands():
        said = typed(command)
        promised = re.match(r"(\d+) to (\d+) ms$", promise)
        if promised:
            ranges += 1
            times = [float(time) for time in re.findall(r"time=([\d.]+) ms", said)]
            # What drops of all flows drops pings, too; only the third keeps flows apart.
            true(len(times) == 5 or len(times) >= 3 and "pc3" not in command, said)
            between(statistics.median(times), *map(int, promised.groups()), said)
        elif "link show" in command:
            equal([lost(name) for name in ("fifo-isp", "codel-isp", "fq-codel-isp")],
                  [[QUEUE_BYTES], [CODEL], [CODEL]])
    equal(ranges, 3)
    true("down" in commands()[-1][0])


run()

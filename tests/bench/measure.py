#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures figures in a guest, ours and the peer's in turn; one line of JSON for each sample.

measure.py [--runs N] [--factor F] NAME...

A sample is {"figure": NAME, "value": NUMBER, "unit": UNIT, "peer": NUMBER}; without
"peer" it is a count of its own. tests/bench/run makes medians and spreads of them.
"""

import argparse
import json
import os
import sys

from vnettest import ktap

import chains
import instructions
import latency
import media
import packets
import streams

GROUPS = {
    "packets": packets.measure,
    "streams": streams.measure,
    "hops": streams.measure_hops,
    "latency": latency.measure,
    "rtt": latency.measure_rtt,
    "instructions": instructions.measure,
    "media": media.measure,
    "chains": chains.measure,
    "chain-instructions": chains.measure_instructions,
    "chain-contexts": chains.measure_contexts,
}


def emit(figure, value, peer=None, unit=""):
    """One sample."""
    sample = {"figure": figure, "value": value, "unit": unit}
    if peer is not None:
        sample["peer"] = peer
    print(json.dumps(sample), flush=True)


def main():
    """Runs the groups of figures that are asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--scale", type=float, default=1.0,
                        help="how much work a run is, of what fits UML")
    parser.add_argument("groups", nargs="+", choices=GROUPS)
    args = parser.parse_args()
    os.environ.setdefault("LC_ALL", "C")
    for group in args.groups:
        try:
            GROUPS[group](emit, args.runs, args.scale)
        finally:
            ktap.undo()
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-2.0
"""What a guest has measured: rows and curves, each a line of JSON on standard output."""

import json
import sys
import time

_begin = time.monotonic()


def row(group, name, unit, configured, vnet, netem, bound=None, exact=None, check="model",
        **more):
    """One figure.

    `bound` is the range in which ours has to be; `exact` tells whether each frame passed a
    `check`: met the fate that the model says, or was not early. Without both it is only reported:
    it is neither right nor wrong.
    """
    fine = None
    if bound is not None or exact is not None:
        fine = (bound is None or bound[0] <= vnet <= bound[1]) and exact is not False
    _say({"group": group, "name": name, "unit": unit, "configured": configured, "vnet": vnet,
          "netem": netem, "bound": bound, "exact": exact, "check": check, "ok": fine, **more})


def curve(plot, label, points):
    """A curve of a plot."""
    _say({"plot": plot, "label": label, "points": [[float(f"{v:.6g}") for v in p] for p in points]})


def _say(value):
    print(json.dumps(value, sort_keys=True), flush=True)


def progress(text):
    """For whoever waits."""
    print(f"accuracy: {text}", file=sys.stderr, flush=True)

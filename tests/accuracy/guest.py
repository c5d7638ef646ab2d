#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Runs in a guest: guest.py simulated|real|counted [PART...]. Prints what it measured."""

import sys
import time
import traceback

from record import progress
from vnettest import ktap
import chance
import offloads
import queues
import timing

mode, wanted = sys.argv[1], sys.argv[2:]
failed = False
for part in [p for module in (timing, chance, queues, offloads) for p in module.parts(mode)]:
    name = part.__name__
    if wanted and name not in wanted:
        continue
    begin = time.perf_counter()
    try:
        part(mode)
    except Exception:  # pylint: disable=broad-exception-caught
        progress(f"{name}: {traceback.format_exc()}")
        failed = True
    ktap.undo()
    progress(f"{name} ({mode}, {time.perf_counter() - begin:.1f} s)")
sys.exit(failed)

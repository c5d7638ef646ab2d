# SPDX-License-Identifier: GPL-2.0
"""Waiting for what earlier cases have left to the kernel.

A namespace goes some time after its last user, and its links with it; a case that compares
everything there is before and after has to begin when they are gone.
"""

import time

from .ynl import Family


def wait_until_empty(timeout=30):
    """Returns when there is no link and no instance."""
    family = Family()
    try:
        _wait(family, timeout)
    finally:
        family.close()


def _wait(family, timeout):
    end = time.monotonic() + timeout
    while family.dump("link-get")[0] or family.dump("instance-get")[0]:
        if time.monotonic() > end:
            raise TimeoutError("links or instances of an earlier case are still there")
        time.sleep(0.01)

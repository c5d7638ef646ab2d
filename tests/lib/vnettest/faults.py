# SPDX-License-Identifier: GPL-2.0
"""Allocations that fail, one after another; for kernels with fault injection.

/proc/thread-self/fail-nth makes the n-th allocation of this thread fail. A
command is repeated with n = 1, 2, 3 ... until it no longer has that many.
"""

import os

from .ktap import Failure, Skip, note, true
from .netlink import NetlinkError
from .ynl import Family

FAIL_NTH = "/proc/thread-self/fail-nth"
FAILSLAB = "/sys/kernel/debug/failslab"


def need():
    """Skips where the kernel cannot do it."""
    if not os.path.exists(FAIL_NTH) or not os.path.isdir(FAILSLAB):
        raise Skip("the kernel has no fault injection")
    for name in ("failslab", "fail_page_alloc"):
        put(f"/sys/kernel/debug/{name}/verbose", 0)
        put(f"/sys/kernel/debug/{name}/ignore-gfp-wait", "N")
    # What fails to be copied to or from us counts, too, and would fill the kernel's log.
    if os.path.isdir("/sys/kernel/debug/fail_usercopy"):
        put("/sys/kernel/debug/fail_usercopy/verbose", 0)
    put("/sys/kernel/debug/fail_page_alloc/min-order", 0)


def put(path, value):
    """Writes a setting."""
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))


class Fault:
    """The n-th allocation within a with block fails; `fired` tells whether there was one."""

    def __init__(self, number):
        self.number, self.fired = number, None
        self.file = os.open(FAIL_NTH, os.O_RDWR)

    def __enter__(self):
        os.pwrite(self.file, str(self.number).encode(), 0)
        return self

    def __exit__(self, *_):
        try:
            self.fired = int(os.pread(self.file, 20, 0).split(b"\0")[0]) == 0
        except OSError:
            self.fired = False      # it was this call that failed
        try:
            os.pwrite(self.file, b"0", 0)
        except OSError:
            self.fired = False
            os.pwrite(self.file, b"0", 0)   # only one allocation fails
        os.close(self.file)


def links_and_instances():
    """All links and instances, without what time changes."""
    family = Family()
    found = [family.dump(kind)[0] for kind in ("link-get", "instance-get")]
    family.close()
    return found


def sweep(attempt, undo=lambda: None, most=1000, state=links_and_instances, every=1):
    """Lets allocation after allocation fail until the attempt has no more of them.

    The attempt has to fail with ENOMEM or the like and change nothing of what
    `state` tells, or to succeed in spite of it (the core retries some, or does
    without). `undo` takes back what a successful attempt has done. Where an attempt
    takes long, `every` n-th allocation has to do.
    """
    failed = passed = 0
    before = state()
    for number in range(1, most, every):
        fault = Fault(number)
        try:
            with fault:
                attempt()
            error = None
        except OSError as refused:
            error = refused
        if error is not None:
            if not fault.fired:
                raise error
            name = error.name if isinstance(error, NetlinkError) else ""
            # The core says EINVAL of a device that it has no memory for.
            true(name in ("ENOMEM", "ENOBUFS", "EINVAL", ""), f"allocation {number}: {error}")
            failed += 1
            if name:
                true(state() == before, f"allocation {number}: something has changed")
            else:
                undo()
                before = state()
        else:
            passed += fault.fired
            undo()
            before = state()
        if not fault.fired:
            note(f"{number - 1} allocations: {failed} failures, {passed} times it did without")
            return
    raise Failure(f"more than {most} allocations")

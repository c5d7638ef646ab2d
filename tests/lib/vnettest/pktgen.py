# SPDX-License-Identifier: GPL-2.0
"""The kernel's packet generator: traffic as fast as the machine can."""

import os
import re
import time

from .ktap import Failure, Skip, defer
from .netns import Child, run

_PROC = "/proc/thread-self/net/pktgen"


def _tell(file, text):
    fd = os.open(f"{_PROC}/{file}", os.O_WRONLY)
    try:
        os.write(fd, f"{text}\n".encode())
    finally:
        os.close(fd)


def _clear(thread):
    """Takes all devices from a thread, and waits until that has happened.

    It happens some time after it was asked for, also to devices that were added in between.
    """
    def devices():
        with open(f"{_PROC}/{thread}", encoding="ascii") as file:
            return re.findall(r"^(?:Running|Stopped):[ \t]*(\S.*)$", file.read(), re.MULTILINE)

    if devices():
        _tell(thread, "rem_device_all")
    while devices():
        time.sleep(0.01)


class Pktgen:
    """Sends through a device of a namespace until it is stopped, or so many packets.

    One may run in a namespace at a time, and stop() stops it whatever happens
    to its device in the meantime.
    """

    def __init__(self, ns, device, target="02:00:00:00:00:02", count=0, size=60, **settings):
        self.ns, self.device = ns, device
        with ns:
            if not os.path.exists(f"{_PROC}/pgctrl"):
                run("modprobe -q pktgen", check=False)
            if not os.path.exists(f"{_PROC}/pgctrl"):
                raise Skip("the kernel has no pktgen")
            thread = "kpktgend_0"
            _clear(thread)
            _tell(thread, f"add_device {device}")
            settings = {"count": count, "pkt_size": size, "dst_mac": target,
                        "dst": "10.9.9.9", "src_min": "10.9.9.1", "src_max": "10.9.9.1",
                        **settings}
            for name, value in settings.items():
                _tell(device, f"{name} {value}")
        self.child = Child(self._start)
        defer(self.stop)

    def _start(self):
        with self.ns:
            _tell("pgctrl", "start")    # returns when all has been sent

    def stop(self):
        """Stops it, if it runs."""
        if self.child is None:
            return
        # Told before it has begun, it would go on for ever.
        while self.ns.fd is not None and self.child.running():
            with self.ns:
                _tell("pgctrl", "stop")
            time.sleep(0.01)
        self.child.result()
        self.child = None

    def result(self):
        """Waits until it has sent all."""
        child, self.child = self.child, None
        child.result()

    def _says(self, pattern):
        """The number that it tells of its device."""
        with self.ns, open(f"{_PROC}/{self.device}", encoding="ascii") as file:
            text = file.read()
        if found := re.search(pattern, text):
            return int(found[1])
        raise Failure(f"pktgen says {text!r}")

    def sent(self):
        """How many packets it says it has sent."""
        return self._says(r"pkts-sofar: +(\d+)")

    def started(self):
        """When it began to send, in seconds of CLOCK_MONOTONIC: up to 0.1 s after it was told to."""
        return self._says(r"started: (\d+)us") / 1e6

    def seconds(self):
        """How long that took, when it has ended."""
        return self._says(r"Result: OK: (\d+)\(") / 1e6

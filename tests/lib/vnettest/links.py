# SPDX-License-Identifier: GPL-2.0
"""Links between namespaces, and what their counters must add up to."""

import os
import time

from . import ktap, packets
from .ktap import defer
from .netns import NetNS, wait_up
from .ynl import Family

US, MS, S = 10**3, 10**6, 10**9
KBIT, MBIT, GBIT = 10**3, 10**6, 10**9
OVERHEAD = 24

# Is time simulated (UML with time-travel)? Then all is exact; else the guest
# shares the machine with others, and this much lateness is no mistake of ours.
with open("/proc/cmdline", encoding="ascii") as _file:
    SIMULATED = "time-travel" in _file.read()
# Does the kernel check itself, or is the processor emulated? Then nothing is fast.
SLOW = os.environ.get("KSFT_MACHINE_SLOW") == "yes"
if SIMULATED:
    # Timers have their full resolution only from the second tick on.
    time.sleep(0.05)
# The simulated clock advances by a step of 256 ns whenever somebody reads it.
LATE = 1 * US if SIMULATED else 250 * MS


def wire_ns(size, rate, overhead=OVERHEAD):
    """How long a frame of so many bytes takes on the wire, as a float."""
    return (size + overhead) * 8 * 1e9 / rate


class Link:
    """A link between a device `a` and a device `b`, each in its own namespace.

    Arguments: parameters of both directions (with _ for -), a={...} and b={...}
    for what one end transmits, link={...} for attributes of the link.
    """

    def __init__(self, a=None, b=None, link=None, ns_a=None, ns_b=None, up=True, **both):
        self.family = Family()
        defer(self.family.close)
        self.ns = {"a": ns_a or NetNS(), "b": ns_b or NetNS()}
        both = {k.replace("_", "-"): v for k, v in both.items()}
        values = {}
        for end, own in (("a", a), ("b", b)):
            values[f"end-{end}"] = {
                "netns-fd": self.ns[end].fd,
                "ifname": end,
                "tx": {**both, **(own or {})},
            }
        self.id = self.family.do("link-new", {**(link or {}), **values})["id"]
        if up:
            self.up()

    def up(self):
        """Both ends are up; waits for the carrier."""
        for end, ns in self.ns.items():
            ns.up(end)
        # The device that was up when the carrier came waits for it in the background.
        wait_up(self.ns["a"], "a")

    def ip(self):
        """Gives the ends addresses and knowledge of each other, so that nobody asks; both."""
        ends = self.get()
        addresses = {"a": "10.0.0.1", "b": "10.0.0.2"}
        for end, other in (("a", "b"), ("b", "a")):
            self.ns[end].address(end, addresses[end], 24)
            self.ns[end].neighbour(end, addresses[other], ends[f"end-{other}"]["address"])
        return addresses["a"], addresses["b"]

    def get(self):
        """What the module tells."""
        return self.family.do("link-get", id=self.id)

    def set(self, link=None, a=None, b=None):
        """Changes the link, or what an end transmits."""
        values = {"id": self.id, **(link or {})}
        for end, own in (("a", a), ("b", b)):
            if own is not None:
                values[f"end-{end}"] = {"tx": own}
        self.family.do("link-set", values)

    def delete(self):
        """Removes it."""
        self.family.do("link-del", id=self.id)

    def sender(self, end="a", **kwargs):
        """A sender at an end."""
        with self.ns[end]:
            sender = packets.Sender(end, **kwargs)
        defer(sender.close)
        return sender

    def sink(self, end="b", **kwargs):
        """A sink at an end."""
        with self.ns[end]:
            sink = packets.Sink(end, **kwargs)
        defer(sink.close)
        return sink

    def stats(self, end="a"):
        """Counters of what an end transmits, checked for principle 6."""
        return Stats(self.get()[f"end-{end}"]["stats"])


    def settled(self, end="a", timeout=60):
        """Counters of what an end transmits, when nothing is on its way any more."""
        begin = time.monotonic()
        while not (stats := self.stats(end)).is_empty():
            passed = time.monotonic() - begin
            ktap.true(passed < timeout, "the link runs empty in time")
            time.sleep(max(0.001, passed / 20))
        return stats


class Stats:
    """Counters of one direction."""

    def __init__(self, values):
        self.values = values
        self.drops = {d["cause"]: d["frames"] for d in values.get("drop", [])}
        self.drop_bytes = {d["cause"]: d["bytes"] for d in values.get("drop", [])}
        for unit, drops in (("frames", self.drops), ("bytes", self.drop_bytes)):
            entered = self[f"sent-{unit}"] + self[f"duplicated-{unit}"]
            left = self[f"delivered-{unit}"] + sum(drops.values())
            inside = self[f"queued-{unit}"] + self[f"in-flight-{unit}"]
            ktap.equal(left + inside, entered, f"balance of {unit}")

    def __getitem__(self, name):
        return self.values[name]

    def is_empty(self):
        """Nothing is on the link."""
        return self["queued-frames"] + self["in-flight-frames"] == 0

# SPDX-License-Identifier: GPL-2.0
"""Packets through chains of functional blocks, beside the kernel's IP stack.

pktgen hands packets to the stack as if a device had received them, and all that is
done with one is done in that call: what pktgen says it took is the whole cost, its
own for making the packet included, which is the same for everybody. Each packet is
a new one (`!SHARED`) and has the device's own address.
"""

import os
import time

from vnettest.blocks import Graph
from vnettest.ktap import Failure, undo
from vnettest.netns import NetNS, run
from vnettest.pktgen import Pktgen

from instructions import instructions
from packets import run_pair
from pairs import Ours, address

PACKETS = 400_000
LENGTHS = (1, 2, 4, 8, 16, 32)
COUNTED_PACKETS = 50_000


class Receiver:
    """A device that receives what pktgen makes."""

    def __init__(self):
        self.ns = NetNS()
        run("modprobe -q dummy", check=False)
        self.ns.run("ip link add name in type dummy")
        self.ns.run("ip link set dev in up")
        self.mac = address(self.ns, "in")

    def seconds(self, count):
        """What so many packets take."""
        before = self.arrived()
        generator = Pktgen(self.ns, "in", target=self.mac, count=count, flag="!SHARED",
                           xmit_mode="netif_receive")
        generator.result()
        # pktgen waits for its thread only if that has begun within 125 ms.
        end = time.monotonic() + 60
        while (arrived := self.arrived() - before) != count:
            if time.monotonic() > end:
                raise Failure(f"{arrived} of {count} packets arrived")
            time.sleep(0.05)
        time.sleep(0.01)
        return generator.seconds()

    def arrived(self):
        """Packets that have come to where they are dropped."""
        raise NotImplementedError


class Chain(Receiver):
    """So many `forward` blocks between `eth` and `discard`."""

    def __init__(self, length):
        super().__init__()
        self.graph = Graph(self.ns)
        self.graph.add("dev", "eth", device="in")
        names = [f"on{number}" for number in range(length)]
        for name in names:
            self.graph.add(name, "forward")
        self.graph.add("end", "discard")
        self.graph.chain("dev:host:wire", *names, "end")

    def arrived(self):
        return self.graph.get("end").count("consumed")


class Stack(Receiver):
    """IPv4, which drops all by a blackhole route."""

    def __init__(self):
        super().__init__()
        self.ns.run("ip addr add 10.8.0.1/24 dev in")
        self.ns.run("ip route add blackhole 10.9.9.9")

    def arrived(self):
        with self.ns, open("/proc/thread-self/net/snmp", encoding="ascii") as file:
            names, values = [line.split() for line in file if line.startswith("Ip:")]
        return int(values[names.index("InReceives")])


def measure(emit, runs, scale):
    """`eth` and two `forward` blocks against the stack, and what a block takes."""
    count = int(PACKETS * scale)
    two, stack, long = Chain(2), Stack(), Chain(32)
    for receiver in (two, stack, long):
        receiver.seconds(count // 4)        # warms up
    for number in range(runs):
        took = {}
        for receiver in (two, stack, long) if number % 2 else (long, stack, two):
            took[receiver] = receiver.seconds(count)
        emit("fb_chain_pps_vs_stack", count / took[two], count / took[stack], "packets/s")
        emit("fb_forward_ns", (took[long] - took[two]) / 30 / count * 1e9, unit="ns")


def per_packet(receiver, count):
    """Instructions: what a run takes beside its packets goes away in the difference of two."""
    receiver.seconds(count)     # fills caches
    took = receiver.seconds(3 * count) - receiver.seconds(count)
    return instructions(2 * count / took)


def measure_instructions(emit, _runs, scale):
    """Instructions of chains of 1 to 32 blocks, and of the stack; one run is enough."""
    count = int(COUNTED_PACKETS * scale)
    found = {}
    for length in LENGTHS:
        found[length] = per_packet(Chain(length), count)
        emit(f"fb_chain_insns_n{length}", found[length], unit="instructions")
        undo()
    emit("stack_drop_insns", per_packet(Stack(), count), unit="instructions")
    emit("fb_forward_insns", (found[32] - found[1]) / 31, unit="instructions")


class Context(Ours):
    """A link to a chain of two blocks, which runs in softirq or in a kernel thread."""

    def __init__(self, scheduled):
        super().__init__()
        ns = self.ns["b"]
        self.graph = Graph(ns)
        self.graph.add("dev", "eth", device="b")
        for name in ("one", "two"):
            self.graph.add(name, "forward")
        self.graph.add("end", "discard")
        self.graph.chain("dev:host:wire", "one", "two", "end")
        self.sink = self
        if scheduled:
            # A view of sysfs that is of this namespace.
            ns.run(["unshare", "--mount", "sh", "-ec",
                    "mount -t sysfs none /sys; echo 1 > /sys/class/net/b/threaded"])
            self.thread = self.find()
            scheduled(self.thread)

    @staticmethod
    def find():
        """The newest thread that polls a device named b."""
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/comm", encoding="ascii") as file:
                    if file.read().startswith("napi/b-"):
                        found.append(int(name))
            except OSError:
                pass
        return max(found)

    def count(self):
        """Packets that have come through the chain."""
        return self.graph.get("end").count("consumed")


def _realtime(thread):
    os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(50))


def _normal(_thread):
    pass


def _low(thread):
    os.setpriority(os.PRIO_PROCESS, thread, 19)


def measure_contexts(emit, runs, scale):
    """The paper's Table 1: the same chain in softirq and in threads of different priorities.

    The threads are those that poll a device (`threaded` in its sysfs folder). pktgen is a
    thread itself, on the same processor where there is only one.
    """
    count = int(PACKETS * scale)
    contexts = {"softirq": None, "thread_fifo": _realtime, "thread": _normal, "thread_nice": _low}
    rows = {name: Context(scheduled) for name, scheduled in contexts.items()}
    for row in rows.values():
        row.seconds_per_packet = 0.0
        run_pair(row, count // 4)
    for _ in range(runs):
        found = {name: run_pair(row, count)[0] for name, row in rows.items()}
        for name in rows:
            if name != "softirq":
                emit(f"fb_{name}_pps_vs_softirq", found[name], found["softirq"], "packets/s")

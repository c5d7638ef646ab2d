# SPDX-License-Identifier: GPL-2.0
"""Packets a second that one port of a broadcast medium reaches all others with, beside a bridge that floods.

The bridge joins as many veth pairs, and has learnt nothing. What arrives at the last port counts.
"""

from vnettest.ktap import defer
from vnettest.media import Medium
from vnettest.netns import NetNS, run, wait_up

from packets import Sink, throughput

PACKETS = 400_000
PORTS = (2, 8, 32)


class Bridge:
    """Veth pairs with an end in a namespace of its own each, and the other one in a bridge."""

    def __init__(self, count):
        run("modprobe -q -a bridge veth", check=False)
        self.ns, self.hub = [NetNS() for _ in range(count)], NetNS()
        self.hub.run("ip link add name hub type bridge ageing_time 0 mcast_snooping 0")
        self.hub.run("ip link set dev hub up")
        for number, ns in enumerate(self.ns):
            end = f"/proc/self/fd/{ns.inheritable()}"
            self.hub.run(f"ip link add p{number} type veth peer name p netns {end}")
            self.hub.run(f"ip link set dev p{number} master hub up")
            ns.run("ip link set dev p up")
        for ns in self.ns:
            wait_up(ns, "p")


def measure(emit, runs, scale):
    """60 bytes from the first port."""
    for ports in PORTS:
        count = int(PACKETS * scale) // ports
        sides = {"vnet": Medium(ports), "bridge": Bridge(ports)}
        sinks = {}
        for kind, side in sides.items():
            sinks[kind] = Sink(side.ns[-1], "p")
            defer(sinks[kind].close)
            throughput(side.ns[0], "p", sinks[kind], count // 4)      # warms up
        figure = f"medium_pps_n{ports}_vs_bridge"
        for number in range(runs):
            rates = {}
            for kind in sorted(sides, reverse=number % 2):
                rates[kind], arrived = throughput(sides[kind].ns[0], "p", sinks[kind], count)
                emit(f"lost:{figure}:{kind}", count - arrived, unit="packets")
            emit(figure, rates["vnet"], rates["bridge"], "packets/s")

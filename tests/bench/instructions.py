# SPDX-License-Identifier: GPL-2.0
"""Instructions per packet, from QEMU's -icount, where an instruction takes 2 ns of guest time.

What a link costs is the slope between one and two links in a row. The row's second
link comes with a router, which is measured by itself and taken off: packets that
pktgen puts into the stack of a namespace, which forwards them to a device that
drops them, less such as the stack drops at once, being for another host.
"""

import time

from vnettest.ktap import Failure, defer, undo
from vnettest.links import GBIT, MS
from vnettest.netns import NetNS, run
from vnettest.pktgen import Pktgen

from packets import OTHER_HOST, Sink
from pairs import Ours, Veth, address

NS_PER_INSTRUCTION = 2
TARGET = "10.9.9.9"
PACKETS = 50_000
SHAPED = {"rate": 10 * GBIT, "delay": MS, "queue_packets": 10000}
MAKERS = {
    "link": lambda a, b: Ours(ns_a=a, ns_b=b, **SHAPED),
    "netem": lambda a, b: Veth(ns_a=a, ns_b=b, netem="rate 10gbit delay 1ms"),
    "unshaped_link": lambda a, b: Ours(ns_a=a, ns_b=b),
    "veth": lambda a, b: Veth(ns_a=a, ns_b=b),
}


def instructions(rate):
    """Instructions per packet at so many packets a second of a processor that never idles."""
    return 1e9 / rate / NS_PER_INSTRUCTION


def forwards(ns):
    """Packets go through a namespace."""
    with ns, open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
        file.write("1")


class Row:
    """So many links of a kind in a row, routers between them, with a sink at the end."""

    def __init__(self, make, links):
        nodes = [NetNS() for _ in range(links + 1)]
        pairs = [make(left, right) for left, right in zip(nodes, nodes[1:])]
        for ns, following in zip(nodes[1:], pairs[1:]):
            forwards(ns)
            mac = OTHER_HOST if following is pairs[-1] else address(following.ns["b"], "b")
            ns.run("ip addr add 10.8.0.1/24 dev a")
            ns.run(f"ip route add {TARGET} via 10.8.0.2")
            ns.run(f"ip neigh replace 10.8.0.2 lladdr {mac} dev a nud permanent")
        self.sink = Sink(nodes[-1], "b")
        defer(self.sink.close)
        self.source = nodes[0]
        self.first = OTHER_HOST if links == 1 else address(pairs[0].ns["b"], "b")

    def send(self, packets):
        """Seconds that pktgen takes for so many packets."""
        before = self.sink.count()
        generator = Pktgen(self.source, "a", target=self.first, count=packets, xmit_mode="queue_xmit")
        generator.result()
        time.sleep(0.1)
        if (arrived := self.sink.count() - before) < packets:
            raise Failure(f"{packets - arrived} of {packets} packets did not arrive")
        return generator.seconds()


def row_cost(make, links, count):
    """Instructions per packet from pktgen through so many links.

    pktgen's own time, in which the processor does all that the packets ask for: nobody
    looks meanwhile. What a run takes beside its packets, and what is still on the way
    when pktgen ends, go away in the difference of two. The first run fills caches.
    """
    row = Row(make, links)
    _, few, many = (row.send(packets) for packets in (count, count, 3 * count))
    undo()
    return instructions(2 * count / (many - few))


def bare_hop(count):
    """Instructions that forwarding a packet takes, without a link."""
    ns = NetNS()
    run("modprobe -q dummy", check=False)
    for device in ("in", "out"):
        ns.run(f"ip link add name {device} type dummy")
        ns.run(f"ip link set dev {device} up")
    forwards(ns)
    ns.run("ip addr add 10.8.0.1/24 dev out")
    ns.run(f"ip route add {TARGET} via 10.8.0.2")
    ns.run("ip neigh replace 10.8.0.2 lladdr 02:00:00:00:00:09 dev out nud permanent")
    found = {}
    for what, mac in (("forwarded", address(ns, "in")), ("of another host", OTHER_HOST)):
        for _ in range(2):
            generator = Pktgen(ns, "in", target=mac, count=count, xmit_mode="netif_receive")
            generator.result()
        # The stack works within pktgen's own call.
        found[what] = instructions(count / generator.seconds())
    undo()
    return found["forwarded"] - found["of another host"]


def measure(emit, _runs, scale):
    """One run is enough: instructions are counted."""
    count = int(PACKETS * scale)
    hop = bare_hop(count)
    emit("forwarding_insns", hop, unit="instructions")
    for name, make in MAKERS.items():
        one, two = (row_cost(make, links, count) for links in (1, 2))
        emit(f"{name}_row_insns_n1", one, unit="instructions")
        emit(f"{name}_row_insns_n2", two, unit="instructions")
        emit(f"{name}_insns", two - one - hop, unit="instructions")



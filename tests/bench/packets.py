# SPDX-License-Identifier: GPL-2.0
"""Packets a second from pktgen to a sink at the far end.

The packets are for another host, which the far end's IP stack finds out at once and
counts: the lightest sink there is, so that the links are what is measured. Time runs
until the last packet has arrived: what pktgen says it has sent does not count.
"""

import struct
import time

from vnettest import netlink
from vnettest.ktap import defer
from vnettest.links import GBIT, MS
from vnettest.pktgen import Pktgen

from pairs import Ours, Veth

OTHER_HOST = "02:00:00:00:00:08"
PACKETS = 2_000_000
# How often the sink is looked at, in seconds.
LOOK = 0.001
_RTM_GETLINK, _IFLA_STATS64, _IFLA_IFNAME = 18, 23, 3
_RX_OTHERHOST_DROPPED = 24      # of struct rtnl_link_stats64


class Sink:
    """Counts what arrives at a device for other hosts."""

    def __init__(self, ns, device):
        with ns:
            self.socket = netlink.Socket(netlink.NETLINK_ROUTE)
        self.request = bytes(16) + netlink.attr(_IFLA_IFNAME, device.encode() + b"\0")

    def count(self):
        """Packets so far."""
        for message in self.socket.request(_RTM_GETLINK, self.request):
            stats = netlink.attrs_of(message.payload[16:])[_IFLA_STATS64]
            return struct.unpack_from("=Q", stats, 8 * _RX_OTHERHOST_DROPPED)[0]
        raise RuntimeError("no answer")

    def close(self):
        """Closes its socket."""
        self.socket.close()


class TooLate(Exception):
    """All packets had arrived before anybody looked."""


def throughput(source, device, sink, count, unseen=0.0, **settings):
    """Packets a second of a run, and how many arrived. Time runs from when pktgen's thread begins to send,
    which it does some time after it was told to.

    Nobody looks for the first `unseen` seconds: that takes the processor from what
    is measured.
    """
    before = sink.count()
    generator = Pktgen(source, device, count=count, **{"target": OTHER_HOST, **settings})
    if unseen:
        time.sleep(unseen)
        if sink.count() - before == count:
            generator.result()
            raise TooLate
    last, arrived, quiet = time.monotonic(), 0, 0.0
    # All, or none any more for so long that no more can be on the way.
    while arrived < count and quiet < 0.5:
        time.sleep(LOOK)
        now, seen = time.monotonic(), sink.count() - before
        if seen != arrived:
            arrived, last = seen, now
        elif arrived:
            quiet = now - last
    generator.result()
    return arrived / (last - generator.started()), arrived


def steady_throughput(source, device, sink, count, took, **settings):
    """The same, looking as late as possible, after a run that `took` so many seconds or none."""
    unseen = 0.8 * took
    while True:
        try:
            return throughput(source, device, sink, count, unseen, **settings)
        except TooLate:
            unseen /= 2


def run_pair(pair, count, **settings):
    """A run over a link or veth pair, after another one that tells how long it takes."""
    if not hasattr(pair, "sink"):
        pair.sink, pair.seconds_per_packet = Sink(pair.ns["b"], "b"), 0.0
        defer(pair.sink.close)
    result = steady_throughput(pair.ns["a"], "a", pair.sink, count, count * pair.seconds_per_packet,
                               **settings)
    pair.seconds_per_packet = 1 / result[0]
    return result


def measure(emit, runs, scale):
    """Unshaped and shaped, 60 bytes."""
    count = int(PACKETS * scale)
    shaped = {"rate": 10 * GBIT, "delay": MS, "queue_packets": 10000}
    compared = {
        "link_pps_vs_veth": (Ours(), Veth(), {}),
        "link_shaped_pps_vs_netem": (Ours(**shaped), Veth(netem="rate 10gbit delay 1ms"),
                                     {"xmit_mode": "queue_xmit"}),
        "link_shaped_pps_vs_veth": (Ours(**shaped), Veth(), {"xmit_mode": "queue_xmit"}),
    }
    for ours, peer, _ in compared.values():
        for pair in (ours, peer):
            run_pair(pair, count // 4)      # warms up
    for number in range(runs):
        for figure, (ours, peer, settings) in compared.items():
            pairs = [ours, peer] if number % 2 else [peer, ours]
            rates = {}
            for pair in pairs:
                rates[pair.kind], arrived = run_pair(pair, count, **settings)
                emit(f"lost:{figure}:{pair.kind}", count - arrived, unit="packets")
            emit(figure, rates["vnet"], rates["veth"], "packets/s")

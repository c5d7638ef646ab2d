# SPDX-License-Identifier: GPL-2.0
"""Broadcast media with a namespace at each port, and what their counters must add up to."""

import time

from . import ktap, packets
from .ktap import defer
from .links import Stats
from .netns import NetNS, wait_up
from .ynl import Family


class Medium:
    """A medium with a device `p` at each port, each in its own namespace.

    Arguments: the number of ports, parameters of all transmitters (tx) and of single ones
    (own, by number), those of all ways (with _ for -) and of single ones (ways, by pair).
    """

    def __init__(self, count=3, tx=None, own=None, ways=None, medium=None, up=True, **all_ways):
        self.family = Family()
        defer(self.family.close)
        self.ns = [NetNS() for _ in range(count)]
        ports = [{"netns-fd": ns.fd, "ifname": "p", "tx": {**(tx or {}), **(own or {}).get(i, {})}}
                 for i, ns in enumerate(self.ns)]
        values = {**(medium or {}), "port": ports, "pair": _pairs(ways, all_ways)}
        self.id = self.family.do("medium-new", values)["id"]
        if up:
            for ns in self.ns:
                ns.up("p")
            for ns in self.ns:
                wait_up(ns, "p")

    def set(self, own=None, ways=None, medium=None, **all_ways):
        """Changes transmitters by number, all ways, and single ones by pair."""
        ports = [{"number": number, "tx": tx} for number, tx in (own or {}).items()]
        self.family.do("medium-set", {"id": self.id, **(medium or {}), "port": ports,
                                      "pair": _pairs(ways, all_ways)})

    def get(self):
        """What the module tells of the medium as a whole."""
        return self.family.do("medium-get", id=self.id)

    def delete(self):
        """Removes it."""
        self.family.do("medium-del", id=self.id)

    def ports(self):
        """What the module tells of the ports."""
        return [reply["port"][0] for reply in self.family.dump("medium-port-get", id=self.id)[0]]

    def pairs(self):
        """What the module tells of the ways, by pair."""
        replies = self.family.dump("medium-pair-get", id=self.id)[0]
        pairs = [reply["pair"][0] for reply in replies]
        return {(pair["from"], pair["to"]): pair for pair in pairs}

    def sent(self, port):
        """Counters of a transmitter, checked for principle 6."""
        return Stats(self.ports()[port]["stats"])

    def way(self, origin, target):
        """Counters of a way, checked for principle 6."""
        return Stats(self.pairs()[origin, target]["stats"])

    def settled(self, timeout=60):
        """Counters of transmitters and ways when nothing is on its way, checked: each frame
        that has left a transmitter has entered each of its ways."""
        begin = time.monotonic()
        while True:
            pairs = {pair: Stats(told["stats"]) for pair, told in self.pairs().items()}
            ports = [Stats(port["stats"]) for port in self.ports()]
            if all(stats.is_empty() for stats in [*ports, *pairs.values()]):
                break
            passed = time.monotonic() - begin
            ktap.true(passed < timeout, "the medium runs empty in time")
            time.sleep(max(0.001, passed / 20))
        for (origin, target), stats in pairs.items():
            for unit in ("frames", "bytes"):
                ktap.equal(stats[f"sent-{unit}"], ports[origin][f"delivered-{unit}"],
                           f"{unit} from {origin} to {target}")
        return ports, pairs

    def sender(self, port, **kwargs):
        """A sender at a port."""
        with self.ns[port]:
            sender = packets.Sender("p", **kwargs)
        defer(sender.close)
        return sender

    def sink(self, port, **kwargs):
        """A sink at a port."""
        with self.ns[port]:
            sink = packets.Sink("p", **kwargs)
        defer(sink.close)
        return sink


def _pairs(ways, all_ways):
    pairs = []
    if all_ways:
        pairs.append({"params": {k.replace("_", "-"): v for k, v in all_ways.items()}})
    for (origin, target), params in (ways or {}).items():
        pair = {"from": origin, "to": target, "params": params}
        pairs.append({k: v for k, v in pair.items() if v is not None})
    return pairs

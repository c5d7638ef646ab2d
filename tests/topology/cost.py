#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""FRR's automatic OSPF cost: what ethtool tells of a link is right when FRR asks."""

import json
import time

from lab import until, up, vnetctl
from vnettest.ktap import case, equal, note, run

AUTOMATIC = """
name: t
defaults:
  router:
    routing: ospfv2
    files:
      /etc/frr/frr.conf: |
        router ospf
         auto-cost reference-bandwidth 100000
         network 0.0.0.0/0 area 0
nodes: {a: router, b: router}
links:
  - {ends: [a, b], forward: {rate: 100mbit}, backward: {rate: 2gbit}}
"""


def cost(node, interface):
    """As OSPF has it."""
    told = vnetctl("exec", node, "vtysh", "-c", f"show ip ospf interface {interface} json").out
    # Nothing until FRR has looked at the interface.
    return json.loads(told).get("interfaces", {}).get(interface, {}).get("cost")


@case("FRR's automatic cost is that of the rate, from the start and after a carrier bounce")
def automatic():
    """With a reference of 100 Gbit/s; each side has that of what it transmits."""
    def bounce(change=None):
        vnetctl("link", "down", "a-b")
        until(lambda: "NO-CARRIER" in vnetctl("exec", "a", "ip", "link", "show", "to-b").out, "the carrier goes")
        if change:
            vnetctl("link", "set", "a-b", "--from", "a", *change)
        vnetctl("link", "up", "a-b")

    up(AUTOMATIC)
    until(lambda: cost("a", "to-b") and cost("b", "to-a"), "FRR has both interfaces")
    equal((cost("a", "to-b"), cost("b", "to-a")), (1000, 50))
    bounce()
    until(lambda: cost("a", "to-b") and cost("b", "to-a"), "FRR has both interfaces again")
    for _ in range(5):
        equal((cost("a", "to-b"), cost("b", "to-a")), (1000, 50), "after a bounce")
    begin = time.monotonic()
    bounce(("rate", "1gbit"))
    until(lambda: cost("a", "to-b") == 100, "the new rate has its cost", limit=30)
    until(lambda: cost("b", "to-a"), "the other side, too")
    note(f"a new rate has its cost {time.monotonic() - begin:.1f} s after the bounce")
    equal(cost("b", "to-a"), 50)


@case("a rate where there was none has its cost without a bounce")
def without_a_bounce():
    """FRR asks again every 5 s while there is no speed."""
    up(AUTOMATIC.replace("{ends: [a, b], forward: {rate: 100mbit}, backward: {rate: 2gbit}}", "[a, b]"))
    until(lambda: cost("a", "to-b"), "FRR has the interface")
    vnetctl("link", "set", "a-b", "rate", "100mbit")
    until(lambda: cost("a", "to-b") == 1000 == cost("b", "to-a"), "the rate has its cost", limit=30)


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Routing protocols, of FRR and of BIRD: everybody is reached, and another way is found."""

from lab import until, up, vnetctl
from vnettest.ktap import case, contains, run

RING = """
name: t
nodes: {{h0: host, r0: {odd}, r1: {even}, r2: {odd}, r3: {even}, h2: host}}
links: [[h0, r0], [r0, r1], [r1, r2], [r2, r3], [r3, r0], [r2, h2]]
"""


def router(routing, more=""):
    """A router that speaks this."""
    return f"{{kind: router, routing: {routing}{more}}}"


def reached(source, target):
    """Pings by both families."""
    for family in ("-4", "-6"):
        until(lambda: " 0% packet loss" in vnetctl("exec", source, "ping", family, "-c1", "-W1", target, status=None).out,
              f"{source} reaches {target} by {family}", limit=60)


def heals(odd, even):
    """Whichever way they take around the ring, it breaks."""
    up(RING.format(odd=router(odd), even=router(even)), "--wait=ping")
    for link in ("r0-r1", "r3-r0"):
        vnetctl("link", "down", link)
        reached("h0", "h2")
        vnetctl("link", "up", link)
        reached("h0", "h2")


@case("IS-IS by a switch")
def lan():
    """Three routers on a LAN have a designated one."""
    up("""
name: t
defaults: {router: {routing: isis}}
nodes: {sw: switch, h1: host, r1: router, r2: router, r3: router, h3: host}
links: [[h1, r1], [r1, sw], [r2, sw], [r3, sw], [r3, h3]]
""", "--wait=ping")
    contains(vnetctl("exec", "r1", "vtysh", "-c", "show isis neighbor").out, "r3")
    contains(vnetctl("exec", "r1", "ip", "-6", "route").out, "proto isis")


@case("a ring finds another way", "isis", "bird", "[bird, rip]", "[bird, bgp]")
def ring(routing):
    """All four routers are alike."""
    heals(routing, routing)


@case("FRR and BIRD are neighbours", "ospf", "rip", "bgp")
def mixed(protocol):
    """Every second router is the one, every second the other."""
    heals(protocol, f"[bird, {protocol}]")
    contains(vnetctl("exec", "r1", "birdc", "show", "protocols").out, "BIRD")


@case("two systems, and routers without BGP in one of them")
def systems():
    """Those have a default route to the border."""
    up(f"""
name: t
nodes:
  h1: host
  i1: {router("[bird, ospf]", ", asn: 1")}
  e1: {router("[bird, ospf, bgp]", ", asn: 1")}
  e2: {router("[ospf, bgp]", ", asn: 2")}
  i2: {router("[bird, ospf, bgp]", ", asn: 2")}
  h2: host
links: [[h1, i1], [i1, e1], [e1, e2], [e2, i2], [i2, h2]]
""", "--wait=ping")
    contains(vnetctl("exec", "i1", "birdc", "show", "route", "for", "0.0.0.0/0").out, "ospf4")
    contains(vnetctl("exec", "i1", "ip", "route").out, "default via")
    # Its default route is there before its session is.
    until(lambda: "Established" in vnetctl("exec", "i2", "birdc", "show", "protocols").out, "i2 has a session", limit=60)


@case("neighbours of one system without another protocol reflect")
def reflected():
    """From one end of a line to the other."""
    up(f"""
name: t
nodes:
  h1: host
  x: {router("[bird, bgp]", ", asn: 1")}
  a: {router("[bird, bgp]", ", asn: 2")}
  b: {router("[bird, bgp]", ", asn: 2")}
  c: {router("[bird, bgp]", ", asn: 2")}
  h2: host
links: [[h1, x], [x, a], [a, b], [b, c], [c, h2]]
""", "--wait=ping")


@case("addresses of the loopback are announced", "ospf", "[bird, ospf]")
def loopback(routing):
    """For both families."""
    more = ", interfaces: {lo: [10.255.0.2/32, 'fd00:ff::2/128']}"
    up(f"""
name: t
nodes:
  h: host
  r1: {router(routing)}
  r2: {router(routing, more)}
links: [[h, r1], [r1, r2]]
""", "--wait=routes")
    for address in ("10.255.0.2", "fd00:ff::2"):
        until(lambda address=address: vnetctl("exec", "h", "ping", "-c1", "-W1", address, status=None).status == 0, address)


@case("a configuration of one's own")
def own():
    """It replaces the generated one."""
    up("""
name: t
nodes:
  a: {kind: router, routing: bird, files: {/etc/bird/bird.conf: "router id 10.1.2.3;\\nprotocol device {}\\n"}}
  b: host
links: [[a, b]]
""")
    contains(vnetctl("exec", "a", "birdc", "show", "status").out, "Router ID is 10.1.2.3")


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Files of other tools, brought up as they are; VLANs, which they have."""

from lab import PLAIN, up, vnetctl
from vnettest.ktap import case, contains, run

IMUNES = """{"nodes": {
  "n0": {"type": "pc", "name": "a", "auto_default_routes": "disabled",
         "ifaces": {"ifc0": {"name": "eth0", "type": "phys", "link": "l0", "ipv4_addrs": ["10.0.0.1/24"]}}},
  "n1": {"type": "pc", "name": "b", "auto_default_routes": "disabled",
         "ifaces": {"ifc0": {"name": "eth0", "type": "phys", "link": "l1", "ipv4_addrs": ["10.0.0.2/24"]}}},
  "n2": {"type": "lanswitch", "name": "sw", "vlan_filtering": "1", "ifaces": {
         "ifc0": {"name": "e0", "type": "phys", "link": "l0", "vlan_tag": "4"},
         "ifc1": {"name": "e1", "type": "phys", "link": "l1", "vlan_tag": "6"},
         "ifc2": {"name": "e2", "type": "phys", "link": "l2", "vlan_type": "trunk"}}},
  "n3": {"type": "host", "name": "c", "auto_default_routes": "disabled", "ifaces": {
         "ifc0": {"name": "eth0", "type": "phys", "link": "l2"},
         "ifc1": {"name": "a4", "type": "vlan", "vlan_dev": "eth0", "vlan_tag": "4", "ipv4_addrs": ["10.0.0.9/24"]},
         "ifc2": {"name": "v6", "type": "vlan", "vlan_dev": "eth0", "vlan_tag": "6", "ipv6_addrs": ["fc00::9/64"]}}}},
 "links": {"l0": {"peers": "n0 n2", "peers_ifaces": "ifc0 ifc0", "delay": "1000"},
           "l1": {"peers": "n1 n2", "peers_ifaces": "ifc0 ifc1"},
           "l2": {"peers": "n2 n3", "peers_ifaces": "ifc2 ifc0"}}}
"""

KATHARA = """r1[0]="A"
r1[1]="B"
pc1[0]="A"
pc2[0]="B"
pc1[exec]="ip address add 10.0.0.2/24 dev eth0"
pc1[exec]="ip route add default via 10.0.0.1"
pc2[exec]="ifconfig eth0 10.0.1.2 netmask 255.255.255.0 up"
pc2[exec]="route add default gw 10.0.1.1"
r1[exec]="ip address add 10.0.0.1/24 dev eth0"
r1[exec]="ip address add 10.0.1.1/24 dev eth1"
"""


def ping(node, address, lost="0%"):
    """One packet."""
    result = vnetctl("exec", node, "ping", "-c1", "-W1", address, status=0 if lost == "0%" else 1)
    contains(result.out, f" {lost} packet loss")


@case("an experiment of IMUNES with VLANs")
def imunes():
    """On a trunk both are reached, and nothing else."""
    up(IMUNES, name="vlan.imn")
    ping("a", "10.0.0.9")
    ping("b", "10.0.0.9", lost="100%")
    ping("a", "10.0.0.2", lost="100%")
    contains(up(IMUNES, name="vlan.imn").out, "nothing to change")


@case("a VLAN comes again with the link that it is on")
def again():
    """And with another number it is another one."""
    base = PLAIN.format(lab="t").replace("a: host", "a: {interfaces: {v: {parent: to-b, vlan: 7, addresses: 10.7.0.1/24}}}")
    base = base.replace("b: router", "b: {kind: router, interfaces: {v: {parent: to-a, vlan: 7, addresses: 10.7.0.2/24}}}")
    up(base)
    ping("a", "10.7.0.2")
    up(base.replace("rate: 10mbit", "rate: 10mbit, seed: 9"))
    ping("a", "10.7.0.2")
    up(base.replace("vlan: 7", "vlan: 8"))
    contains(vnetctl("exec", "a", "ip", "-d", "link", "show", "v").out, "id 8 ")
    ping("a", "10.7.0.2")


@case("a lab of Kathara")
def kathara():
    """Addresses are set by its commands, also by such of which guests do not have the programs."""
    up(KATHARA, name="lab.conf")
    ping("pc1", "10.0.1.2")


run()

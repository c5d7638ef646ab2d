#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Files of IMUNES run as they are, and do what they are for."""

import json

from lab import listing, start, until, up, vnetctl
from vnettest.ktap import case, contains, equal, run, true


class Imn:
    """An experiment as IMUNES writes it."""

    def __init__(self):
        self.nodes, self.links = {}, {}

    def node(self, name, kind, ifaces, **more):
        """A node; interfaces are maps of what they have, in their order behind the loopback."""
        loopback = {"type": "lo", "name": "lo0", "ipv4_addrs": ["127.0.0.1/8"], "ipv6_addrs": ["::1/128"]}
        self.nodes[f"n{len(self.nodes)}"] = {
            "type": kind, "name": name, "auto_default_routes": "disabled", **more,
            "ifaces": {f"ifc{number}": iface for number, iface in enumerate([loopback, *ifaces])},
        }

    def router(self, name, protocols, *addresses):
        """A router that speaks these protocols, with an interface for each list of addresses."""
        self.node(name, "router", [phys(number, *each) for number, each in enumerate(addresses)],
                  model="frr", router_config=protocols)

    def host(self, name, *addresses, gateways=(), kind="pc"):
        """A host with one interface."""
        routes = {
            "croutes4": [f"0.0.0.0/0 {via}" for via in gateways if ":" not in via],
            "croutes6": [f"::/0 {via}" for via in gateways if ":" in via],
        }
        self.node(name, kind, [phys(0, *addresses)], **{key: value for key, value in routes.items() if value})

    def link(self, one, first, other, second, **more):
        """A link between two interfaces, given by their names."""
        name = f"l{len(self.links)}"
        ids = {node["name"]: key for key, node in self.nodes.items()}
        ends = []
        for node, iface in ((one, first), (other, second)):
            ifaces = self.nodes[ids[node]]["ifaces"]
            [key] = [key for key, have in ifaces.items() if have["name"] == iface]
            ifaces[key]["link"] = name
            ends.append((ids[node], key))
        self.links[name] = {
            "peers": f"{ends[0][0]} {ends[1][0]}", "peers_ifaces": f"{ends[0][1]} {ends[1][1]}", **more,
        }

    def up(self, *args):
        """Brings it up."""
        text = json.dumps({"options": {"version": "2"}, "nodes": self.nodes, "links": self.links})
        return up(text, "-l", "t", *args, name="t.imn")


def phys(number, *addresses, name="eth", **more):
    """An interface with these addresses."""
    return {
        "type": "phys", "name": f"{name}{number}",
        "ipv4_addrs": [net for net in addresses if ":" not in net],
        "ipv6_addrs": [net for net in addresses if ":" in net], **more,
    }


def square(protocols, ipv6):
    """Four routers in a ring, a host at each of two opposite ones: if a link goes there is another way."""
    imn = Imn()

    def net(number, last):
        return [f"10.0.{number}.{last}/24"] + ([f"fc00:{number}::{last}/64"] if ipv6 else [])

    for number in range(4):
        before, after = net(number, 1), net((number + 3) % 4, 2)
        edge = [net(10 + number, 1)] if number in (0, 2) else []
        imn.router(f"r{number}", protocols, before, after, *edge)
    for number in (0, 2):
        gateways = [f"10.0.{10 + number}.1"] + ([f"fc00:{10 + number}::1"] if ipv6 else [])
        imn.host(f"h{number}", *net(10 + number, 2), gateways=gateways)
    for number in range(4):
        imn.link(f"r{number}", "eth0", f"r{(number + 1) % 4}", "eth1", bandwidth="2048000", delay="2500")
    for number in (0, 2):
        imn.link(f"r{number}", "eth2", f"h{number}", "eth0", bandwidth="100000000")
    return imn


def heals(imn):
    """All hosts reach each other, also when a link of the way is broken."""
    imn.up("--wait=ping")
    first = [link["name"] for link in listing("link", "show") if "r0" in link["name"] and "h0" not in link["name"]][0]
    vnetctl("link", "down", first)
    until(lambda: " 0% packet loss" in vnetctl("exec", "h0", "ping", "-c1", "-W1", "h2", status=None).out,
          "another way", limit=60)


@case("RIP")
def rip():
    """Version 2 and ng."""
    heals(square("rip 1 ripng 1", True))


@case("OSPF")
def ospf():
    """Version 2 and 3."""
    heals(square("ospf 1 ospf6 1", True))


@case("BGP between providers")
def bgp():
    """Two hosts behind two providers, a third one between these."""
    imn = Imn()
    imn.router("isp1", "bgp 1", ["10.1.0.1/30"], ["192.0.2.1/24"])
    imn.router("core", "bgp 1", ["10.1.0.2/30"], ["10.2.0.2/30"])
    imn.router("isp2", "bgp 1", ["10.2.0.1/30"], ["198.51.100.1/24"])
    imn.host("a", "192.0.2.2/24", gateways=["192.0.2.1"])
    imn.host("b", "198.51.100.2/24", gateways=["198.51.100.1"])
    imn.link("isp1", "eth0", "core", "eth0")
    imn.link("isp2", "eth0", "core", "eth1")
    imn.link("isp1", "eth1", "a", "eth0")
    imn.link("isp2", "eth1", "b", "eth0")
    imn.up("--wait=ping")
    contains(vnetctl("exec", "isp1", "vtysh", "-c", "show ip route").out, "B>* 198.51.100.0/24")


@case("services on hosts behind switches and RIP")
def services():
    """Names, mail and web answer to a client in another network."""
    imn = Imn()
    imn.router("r0", "rip 1", ["10.0.0.1/24"], ["20.0.0.1/24"])
    imn.router("r1", "rip 1", ["10.0.0.2/24"], ["30.0.0.1/24"])
    for name, last in (("dns", 2), ("www", 3), ("mail", 4)):
        imn.host(name, f"20.0.0.{last}/24", gateways=["20.0.0.1"], kind="host")
    imn.host("pc", "30.0.0.2/24", gateways=["30.0.0.1"])
    imn.node("sw", "lanswitch", [phys(number, name="e") for number in range(4)])
    imn.link("r0", "eth0", "r1", "eth0", bandwidth="2048000", delay="2500")
    imn.link("r0", "eth1", "sw", "e0")
    imn.link("r1", "eth1", "pc", "eth0")
    for number, name in enumerate(("dns", "www", "mail")):
        imn.link(name, "eth0", "sw", f"e{number + 1}")
    imn.up("--wait=ping")
    serve = "import socket; s = socket.create_server(('', {port})); print('ready', flush=True)\n" \
            "while True:\n c, _ = s.accept(); c.sendall(b'{name}'); c.close()"
    ask = "import socket; print(socket.create_connection(('{name}', {port}), 10).recv(9).decode())"
    for name, port in (("dns", 53), ("mail", 25), ("www", 80)):
        server = start("exec", name, "python3", "-c", serve.format(name=name, port=port))
        equal(server.stdout.readline(), "ready\n")
        equal(vnetctl("exec", "pc", "python3", "-c", ask.format(name=name, port=port)).out, f"{name}\n")


@case("VLANs on switches and hosts")
def vlans():
    """Hosts of one VLAN reach each other over a trunk, those of two do not, though they have addresses of one subnet."""
    imn = Imn()
    imn.host("red", "10.0.0.20/24", "fc00::20/64")
    imn.host("blue", "10.0.0.21/24", "fc00::21/64")
    imn.node("server", "host", [
        phys(0),
        {"type": "vlan", "name": "v4", "vlan_dev": "eth0", "vlan_tag": "4", "ipv4_addrs": ["10.0.0.10/24"]},
        {"type": "vlan", "name": "v6", "vlan_dev": "eth0", "vlan_tag": "6", "ipv6_addrs": ["fc00::10/64"]},
    ])
    imn.node("sw", "lanswitch", [
        phys(0, name="e", vlan_tag="4"), phys(1, name="e", vlan_tag="6"), phys(2, name="e", vlan_type="trunk"),
    ], vlan_filtering="1")
    imn.link("red", "eth0", "sw", "e0")
    imn.link("sw", "e1", "blue", "eth0")
    imn.link("sw", "e2", "server", "eth0")
    imn.up("--wait=ping")

    def reaches(node, address):
        return vnetctl("exec", node, "ping", "-c1", "-W1", address, status=None).status == 0

    true(reaches("red", "10.0.0.10"))
    true(reaches("blue", "fc00::10"))
    equal([reaches("red", "10.0.0.21"), reaches("red", "fc00::10"), reaches("blue", "10.0.0.10")], [False] * 3)


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Devices of the machine in a lab, and translation of addresses towards them."""

import json
import subprocess

from lab import file, listing, remains, up, vnetctl
from vnettest.ktap import case, contains, defer, equal, run, true

LAB = """
name: t
addressing: {ipv6: none}
nodes:
  pc: {kind: host, gateway: gw}
  gw: {kind: router, nat: uplink, routes: [default via 192.0.2.1]}
  uplink: {kind: rj45, device: vnetout0}
links:
  - [pc, gw]
  - {ends: [{node: gw, addresses: 192.0.2.7/24}, uplink]}
"""


def ip(*args, status=0):
    """The machine's own ip; what it prints."""
    done = subprocess.run(["ip", *args], capture_output=True, text=True, check=False)
    equal(done.returncode, status, done.stderr)
    return done.stdout


def device():
    """A cable with one end for the lab; the other one has an address beyond, which knows no way back."""
    ip("link", "add", "vnetout0", "type", "veth", "peer", "name", "vnetout1")
    defer(ip, "link", "del", "vnetout1")
    ip("addr", "add", "192.0.2.1/24", "dev", "vnetout1")
    ip("addr", "add", "198.51.100.1/32", "dev", "lo")
    defer(ip, "addr", "del", "198.51.100.1/32", "dev", "lo")
    ip("link", "set", "vnetout1", "up")


def names():
    """Devices of the machine."""
    return [link["ifname"] for link in json.loads(ip("-j", "link"))]


@case("a device moves into the lab and returns")
def moved():
    """What is beyond is reached through it."""
    device()
    up(LAB)
    true("vnetout0" not in names())
    contains(vnetctl("exec", "uplink", "ip", "link", "show", "vnetout0").out, "master")
    contains(vnetctl("exec", "gw", "ping", "-c1", "-W2", "192.0.2.1").out, " 0% packet loss")
    equal(vnetctl("plan", file(LAB)).out, "nothing to change\n")
    vnetctl("down", "--all")
    true("vnetout0" in names())


@case("a router translates addresses towards the outside")
def translated():
    """The outside knows the router's address only."""
    device()
    up(LAB)
    contains(vnetctl("exec", "pc", "ping", "-c2", "-W2", "198.51.100.1").out, " 0% packet loss")
    contains(vnetctl("exec", "gw", "nft", "list", "ruleset").out, "masquerade")
    up(LAB.replace(" nat: uplink,", ""))
    contains(vnetctl("exec", "pc", "ping", "-c1", "-W1", "198.51.100.1", status=1).out, " 100% packet loss")


@case("a device returns when its node leaves the lab")
def returned():
    """The others live on."""
    device()
    up(LAB)
    before = {node["name"]: node["init"] for node in listing("ps")[0]["nodes"]}
    less = LAB.replace("  uplink: {kind: rj45, device: vnetout0}\n", "").replace(" nat: uplink,", "")
    less = less[:less.index("  - {ends")].replace(", routes: [default via 192.0.2.1]", "")
    up(less)
    true("vnetout0" in names())
    after = {node["name"]: node["init"] for node in listing("ps")[0]["nodes"]}
    equal(after["pc"], before["pc"])


FAILING = ("{kind: host, gateway: gw}", "{kind: host, gateway: gw, commands: ['false']}")


@case("a start that fails gives the device back")
def start_undone():
    """And leaves nothing else."""
    device()
    contains(up(LAB.replace(*FAILING), status=1).err, "command `false`")
    true("vnetout0" in names())
    equal(remains("t"), [])


@case("a change that fails gives the device back")
def change_undone():
    """A lab without it is what it was."""
    device()
    before = LAB[:LAB.index("  - {ends")].replace("  uplink: {kind: rj45, device: vnetout0}\n", "").replace(
        " nat: uplink, routes: [default via 192.0.2.1]", "")
    up(before)
    contains(up(LAB.replace(*FAILING), status=1).err, "command `false`")
    true("vnetout0" in names())
    equal(vnetctl("plan", file(before)).out, "nothing to change\n")


@case("a change that fails leaves device and translation in place")
def kept():
    """Packets still find their way out."""
    device()
    up(LAB)
    contains(up(LAB.replace(" nat: uplink,", "").replace(*FAILING), status=1).err, "command `false`")
    true("vnetout0" not in names())
    contains(vnetctl("exec", "pc", "ping", "-c1", "-W2", "198.51.100.1").out, " 0% packet loss")
    equal(vnetctl("plan", file(LAB)).out, "nothing to change\n")


@case("a lab can do without its devices")
def without():
    """The nodes that have them lead nowhere then, and who asked is told."""
    told = up(LAB, "--without-devices").err
    contains(told, "node uplink is without the machine's device vnetout0")
    contains(vnetctl("exec", "pc", "ping", "-c1", "-W2", "192.0.2.7").out, " 0% packet loss")
    equal(vnetctl("plan", "--without-devices", file(LAB)).out, "nothing to change\n")


@case("a device that is missing or in use is refused")
def refused():
    """With the line that asks for it; nothing is left."""
    path = file(LAB)
    contains(vnetctl("up", path, status=1).err, f"{path}:7: node uplink is to have the device vnetout0, which this machine has not got")
    device()
    ip("addr", "add", "203.0.113.1/24", "dev", "vnetout0")
    contains(vnetctl("up", path, status=1).err, "which this machine uses with the address 203.0.113.1/24")
    true("vnetout0" in names())
    equal(listing("ps"), [])


run()

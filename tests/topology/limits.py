#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What nodes are limited to, and what one at rest is."""

from lab import PLAIN, listing, up, vnetctl
from vnettest.ktap import case, contains, equal, run, true

LIMITED = """
name: t
nodes: {a: {kind: host, cpu: 50%, memory: 48MiB, pids: 20}, b: host, h: hub}
links: [[a, h], [b, h]]
"""


def command_lines():
    """What the first processes of nodes are called with."""
    lines = {}
    for node in listing("ps")[0]["nodes"]:
        with open(f"/proc/{node['init']}/cmdline", encoding="ascii") as file:
            lines[node["name"]] = file.read().split("\0")[:-1]
    return lines


@case("processor, memory and number of processes have limits")
def limits():
    """What wants too many fails, the node lives on. (That memory runs out is left out: the kernel complains of it.)"""
    up(LIMITED, "--wait=ping")
    for name, value in (("cpu.max", "50000 100000"), ("memory.max", str(48 << 20)), ("pids.max", "20")):
        with open(f"/sys/fs/cgroup/vnet/t/a/{name}", encoding="ascii") as file:
            equal(file.read(), f"{value}\n")
    many = "for i in $(seq 40); do sleep 5 & done; wait"
    contains(vnetctl("exec", "a", "sh", "-c", many, status=None).err.lower(), "fork")
    contains(vnetctl("exec", "a", "ping", "-c1", "-W2", "b").out, " 0% packet loss")
    equal({node["state"] for node in listing("ps")[0]["nodes"]}, {"running"})


@case("nodes rest until they are asked for something")
def rest():
    """Looking at them, changing their links and taking them down does not wake them."""
    up(PLAIN.format(lab="t"), "--wait=ping")
    equal(set(map(len, command_lines().values())), {1})
    up(PLAIN.format(lab="t").replace("1ms", "2ms"))
    vnetctl("inspect")
    vnetctl("route", "show")
    equal(set(map(len, command_lines().values())), {1})
    equal(vnetctl("exec", "b", "cat", "/etc/hostname").out, "b\n")
    lines = command_lines()
    equal([len(lines[name]) for name in "abc"], [1, 2, 1])
    true(vnetctl("exec", "b", "ls", "/sys/class/net").out.split(), "interfaces in /sys")


run()

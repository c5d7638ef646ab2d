#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures in a guest how long large labs take and how much memory they need.

usage: scale.py [iproute2] [memory] [kdl FILE] [nodes NUMBER]
Prints a flat JSON object a line: metric, value, unit and what it was measured with.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time

NODES, LINKS = 1000, 2000


def tell(metric, value, unit, **more):
    """One result."""
    print(json.dumps({"metric": metric, "value": value, "unit": unit, **more}), flush=True)


def edges(nodes, links):
    """A connected random graph, the same each time."""
    dice = random.Random(1)
    found = {(dice.randrange(node), node) for node in range(1, nodes)}
    while len(found) < links:
        found.add(tuple(sorted(dice.sample(range(nodes), 2))))
    return sorted(found)


def timed(*command):
    """Runs a command; seconds."""
    begin = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr}")
    return round(time.monotonic() - begin, 3)


def meminfo():
    """The fields of /proc/meminfo in bytes."""
    with open("/proc/meminfo", encoding="ascii") as file:
        return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file}


def settle():
    """Waits until the kernel has taken down all namespaces, which a worker of its does when those who removed them have
    gone on. The name of a worker shows with a plus what it is at."""
    quiet = 0
    while quiet < 5:
        time.sleep(0.2)
        comms = subprocess.run(["ps", "-eo", "comm="], capture_output=True, text=True, check=True).stdout
        quiet = 0 if "+netns" in comms else quiet + 1


def topology(directory, nodes, pairs, addresses=True, link=""):
    """A file with these nodes and links."""
    path = os.path.join(directory, "bench.yaml")
    with open(path, "w", encoding="utf-8") as file:
        print("name: bench", file=file)
        if not addresses:
            print("addressing: {ipv4: none, ipv6: none}", file=file)
        print("defaults: {node: {routing: none}}\nnodes:", file=file)
        for node in range(nodes):
            print(f"  n{node}: host", file=file)
        print("links:" if pairs else "", file=file)
        for one, other in pairs:
            print(f"  - {{ends: [n{one}, n{other}]{link}}}", file=file)
    return path


def vnetctl(directory, nodes, links):
    """A lab with addresses of both families and no routes, up and down."""
    path = topology(directory, nodes, edges(nodes, links), link=", delay: 5ms, rate: 100mbit")
    up = timed("vnetctl", "--kernel=host", "up", path)
    down = timed("vnetctl", "--kernel=host", "down", "--all")
    settle()
    return up, down


def script(directory, nodes, links):
    """The same with iproute2 and tc: one `ip -batch` for all that can be done from outside, and in each namespace one
    for what cannot, and one `tc -batch` for the delay and rate."""
    outside, inside, shaping = [], [[] for _ in range(nodes)], [[] for _ in range(nodes)]
    outside += [f"netns add n{node}" for node in range(nodes)]
    for number, (one, other) in enumerate(edges(nodes, links)):
        first, second = f"e{number}a", f"e{number}b"
        outside.append(f"link add {first} netns n{one} type veth peer name {second} netns n{other}")
        for node, name, last in ((one, first, 1), (other, second, 2)):
            inside[node] += [
                f"addr add 10.{number >> 8}.{number & 255}.{last}/24 dev {name}",
                f"addr add fd00:{number:x}::{last}/64 dev {name} nodad",
                f"link set {name} up",
            ]
            shaping[node].append(f"qdisc add dev {name} root netem delay 5ms rate 100mbit limit 1000")
    for node in range(nodes):
        inside[node].append("link set lo up")
        for kind, lines in (("ip", inside[node]), ("tc", shaping[node])):
            with open(f"{directory}/{kind}{node}", "w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
    with open(f"{directory}/outside", "w", encoding="utf-8") as file:
        file.write("\n".join(outside) + "\n")
    lines = ["#!/bin/sh -e", f"ip -batch {directory}/outside"]
    for node in range(nodes):
        lines.append(f"ip -n n{node} -batch {directory}/ip{node}")
        if shaping[node]:
            lines.append(f"tc -n n{node} -batch {directory}/tc{node}")
    with open(f"{directory}/script", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    up = timed("sh", f"{directory}/script")
    with open(f"{directory}/remove", "w", encoding="utf-8") as file:
        file.write("".join(f"netns del n{node}\n" for node in range(nodes)))
    down = timed("ip", "-batch", f"{directory}/remove")
    settle()
    return up, down


def batch_alone(nodes, links):
    """Seconds that `ip -batch` takes for as many namespaces and veth pairs alone: what the machine can do."""
    names, pairs = [f"n{node}" for node in range(nodes)], range(links)

    def batch(lines):
        begin = time.monotonic()
        subprocess.run(["ip", "-batch", "-"], input="\n".join(lines) + "\n", text=True, check=True)
        return time.monotonic() - begin

    taken = batch(f"netns add {name}" for name in names)
    taken += batch(f"link add e{pair}a type veth peer name e{pair}b" for pair in pairs)
    batch(f"link del e{pair}a" for pair in pairs)
    batch(f"netns del {name}" for name in names)
    settle()
    return round(taken, 3)


def used():
    """Bytes of memory in use that cannot be dropped, once what is freed with delay is free."""
    for _ in range(5):
        time.sleep(0.5)
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
            file.write("3")
    fields = meminfo()
    return fields["MemTotal"] - fields["MemFree"] - fields["Cached"]


def memory(directory, nodes=400):
    """Kernel memory of a node with two ends of links beyond that of the same node with two ends of veth pairs."""
    pairs = [(node, (node + 1) % nodes) for node in range(nodes)]
    bare = topology(directory, nodes, [], addresses=False)

    def up_all():
        for node in range(nodes):
            names = [f"e{number}{side}" for number, pair in enumerate(pairs)
                     for side, end in zip("ab", pair) if end == node]
            subprocess.run(["ip", "-n", f"bench-n{node}", "-batch", "-"], check=True, text=True,
                           input="link set lo up\n" + "".join(f"link set {name} up\n" for name in names))

    # Once without measuring, so that caches have their size.
    for what in ("warm", "veth", "vnet"):
        before = used()
        if what == "vnet":
            timed("vnetctl", "--kernel=host", "up", topology(directory, nodes, pairs, addresses=False))
        else:
            timed("vnetctl", "--kernel=host", "up", bare)
            subprocess.run(["ip", "-batch", "-"], check=True, text=True, input="".join(
                f"link add e{number}a netns bench-n{one} type veth peer name e{number}b netns bench-n{other}\n"
                for number, (one, other) in enumerate(pairs)))
            up_all()
        taken = (used() - before) / nodes
        if what == "veth":
            plain = taken
            tell("node_veth_bytes", round(plain), "bytes", nodes=nodes)
        if what == "vnet":
            tell("node_vnet_bytes", round(taken), "bytes", nodes=nodes)
            tell("node_extra_bytes", round(taken - plain), "bytes", nodes=nodes)
        timed("vnetctl", "--kernel=host", "down", "--all")
        settle()


def kdl(path):
    """A real network of 754 routers with static routes."""
    tell("kdl_compile_s", timed("vnetctl", "check", path), "s")
    tell("kdl_setup_s", timed("vnetctl", "--kernel=host", "up", path), "s")
    count = subprocess.run(["vnetctl", "--kernel=host", "route", "show", "--json"], capture_output=True, check=True)
    tell("kdl_routes", len(json.loads(count.stdout)), "routes")
    tell("kdl_down_s", timed("vnetctl", "--kernel=host", "down", "--all"), "s")


def main():
    """What is asked for, each in a directory of its own."""
    wanted = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        while wanted:
            what = wanted.pop(0)
            if what == "iproute2":
                # Memory that a guest has not used yet is slow the first time, so each runs once before it counts.
                results = {}
                for turn in range(2):
                    results["iproute2"] = script(directory, NODES, LINKS)
                    results["vnetctl"] = vnetctl(directory, NODES, LINKS)
                    results["batch"] = batch_alone(NODES, LINKS)
                (theirs, theirs_down), (ours, ours_down) = results["iproute2"], results["vnetctl"]
                tell("setup_1000_s", ours, "s", nodes=NODES, links=LINKS)
                tell("down_1000_s", ours_down, "s", nodes=NODES, links=LINKS)
                tell("setup_1000_iproute2_s", theirs, "s", nodes=NODES, links=LINKS)
                tell("down_1000_iproute2_s", theirs_down, "s", nodes=NODES, links=LINKS)
                tell("setup_1000_vs_iproute2", round(ours / theirs, 3), "ratio")
                tell("setup_1000_batch_s", results["batch"], "s", nodes=NODES, links=LINKS)
            elif what == "memory":
                memory(directory)
            elif what == "kdl":
                kdl(wanted.pop(0))
            elif what == "nodes":
                nodes = int(wanted.pop(0))
                up, down = vnetctl(directory, nodes, 2 * nodes)
                tell(f"setup_{nodes}_s", up, "s", nodes=nodes, links=2 * nodes)
                tell(f"down_{nodes}_s", down, "s", nodes=nodes, links=2 * nodes)
            else:
                sys.exit(f"scale.py: unknown {what}")


main()

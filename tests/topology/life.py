#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A lab from its beginning to its end."""

import os
import subprocess

from lab import PLAIN, file, listing, remains, start, until, up, vnetctl
from vnettest.ktap import case, contains, defer, equal, run, timely, true


@case("a lab comes up and hosts reach each other")
def comes_up():
    """Nodes, links, addresses, names."""
    up(PLAIN.format(lab="t"), "--wait=ping")
    [lab] = listing("ps")
    equal([node["name"] for node in lab["nodes"]], ["a", "b", "c"])
    equal({node["state"] for node in lab["nodes"]}, {"running"})
    equal([link["name"] for link in listing("link", "show")], ["a-b", "b-c"])
    contains(vnetctl("exec", "a", "ping", "-c1", "-W2", "c").out, " 0% packet loss")
    equal([instance["name"] for instance in listing("instance", "show")], ["a", "b", "c"])


@case("a node has its own name, processes and files")
def node():
    """And ip netns sees it."""
    up(PLAIN.format(lab="t"))
    equal(vnetctl("exec", "a", "hostname").out, "a\n")
    equal(vnetctl("exec", "a", "cat", "/etc/hostname").out, "a\n")
    equal(vnetctl("exec", "a", "ls", "/run", "/tmp").out, "/run:\n\n/tmp:\n")
    vnetctl("exec", "a", "touch", "/tmp/mine", "/run/mine")
    equal(vnetctl("exec", "b", "ls", "/run", "/tmp").out, "/run:\n\n/tmp:\n")
    equal(vnetctl("exec", "a", "ps", "-o", "comm=", "1").out.strip(), "vnet-init")
    equal(vnetctl("exec", "a", "cat", "/proc/self/cgroup").out, "0::/vnet/t/a\n")
    with open("/proc/filesystems", encoding="ascii") as known:
        if "\tbpf\n" in known.read():
            # For ip and tc, which pin there what they load.
            equal(vnetctl("exec", "a", "stat", "-f", "-c", "%T", "/sys/fs/bpf").out, "bpf_fs\n")
            vnetctl("exec", "a", "mkdir", "/sys/fs/bpf/tc")
            equal(vnetctl("exec", "b", "ls", "/sys/fs/bpf").out, "")
    names = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout
    for name in ("t-a", "t-b", "t-c"):
        contains(names, name)


@case("files beside those that nodes have for themselves")
def files():
    """A new one leaves the others as they are, in whatever order."""
    up("""
name: t
nodes:
  a:
    files: {/etc/motd.d/x: "one\\n", /etc/passwd: "root:x:0:0:root:/root:/bin/sh\\n", "/etc/new one": "two\\n"}
  b: host
links: [[a, b]]
""")
    contains(vnetctl("exec", "a", "cat", "/etc/hosts").out, " b\n")
    equal(vnetctl("exec", "a", "cat", "/etc/hostname", "/etc/motd.d/x", "/etc/new one").out, "a\none\ntwo\n")
    equal(vnetctl("exec", "a", "cat", "/etc/passwd").out, "root:x:0:0:root:/root:/bin/sh\n")
    contains(vnetctl("exec", "b", "cat", "/etc/passwd").out, "daemon")


@case("bringing a lab up twice changes nothing")
def twice():
    """And says so."""
    text = PLAIN.format(lab="t")
    up(text)
    before = [node["init"] for node in listing("ps")[0]["nodes"]]
    contains(up(text).out, "nothing to change")
    equal([node["init"] for node in listing("ps")[0]["nodes"]], before)


@case("down removes everything, and is no error without a lab")
def down():
    """Names, processes, groups, files."""
    up(PLAIN.format(lab="t"))
    true(remains("t"))
    contains(vnetctl("down").out, "lab t is down")
    equal(remains("t"), [])
    contains(vnetctl("down").out, "no lab is up")
    contains(vnetctl("down", "-l", "t").out, "lab t is not up")


@case("two labs are told apart")
def two():
    """By -l, and by all other commands' wish for it."""
    up(PLAIN.format(lab="one"))
    up(PLAIN.format(lab="two"))
    equal([lab["lab"] for lab in listing("ps")], ["one", "two"])
    contains(vnetctl("exec", "a", "true", status=125).err, "up: one, two")
    vnetctl("-l", "one", "exec", "a", "true")
    vnetctl("-l", "one", "down")
    equal([name for name in remains("one") if not name.startswith("process")], [])
    equal([lab["lab"] for lab in listing("ps")], ["two"])


@case("switch nodes bridge")
def switch():
    """Hosts on one switch are in one network."""
    up("""
name: t
nodes: {s: switch, a: host, b: host, c: host}
links:
  - [a, s]
  - [b, s]
  - [c, s]
""", "--wait=ping")
    contains(vnetctl("exec", "a", "ping", "-c1", "-W2", "b").out, " 0% packet loss")


@case("the longest names that a file can have")
def longest():
    """Of labs, nodes and media; links that are named after such nodes; blocks."""
    a, b, medium, block = (letter * 63 for letter in "abmc")
    text = f"""
name: {"l" * 32}
nodes: {{{a}: host, {b}: host}}
links:
  - [{a}, {b}]
  - [{a}, {b}]
media: {{{medium}: {{ports: ["{a}:m0", {b}]}}}}
chains: {{{a}: "m0:wire -> counter {block} -> m0:host"}}
"""
    up(text, "--wait=ping")
    names = {link["name"] for link in listing("link", "show")}
    equal([len(name) for name in names], [63, 63])
    vnetctl("link", "set", names.pop(), "delay", "1ms")
    vnetctl("exec", b, "ping", "-c1", "-W2", a)


@case("a link is as fast and as slow as it says")
def figures():
    """link set changes what is named and nothing else."""
    up(PLAIN.format(lab="t"), "--wait=ping")
    vnetctl("link", "set", "a-b", "delay", "30ms")
    [link] = listing("link", "show", "a-b")
    equal([d["configured"]["delay"] for d in link["directions"]], [30_000_000] * 2)
    equal([d["configured"]["rate"] for d in link["directions"]], [10_000_000] * 2)
    times = vnetctl("exec", "a", "ping", "-c3", "-i0.2", "c").out.splitlines()[-1].split("/")
    timely(float(times[3].split()[-1]) * 10**6, 60 * 10**6, 90 * 10**6, "round trip")
    vnetctl("link", "set", "a-b", "--from", "b", "rate=1mbit")
    [link] = listing("link", "show", "a-b")
    equal([d["configured"]["rate"] for d in link["directions"]], [10_000_000, 1_000_000])


@case("what a start that was killed has left is removed")
def killed():
    """By the next start, and by down."""
    text = PLAIN.format(lab="t").replace("a: host", "a: {kind: host, commands: [sleep 100]}")
    defer(vnetctl, "down", "--all")
    for cure in ("up", "down"):
        process = start("up", file(text))
        until(lambda: os.path.exists("/run/vnet/t/nodes/a/log/command-1.log"), "the command starts")
        process.kill()
        process.wait()
        true(remains("t"))
        if cure == "up":
            contains(up(PLAIN.format(lab="t")).err, "interrupted start")
            vnetctl("exec", "a", "true")
        vnetctl("down", "-l", "t")
        equal(remains("t"), [])


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""200 nodes come up and go down, and nothing is left of them."""

import os
import time

from vnettest.ktap import Skip, between, case, note, run, true
from vnettest.links import MBIT, MS, SLOW
from vnettest.netns import NetNS, wait_up
from vnettest.packets import Sender, Sink
from vnettest.ynl import Family

NODES = 50 if SLOW else 200


def slab(name):
    """Objects in use of a slab cache, without those that are kept for reuse."""
    shrink = f"/sys/kernel/slab/{name}/shrink"
    if os.path.exists(shrink):
        with open(shrink, "w", encoding="ascii") as file:
            file.write("1")
    try:
        with open("/proc/slabinfo", encoding="ascii") as file:
            for line in file:
                words = line.split()
                if words[0] == name:
                    return int(words[1])
    except FileNotFoundError:
        pass
    return None


def meminfo(name):
    """A figure of /proc/meminfo, in kB."""
    with open("/proc/meminfo", encoding="ascii") as file:
        for line in file:
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return None


def up():
    """A ring of nodes, each an instance with two links; their namespaces."""
    family = Family()
    nodes = [NetNS() for _ in range(NODES)]
    for number, node in enumerate(nodes):
        family.do("instance-new", {"netns-fd": node.fd, "name": f"n{number}", "lab": "ring"})
    for number, node in enumerate(nodes):
        following = nodes[(number + 1) % NODES]
        tx = {"rate": 100 * MBIT, "delay": MS}
        family.do("link-new", {"name": f"l{number}", "lab": "ring",
                               "end-a": {"netns-fd": node.fd, "ifname": "east", "tx": tx},
                               "end-b": {"netns-fd": following.fd, "ifname": "west", "tx": tx}})
    for node in nodes:
        node.run(["ip", "-batch", "-"], text="link set dev east up\nlink set dev west up\n")
    family.close()
    return nodes


def use(nodes):
    """Some frames over each link."""
    for number in range(0, NODES, 7):
        following = nodes[(number + 1) % NODES]
        wait_up(nodes[number], "east")
        with following:
            sink = Sink("west")
        with nodes[number]:
            sender = Sender("east")
        sender.send(500, 3)
        sink.collect(3)
        sender.close()
        sink.close()


def down(nodes):
    """They end; waits until the kernel has no trace of them."""
    for node in nodes:
        node.close()
    family, end = Family(), time.monotonic() + 60
    while family.dump("link-get")[0] or family.dump("instance-get")[0]:
        true(time.monotonic() < end, "the nodes are gone in time")
        time.sleep(0.02)
    family.close()


def settle():
    """Waits until namespaces that have ended are freed, and shrinks what is kept for reuse.

    The kernel takes them apart in batches, one batch after the other, and frees a batch when it
    has taken apart the next one: net_complete_free() in net/core/net_namespace.c.
    """
    for _ in range(2):
        last, family = NetNS(), Family()
        family.do("instance-new", netns_fd=last.fd)
        family.close()
        down([last])
    if os.path.exists("/proc/sys/vm/drop_caches"):
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as file:
            file.write("3")


@case(f"{NODES} nodes, three times")
def ring():
    """Memory does not grow from the second time to the third."""
    settle()
    before, used = slab("net_namespace"), []
    for round_ in range(3):
        begin = time.monotonic()
        nodes = up()
        made = time.monotonic()
        use(nodes)
        used_at = time.monotonic()
        down(nodes)
        settle()
        used.append(meminfo("Slab") + meminfo("Percpu"))
        note(f"round {round_}: up {made - begin:.2f} s, used {used_at - made:.2f} s, "
             f"down {time.monotonic() - used_at:.2f} s; slab {used[-1]} kB, "
             f"{slab('net_namespace')} namespaces")
    if before is not None:
        between(slab("net_namespace"), 0, before + 1, "namespaces left")
    # 200 nodes take some 50 MB, of which the allocator keeps some MB in pieces. Single objects
    # are what kmemleak looks for, in uml-debug.
    between(used[2] - used[1], -10**9, 12000, "growth in kB")


@case("the module's use count is what it was")
def references():
    """Nothing holds the module when all is gone."""
    if not os.path.exists("/sys/module/vnet/refcnt"):
        raise Skip("modules cannot be removed here")
    with open("/sys/module/vnet/refcnt", encoding="ascii") as file:
        count = int(file.read())
    between(count, 0, 0, "use count")


run()

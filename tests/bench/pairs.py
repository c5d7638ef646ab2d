# SPDX-License-Identifier: GPL-2.0
"""What is compared: a link of ours, and veth pairs as an expert sets them up."""

import json

from vnettest.ktap import defer
from vnettest.links import Link
from vnettest.netns import NetNS, run, wait_up

NETEM_LIMIT = 10000


class Ours:
    """One of our links; parameters as for vnettest's Link."""

    kind = "vnet"

    def __init__(self, ns_a=None, ns_b=None, **parameters):
        self.link = Link(ns_a=ns_a, ns_b=ns_b, **parameters)
        self.ns = self.link.ns


class Veth:
    """A veth pair; with `netem`, both ends have that qdisc."""

    kind = "veth"

    def __init__(self, ns_a=None, ns_b=None, netem=""):
        self.ns = {"a": ns_a or NetNS(), "b": ns_b or NetNS()}
        for module in ("veth",) + (("sch_netem",) if netem else ()):
            run(f"modprobe -q {module}", check=False)
        self.ns["a"].run(["ip", "link", "add", "name", "a", "type", "veth", "peer", "name", "b",
                          "netns", f"/proc/self/fd/{self.ns['b'].inheritable()}"])
        defer(self.delete)
        for end, ns in self.ns.items():
            if netem:
                ns.run(f"tc qdisc replace dev {end} root netem {netem} limit {NETEM_LIMIT}")
            ns.run(f"ip link set dev {end} up")
        for end, ns in self.ns.items():
            wait_up(ns, end)

    def delete(self):
        """Removes it."""
        if self.ns["a"].fd is not None:
            self.ns["a"].run("ip link del dev a", check=False)


def address(ns, device):
    """The Ethernet address of a device."""
    return json.loads(ns.run(f"ip -j link show dev {device}"))[0]["address"]

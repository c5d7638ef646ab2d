#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`ip link` with its plug-in for links: add, set, show, and what it refuses."""

import json
import os

from vnettest.ktap import Failure, case, contains, defer, equal, run, true
from vnettest.links import MS, US
from vnettest.netns import NetNS, run as command, wait_up
from vnettest.packets import Sender, Sink

PLUGIN = "/usr/lib/x86_64-linux-gnu/ip/link_vnet.so"
NOTHING = {"rate": 0, "delay": 0, "overhead": 24, "queue-packets": 0, "queue-bytes": 0,
           "queue-time": 0, "line-packets": 0, "line-bytes": 0, "whole-time": 100 * US}


class Pair:
    """Two namespaces that `ip` knows by name, removed with all that is in them."""

    def __init__(self):
        if not os.path.exists(PLUGIN):
            raise Failure("the plug-in is not installed")
        for name in ("P", "Q"):
            command(f"ip netns add {name}")
            defer(command, f"ip netns del {name}")
            command(f"ip netns exec {name} sysctl -qw net.ipv6.conf.default.disable_ipv6=1")

    @staticmethod
    def ip(words, check=True):
        """Runs `ip` in the first namespace."""
        return command(f"ip -n P {words}", check)

    def show(self, device, ns="P"):
        """What `ip` shows of a link, from its JSON."""
        text = command(f"ip -n {ns} -j -s -d link show dev {device}")
        return json.loads(text)[0]

    def data(self, device, ns="P"):
        """The link's own part of that."""
        return self.show(device, ns)["linkinfo"]["info_data"]


@case("a link with nothing said has the defaults")
def defaults():
    """And its peer is like it."""
    pair = Pair()
    pair.ip("link add va type vnet peer name vb")
    data = pair.data("va")
    equal((data["tx"], data["rx"]), (NOTHING, NOTHING))
    equal(data["connected"], True)
    equal(data["seed"], 0)
    true("name" not in data and "lab" not in data)
    equal(pair.show("vb")["mtu"], 1500)
    equal(pair.data("vb")["id"], data["id"])


@case("without names the kernel chooses them")
def names():
    """Both ends."""
    pair = Pair()
    pair.ip("link add type vnet")
    shown = json.loads(pair.ip("-j link show type vnet"))
    equal([device["ifname"] for device in shown], ["vnet0", "vnet1"])


@case("everything can be said")
def everything():
    """For both directions, for one, for the peer."""
    pair = Pair()
    pair.ip("link add va mtu 1400 address 02:00:00:00:00:0a type vnet"
            " name wan lab home seed 0x123456789abcdef disconnected"
            " rate 10mbit delay 5ms overhead 10 limit 50 whole-time 0"
            " tx limit-bytes 5000 limit-time 1.5ms"
            " rx delay 20us line-limit 7 line-limit-bytes 8000"
            " peer name vb netns Q mtu 1300 address 02:00:00:00:00:0b")
    data, both = pair.data("va"), {**NOTHING, "rate": 10**7, "delay": 5 * MS, "overhead": 10,
                                   "queue-packets": 50, "whole-time": 0}
    equal(data["tx"], {**both, "queue-bytes": 5000, "queue-time": 1500 * US})
    equal(data["rx"], {**both, "delay": 20 * US, "line-packets": 7, "line-bytes": 8000})
    equal((data["name"], data["lab"], data["seed"], data["connected"]),
          ("wan", "home", 0x123456789abcdef, False))
    other = pair.data("vb", "Q")
    equal((other["tx"], other["rx"]), (data["rx"], data["tx"]))
    a, b = pair.show("va"), pair.show("vb", "Q")
    equal((a["mtu"], a["address"]), (1400, "02:00:00:00:00:0a"))
    equal((b["mtu"], b["address"]), (1300, "02:00:00:00:00:0b"))


@case("a change changes only what is named")
def change():
    """In both directions, or in one."""
    pair = Pair()
    pair.ip("link add va type vnet rate 10mbit delay 5ms limit 50 peer name vb")
    wanted = pair.data("va")
    pair.ip("link set va type vnet delay 7ms")
    wanted["tx"]["delay"] = wanted["rx"]["delay"] = 7 * MS
    equal(pair.data("va"), wanted)
    pair.ip("link set va type vnet tx rate 20mbit rx rate unlimited limit 0")
    wanted["tx"]["rate"], wanted["rx"]["rate"], wanted["rx"]["queue-packets"] = 20 * 10**6, 0, 0
    equal(pair.data("va"), wanted)
    pair.ip("link set va type vnet name other disconnected")
    wanted["name"], wanted["connected"] = "other", False
    equal(pair.data("va"), wanted)


@case("what is shown can be typed")
def round_trip():
    """The words of a direction make the same direction."""
    pair = Pair()
    pair.ip("link add va type vnet rate 12345678bit delay 1234567ns overhead 3 limit 5"
            " limit-bytes 66 limit-time 77us line-limit 8 line-limit-bytes 99 whole-time 5us"
            " peer name vb")
    text = pair.ip("-d link show dev va")
    words = text.split("\n      tx ")[1].split("\n")[0]
    contains(words, "rate 12345678bit")
    contains(words, "delay 1234567ns")
    pair.ip(f"link add vc type vnet {words} peer name vd")
    equal(pair.data("vc")["tx"], pair.data("va")["tx"])


@case("units", ("1tbit", None), ("400gbit", 400 * 10**9), ("1.5mbit", 1500000),
      ("9600", 9600), ("1kibit", 1024), ("2mbps", 16 * 10**6), ("0.1bit", None),
      ("-1mbit", None), ("1zbit", None), ("nan", None))
def units(unit):
    """Rates in all the units that tc knows; nothing is rounded."""
    pair = Pair()
    done = pair.ip(f"link add va type vnet rate {unit[0]} peer name vb", check=False)
    equal(done.returncode == 0, unit[1] is not None, done.stderr)
    if unit[1] is not None:
        equal(pair.data("va")["tx"]["rate"], unit[1])


@case("a refusal says why", ("delay 5", "not a time"), ("delay 5m", "not a time"),
      ("limit 5x", "not a number"), ("limit -1", "not a number"), ("overhead 0.5", "not a number"),
      ("rate", "required"), ("colour red", "unknown option"), ("seed x", "not a number"),
      ("delay 101s", "out of range"), ("rate 500gbit", "out of range"),
      ("rate 99bit", "rate is below 100 bit/s"), ("overhead 1001", "out of range"))
def refusals(words):
    """By the plug-in or by the kernel; nothing is made."""
    pair = Pair()
    done = pair.ip(f"link add va type vnet {words[0]}", check=False)
    true(done.returncode != 0)
    contains(done.stderr, words[1])
    equal(pair.ip("-j link show type vnet").strip(), "[]")


@case("counters are shown with what was lost, by cause")
def counters():
    """With -s only."""
    pair = Pair()
    pair.ip("link add va type vnet rate 20kbit tx limit 2 peer name vb netns Q")
    pair.ip("link set dev va up")
    command("ip -n Q link set dev vb up")
    ns_p, ns_q = NetNS.named("P"), NetNS.named("Q")
    wait_up(ns_p, "va")
    with ns_q:
        sink = Sink("vb")
    with ns_p:
        sender = Sender("va")
    sender.send(1000, 10)
    stats = pair.data("va")["tx-stats"]
    equal(stats["drops"], [{"cause": "queue-packets", "frames": 7, "bytes": 7000}])
    equal((stats["sent-frames"], stats["queued-frames"]), (10, 3))
    text = pair.ip("-s -d link show dev va")
    contains(text, "dropped queue-packets 7 frames 7000 bytes")
    true("dropped queue" not in pair.ip("-d link show dev va"))
    pair.ip("link set va type vnet rate unlimited")
    sink.collect(3)
    equal(pair.data("vb", "Q")["rx-stats"]["delivered-frames"], 3)
    equal(pair.data("vb", "Q")["tx-stats"]["sent-frames"], 0)


run()

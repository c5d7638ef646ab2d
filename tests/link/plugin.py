#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`ip link` with its plug-in for links: add, set, show, and what it refuses."""

import json
import os
import re

from vnettest.ktap import Failure, case, contains, defer, equal, raises, run, true
from vnettest.links import MS, S, US
from vnettest.netlink import NetlinkError
from vnettest.netns import NetNS, run as command, wait_up
from vnettest.packets import Sender, Sink
from vnettest.ynl import Family

PLUGIN = "/usr/lib/x86_64-linux-gnu/ip/link_vnet.so"
# Of the parts in which the kernel counts probabilities.
PERCENT = 10**17
FIFO = {"kind": "fifo", "drop": "tail"}
NOTHING = {"rate": 0, "delay": 0, "overhead": 24, "queue-packets": 0, "queue-bytes": 0,
           "queue-time": 0, "line-packets": 0, "line-bytes": 0, "whole-time": 100 * US}


class Pair:
    """Two namespaces that `ip` knows by name, the same for all cases; the links go with the case."""

    names = ("P", "Q")
    made = False

    def __init__(self):
        if not os.path.exists(PLUGIN):
            raise Failure("the plug-in is not installed")
        if not Pair.made:
            for name in Pair.names:
                command(f"ip netns add {name}")
                command(f"ip netns exec {name} sysctl -qw net.ipv6.conf.default.disable_ipv6=1")
            Pair.made = True
        self.family = Family()
        defer(self.family.close)
        defer(self.clear)

    def clear(self):
        """Removes all links."""
        for link in self.family.dump("link-get")[0]:
            self.family.do("link-del", id=link["id"])

    @classmethod
    def end(cls):
        """Removes the namespaces."""
        for name in cls.names:
            command(f"ip netns del {name}", check=Pair.made)

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
    equal(data["seed"], seed_of("va", "vb"))
    true("name" not in data and "lab" not in data)
    equal(pair.show("vb")["mtu"], 1500)
    equal(pair.data("vb")["id"], data["id"])


def seed_of(*names):
    """The seed that follows from names, as in kmod/model/random.rs."""
    value = 0xCBF29CE484222325
    for byte in b"".join(name.encode() + b"\0" for name in names):
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


@case("a link that is given no seed has one by its names")
def seeds():
    """By lab and link, or else by those of its devices; where the kernel chooses them, any."""
    pair = Pair()
    found = []
    for what in ("va type vnet peer name vb", "vc type vnet peer name vd",
                 "ve type vnet name lan peer name vf", "vg type vnet seed 0 peer name vh"):
        pair.ip(f"link add {what}")
        found.append(pair.data(what[:2])["seed"])
    equal(found, [seed_of("va", "vb"), seed_of("vc", "vd"), seed_of("", "lan"), 0])
    equal(pair.data("vb")["seed"], found[0])
    pair.ip("link add type vnet")
    pair.ip("link add type vnet")
    true(pair.data("vnet0")["seed"] != pair.data("vnet2")["seed"], "each its own")


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


@case("what the wire does can be said", (
    "loss 1%", {"loss": PERCENT}), (
    "loss 0.25 ber 1e-15", {"loss": 25 * PERCENT, "ber": 10**4}), (
    "duplicate 0.1% corrupt 33.3333333333333333%",
    {"duplicate": PERCENT // 10, "corrupt": 333333333333333333 * 10}), (
    "gemodel 1%", {"loss-gilbert-elliott": {"p": PERCENT, "r": 99 * PERCENT, "h": 0,
                                            "k": 100 * PERCENT}}), (
    "gemodel 1% 25% 10% 99%", {"loss-gilbert-elliott": {"p": PERCENT, "r": 25 * PERCENT,
                                                        "h": 10 * PERCENT, "k": 99 * PERCENT}}), (
    "delay 20ms jitter 5ms", {"delay": 20 * MS, "jitter": 5 * MS, "jitter-distribution": "uniform",
                              "jitter-order": "keep"}), (
    "delay 20ms jitter 5ms distribution pareto-normal correlation 25% order free",
    {"delay": 20 * MS, "jitter": 5 * MS, "jitter-distribution": "pareto-normal",
     "jitter-correlation": 25 * PERCENT, "jitter-order": "free"}), (
    "delay 20ms reorder 2%", {"delay": 20 * MS, "reorder": 2 * PERCENT}), (
    "delay 20ms reorder-every 50", {"delay": 20 * MS, "reorder-every": 50}))
def effects(row):
    """It arrives, and what is shown makes the same when it is typed."""
    words, wanted = row
    pair = Pair()
    pair.ip(f"link add va type vnet {words} peer name vb")
    data = pair.data("va")
    for name, value in wanted.items():
        equal(data["tx"][name], value, name)
    equal(data["rx"], data["tx"])
    shown = pair.ip("-d link show dev va").split("\n      tx ")[1].split("\n")[0]
    pair.ip(f"link add vc type vnet {shown} peer name vd")
    equal(pair.data("vc")["tx"], data["tx"])


@case("queue disciplines can be said", (
    "queue wfq weights 46:10,34:5 flows 64",
    {"kind": "wfq", "flows": 64, "class": [{"dscp": 34, "weight": 5}, {"dscp": 46, "weight": 10}]}), (
    "queue drr quantum 3000 drop head", {"kind": "drr", "quantum": 3000, "drop": "head"}), (
    "queue red min 30000 max 90000 probability 10% weight 8 gentle off ecn on",
    {"kind": "red", "min-bytes": 30000, "max-bytes": 90000, "probability": 10 * PERCENT,
     "weight": 8, "gentle": 0, "ecn": 1}), (
    "queue codel target 2ms interval 20ms floor 3000 ecn on",
    {"kind": "codel", "target": 2 * MS, "interval": 20 * MS, "floor": 3000, "ecn": 1}), (
    "queue pie target 20ms interval 30ms alpha 4 beta 24",
    {"kind": "pie", "target": 20 * MS, "interval": 30 * MS, "alpha": 4, "beta": 24}), (
    "queue fq-codel flows 32 quantum 600 target 3ms",
    {"kind": "fq-codel", "flows": 32, "quantum": 600, "target": 3 * MS}), (
    "queue device", {"kind": "device"}), (
    "queue fifo drop head", {"kind": "fifo", "drop": "head"}))
def disciplines(row):
    """With their parameters; what is shown can be typed here, too."""
    words, wanted = row
    pair = Pair()
    pair.ip(f"link add va type vnet rate 10mbit {words} limit 70 peer name vb")
    data = pair.data("va")
    queueing = data["tx"]["queueing"]
    for name, value in wanted.items():
        if name == "class":
            key = lambda entry: entry["dscp"]
            equal(sorted(queueing[name], key=key), value, name)
        else:
            equal(queueing[name], value, name)
    equal(data["tx"]["queue-packets"], 70)
    shown = pair.ip("-d link show dev va").split("\n      tx ")[1].split("\n")[0]
    pair.ip(f"link add vc type vnet {shown} peer name vd")
    equal(pair.data("vc")["tx"], data["tx"])


@case("what the wire does changes alone, and goes")
def effects_change():
    """All else stays; 0 and none switch off."""
    pair = Pair()
    pair.ip("link add va type vnet rate 10mbit delay 20ms loss 1% gemodel 2% 50% jitter 5ms"
            " queue codel target 2ms peer name vb")
    wanted = pair.data("va")
    pair.ip("link set va type vnet tx jitter 6ms")
    wanted["tx"]["jitter"] = 6 * MS
    equal(pair.data("va"), wanted)
    pair.ip("link set va type vnet queue target 3ms")
    wanted["tx"]["queueing"]["target"] = wanted["rx"]["queueing"]["target"] = 3 * MS
    equal(pair.data("va"), wanted)
    pair.ip("link set va type vnet rate unlimited delay 0 loss 0 gemodel none jitter 0 queue fifo")
    equal((pair.data("va")["tx"], pair.data("va")["rx"]), (NOTHING, NOTHING))


@case("a four-state loss and a pattern are named")
def others():
    """They are too long for a line; nothing hides that they are there."""
    pair = Pair()
    pair.ip("link add va type vnet peer name vb")
    family = Family()
    defer(family.close)
    tx = {"loss-four-state": {"p13": PERCENT},
          "loss-pattern": {"rule": [{"frame": 3, "action": 0}]}}
    family.do("link-set", {"id": pair.data("va")["id"], "end-a": {"tx": tx}})
    contains(pair.ip("-d link show dev va"), "also four-state loss and a loss pattern, see vnetctl link show \n")
    family.do("link-set", {"id": pair.data("va")["id"], "end-a": {"tx": {"loss-four-state": {}}}})
    contains(pair.ip("-d link show dev va"), "also a loss pattern, see vnetctl link show \n")


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
      ("rate", "required"), ("colour red", "unknown option"), ("seed x", "vnet: seed x is not a number"),
      ("delay 101s", "vnet: delay 101s is not 0 to 100s"),
      ("rate 401gbit", "vnet: rate 401gbit is not 100bit to 400gbit or unlimited"),
      ("rate 99bit", "vnet: rate 99bit is not 100bit to 400gbit or unlimited"),
      ("tx rate 20mbit rx delay 101s", "vnet: rx delay 101s is not 0 to 100s"),
      ("rx delay 20ms tx delay 9e99s", "vnet: tx delay 9e99s is not 0 to 100s"),
      ("tx queue codel target 0", "vnet: tx queue target 0 is not 1ns to 100s"),
      ("queue wfq weights 46:0", "vnet: queue weights 46:0: weight 0 is not 1 to 1024"),
      ("rx queue wfq match dscp 46 weight 1025", "vnet: rx queue match weight 1025 is not 1 to 1024"),
      ("loss 1", "vnet: loss 1 is not a probability"), ("loss 101%", "not a probability"),
      ("ber 1e-20", "not a probability"), ("gemodel x", "not a probability"),
      ("tx gemodel 1% 200%", "vnet: tx gemodel 200% is not a probability"),
      ("gemodel 1% 2% 3% 4% 5%", "vnet: gemodel 5% is more than"),
      ("ber 60%", "bit"), ("jitter 5ms", "delay"), ("order free", "without jitter"),
      ("jitter 1ms delay 2ms distribution table", "table"), ("order some", "neither keep nor free"),
      ("queue lifo", "not fifo"), ("queue codel ecn maybe", "neither on nor off"),
      ("queue fifo ecn on", "nothing to mark"), ("queue red", "max must be above min"),
      ("queue codel alpha 3", "no parameter alpha"), ("queue wfq weights 64:1", "dscp 64 is not 0 to 63"),
      ("queue wfq weights " + ",".join(f"{n}:2" for n in range(64)), "too many parameters"))
def refusals(words):
    """By the plug-in or by the kernel; nothing is made."""
    pair = Pair()
    done = pair.ip(f"link add va type vnet {words[0]}", check=False)
    true(done.returncode != 0)
    contains(done.stderr, words[1])
    equal(pair.ip("-j link show type vnet").strip(), "[]")


@case("a change that is refused changes nothing", ("delay 101s", "vnet: delay 101s is not 0 to 100s"),
      ("tx rate 20mbit rx jitter 101s", "vnet: rx jitter 101s is not 0 to 100s"),
      ("rx queue codel interval 0", "vnet: rx queue interval 0 is not 1ns to 100s"))
def refused_changes(words):
    """The reason names parameter and direction here, too."""
    pair = Pair()
    pair.ip("link add va type vnet rate 10mbit peer name vb")
    before = pair.data("va")
    done = pair.ip(f"link set va type vnet {words[0]}", check=False)
    true(done.returncode != 0)
    contains(done.stderr, words[1])
    equal(pair.data("va"), before)


# Words with a number, and its attribute in the spec.
NUMBERS = [
    ("rate {}bit", "direction", "rate"), ("delay {}ns", "direction", "delay"),
    ("overhead {}", "direction", "overhead"), ("limit {}", "direction", "queue-packets"),
    ("limit-bytes {}", "direction", "queue-bytes"), ("limit-time {}ns", "direction", "queue-time"),
    ("line-limit {}", "direction", "line-packets"), ("line-limit-bytes {}", "direction", "line-bytes"),
    ("whole-time {}ns", "direction", "whole-time"), ("delay 100s jitter {}ns", "direction", "jitter"),
    ("delay 1ms reorder-every {}", "direction", "reorder-every"),
    ("queue wfq flows {}", "queueing", "flows"), ("queue drr quantum {}", "queueing", "quantum"),
    ("queue codel target {}ns", "queueing", "target"),
    ("queue codel interval {}ns", "queueing", "interval"),
    ("queue codel floor {}", "queueing", "floor"), ("queue pie alpha {}", "queueing", "alpha"),
    ("queue pie beta {}", "queueing", "beta"), ("queue red min {} max 9", "queueing", "min-bytes"),
    ("queue red min 1 max {}", "queueing", "max-bytes"),
    ("queue red min 1 max 2 weight {}", "queueing", "weight"),
    ("queue wfq weights 46:{}", "class", "weight"), ("queue wfq weights {}:7", "class", "dscp"),
    ("queue wfq match dscp 46 protocol 6 weight {}", "class", "weight"),
    ("queue wfq match protocol 6 dscp {} weight 7", "class", "dscp"),
    ("queue wfq match protocol {} weight 7", "class", "protocol"),
    ("queue wfq match source-port {} weight 7", "class", "source-port"),
    ("queue wfq match destination-port {} weight 7", "class", "destination-port"),
    ("queue wfq match source fd00::/{} weight 7", "class", "source-prefix"),
    ("queue wfq match destination fd00::/{} weight 7", "class", "destination-prefix")]
# What is 0 to 1, off or on; what has no words.
NO_NUMBERS = {"loss", "ber", "duplicate", "corrupt", "jitter-correlation", "reorder", "probability", "ecn",
              "gentle"}
# Where the spec says by words or not at all what the module checks itself.
NARROWER = {"rate": (100, 400 * 10**9), "quantum": (64, 2**20), "target": (1, 100 * S),
            "interval": (1, 100 * S), "alpha": (0, 32), "beta": (0, 32), "weight": (1, 24)}
UNITS = {"": 1, "ns": 1, "us": US, "ms": MS, "s": S, "bit": 1, "kbit": 10**3, "mbit": 10**6, "gbit": 10**9}


MOST = {"u32": 2**32 - 1, "uint": 2**64 - 1}


def attributes_of(set_name):
    """From the spec: each attribute by its name."""
    raw = next(entry for entry in Family.spec.raw["attribute-sets"] if entry["name"] == set_name)
    return {entry["name"]: entry for entry in raw["attributes"]}


def range_of(set_name, name):
    """What the spec lets the attribute be."""
    entry = attributes_of(set_name)[name]
    constants = {each["name"]: each.get("value") for each in Family.spec.raw["definitions"]}
    checks = {kind: constants.get(value, value) for kind, value in entry.get("checks", {}).items()}
    return checks.get("min", 0), checks.get("max", MOST[entry["type"]])


def number(text):
    """A number with a unit, as it is printed."""
    digits, unit = re.fullmatch(r"(\d+)([a-z]*)", text).groups()
    return int(digits) * UNITS[unit]


@case("the plug-in has the ranges of the spec and of the module", *NUMBERS)
def ranges(row):
    """What is beyond is refused with the range; the ends are taken."""
    words, set_name, name = row
    pair = Pair()
    low, high = range_of(set_name, name)
    if set_name != "class" and name in NARROWER:
        true(low <= NARROWER[name][0] and NARROWER[name][1] <= high, "the spec is no narrower")
        low, high = NARROWER[name]
    beyond = [value for value in (low - 1, high + 1) if value >= 0]
    for value in beyond:
        done = pair.ip(f"link add va type vnet {words.format(value)} peer name vb", check=False)
        found = re.search(r"^vnet: .* is not (\w+) to (\w+)( or unlimited)?$", done.stderr.strip())
        true(done.returncode != 0 and found, done.stderr)
        equal((number(found[1]), number(found[2])), (low, high), words)
    if name in ("min-bytes", "max-bytes"):
        return  # They bound each other, which the module says.
    for value in (low, high):
        pair.clear()
        pair.ip(f"link add va type vnet {words.format(value)} peer name vb")
    # The module has no other range.
    for value in beyond:
        if value <= MOST[attributes_of(set_name)[name]["type"]] and set_name != "class":
            tx = {name: value} if set_name == "direction" else {"queueing": {name: value}}
            raises(NetlinkError, pair.family.do, "link-set",
                   {"id": pair.data("va")["id"], "end-a": {"tx": tx}})


@case("no number of a link is left out of that")
def all_numbers():
    """The spec has no other ones, but for what is no number on the command line."""
    Pair()
    for set_name in ("direction", "queueing", "class"):
        numbers = {name for name, entry in attributes_of(set_name).items()
                   if entry["type"] in ("u32", "uint") and "enum" not in entry}
        equal(numbers - NO_NUMBERS, {name for _, of, name in NUMBERS if of == set_name}, set_name)


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


# What ip itself goes on with.
NEXT = re.compile(r"(?m)(?<![ \n])(addrgenmode|numtxqueues)")


@case("the last word is apart from the next one of ip", "late", "dropped", "also", "in-flight")
def last_word(word):
    """Whatever is the last of the peer's direction."""
    pair = Pair()
    loss = "tx loss 100% " if word == "dropped" else ""
    pair.ip(f"link add va type vnet {loss}peer name vb netns Q")
    pair.ip("link set dev va up")
    command("ip -n Q link set dev vb up")
    ns_p, ns_q = NetNS.named("P"), NetNS.named("Q")
    wait_up(ns_p, "va")
    with ns_q:
        sink = Sink("vb")
    with ns_p:
        sender = Sender("va")
    if word == "also":
        tx = {"loss-four-state": {"p13": PERCENT}}
        pair.family.do("link-set", {"id": pair.data("va")["id"], "end-a": {"tx": tx}})
    elif word != "in-flight":
        if word == "late":
            pair.ip("link set va type vnet delay 1ms")
        sender.send(100, 3)
        if word == "late":
            sink.collect(3)
    stats = "" if word == "also" else "-s "
    text = command(f"ip -n Q {stats}-d link show dev vb")
    contains(text.split(" rx ")[-1], f" {word} ")
    true("addrgenmode" in text and not NEXT.search(text), text)


try:
    run()
finally:
    Pair.end()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Parameters of links: from file, by link set and by ip, what the kernel has is what was said.

The examples are those of Documentation/link-parameters.md.
"""

import contextlib
import os
import re
import tempfile

from lab import file, listing, up, vnetctl
from vnettest.ktap import Failure, case, contains, defer, equal, run

MS, S, PERCENT = 10**6, 10**9, 10**17
HEAD = "name: t\nnodes: {a: host, b: host}\nlinks:\n"
PLAIN = HEAD + "- [a, b]\n"
NOTHING = {"rate": 0, "overhead": 24, "delay": 0, "queue-packets": 0, "queue-bytes": 0, "queue-time": 0,
           "line-packets": 0, "line-bytes": 0, "whole-time": 100_000}
GUIDE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../Documentation/link-parameters.md")
MBIT10 = {"rate": 10**7}
JITTER = {"delay": 20 * MS, "jitter": 5 * MS, "jitter-distribution": 0, "jitter-correlation": 0, "jitter-order": 0}


def queue(**parameters):
    """At 10 Mbit/s."""
    return {**MBIT10, "queueing": {name.replace("_", "-"): value for name, value in parameters.items()}}


def chain(**parameters):
    """Percentages of a chain."""
    return {name: int(value * PERCENT) for name, value in parameters.items()}


# What the kernel then has beside NOTHING: for both directions, or for each.
EXPECTED = {
    "rate": MBIT10,
    "forward and backward": ({"rate": 10**6}, {"rate": 16 * 10**6}),
    "overhead": {"rate": 2 * 10**6, "overhead": 10},
    "delay": {"delay": 250 * MS},
    "queue in packets": {**MBIT10, "queue-packets": 20},
    "queue in bytes": {**MBIT10, "queue-bytes": 64000},
    "queue in time": {**MBIT10, "queue-time": 20 * MS},
    "several bounds": {**MBIT10, "queue-packets": 500, "queue-bytes": 100_000},
    "drop": {**queue(kind=0, drop=2), "queue-packets": 50},
    "wfq": queue(kind=1, flows=256, **{"class": [{"dscp": 34, "weight": 5}, {"dscp": 46, "weight": 10}]}),
    "wfq with a match list": queue(kind=1, flows=1024, **{"class": [
        {"protocol": 17, "destination-port": 5060, "weight": 8},
        {"source": [10, 1, 0, 0], "source-prefix": 16, "weight": 3}]}),
    "drr": queue(kind=2, flows=1024, quantum=3000),
    "red": {**queue(kind=3, min_bytes=30_000, max_bytes=90_000, probability=10 * PERCENT, weight=8, gentle=1),
            "queue-bytes": 250_000},
    "codel": queue(kind=4, target=10 * MS, interval=200 * MS, floor=3028),
    "ecn": queue(kind=4, target=5 * MS, interval=100 * MS, floor=1514, ecn=1),
    "pie": queue(kind=5, target=20 * MS, interval=30 * MS, alpha=4, beta=24),
    "fq-codel": queue(kind=6, flows=64, quantum=600, target=3 * MS, interval=100 * MS, floor=1514),
    "device": queue(kind=7),
    "loss": {"loss": PERCENT},
    "loss in bursts": {"loss-gilbert-elliott": chain(p=1, r=25, h=10, k=100)},
    "loss in four states": {"loss-four-state": chain(p13=1, p31=20, p32=10, p23=50, p14=0.1)},
    "loss by number": {"loss-pattern": {"period": 1000, "rule": [
        {"frame": 7, "action": 0}, {"frame": 8, "action": 1, "value": 400},
        {"frame": 9, "action": 2, "value": 5 * MS}]}},
    "kinds of loss together": {"loss": PERCENT // 10, "loss-gilbert-elliott": chain(p=1, r=25, h=0, k=100)},
    "ber": {"ber": 10**13},
    "corrupt": {"corrupt": PERCENT // 10},
    "duplicate": {"duplicate": 2 * PERCENT},
    "jitter": JITTER,
    "distribution": {**JITTER, "jitter-distribution": 3},
    "table": {**JITTER, "jitter-distribution": 4},
    "correlation": {**JITTER, "jitter-distribution": 1, "jitter-correlation": 25 * PERCENT},
    "order": {**JITTER, "jitter-order": 1},
    "reorder": {"delay": 20 * MS, "reorder": PERCENT},
    "reorder by number": {"delay": 20 * MS, "reorder-every": 50},
    "delay_limit": {"delay": S, "line-packets": 1000, "line-bytes": 1_000_000},
    "whole_time": {"rate": 10**10, "whole-time": 0},
}


def examples():
    """The guide's sections: title to the file's part, and the commands."""
    with open(GUIDE, encoding="utf-8") as handle:
        text = handle.read()
    found = {}
    for section in text.split("\n## ")[1:]:
        title = section.split("\n", 1)[0]
        yaml = re.search(r"```yaml\n(.*?)```", section, re.S)
        commands = re.findall(r"^    (.*)$", re.sub(r"```.*?```", "", section, flags=re.S), re.M)
        found[title] = (yaml and yaml[1], commands)
    return found


def here():
    """A working directory with the table that the examples name."""
    directory = tempfile.TemporaryDirectory()
    defer(directory.cleanup)
    before = os.getcwd()
    os.chdir(directory.name)
    defer(os.chdir, before)
    with open(GUIDE, encoding="utf-8") as guide, open("measured.dist", "w", encoding="utf-8") as handle:
        handle.write(re.search(r"```text\n(.*?)```", guide.read(), re.S)[1])


def topology(text):
    """A file in the present directory."""
    with open("topology.yaml", "w", encoding="utf-8") as handle:
        handle.write(text)
    return "topology.yaml"


def directions():
    """What the kernel has of both."""
    [link] = listing("link", "show", "a-b")
    return [direction["configured"] for direction in link["directions"]]


def meets(title, how):
    """The kernel has what belongs to an example, and nothing else."""
    dscp = lambda entry: entry.get("dscp", 64)
    wanted = EXPECTED[title] if title else {}
    for own, has in zip(wanted if isinstance(wanted, tuple) else (wanted, wanted), directions()):
        has = {name: value for name, value in has.items() if name in NOTHING or value}
        own = {name: value for name, value in {**NOTHING, **own}.items() if name in NOTHING or value}
        if "class" in has.get("queueing", {}):
            has["queueing"]["class"].sort(key=dscp)
        for name, value in own.items():
            if isinstance(value, dict):
                # A nest may tell more: what is not said has its default.
                equal({key: has.get(name, {}).get(key) for key in value}, value, f"{how}: {name}")
            else:
                equal(has.get(name), value, f"{how}: {name}")
        # Of the queue alone a default is told.
        equal(sorted(set(has) - set(own)), [], how)


@contextlib.contextmanager
def plain():
    """The plain lab, as an example before has left it, which it may only do if it was told that nothing is set."""
    if not listing("ps"):
        vnetctl("up", topology(PLAIN))
        meets(None, "nothing said")
    try:
        yield
    except Exception:
        vnetctl("down", "--all")
        raise


@case("an example holds in all its forms", *EXPECTED)
def example(title):
    """In the file, by link set, by ip; with another file it is gone."""
    yaml, commands = examples()[title]
    here()
    with plain():
        vnetctl("up", topology(HEAD + yaml))
        meets(title, "up of the file")
        equal(vnetctl("plan", "topology.yaml").out, "nothing to change\n")
        vnetctl("up", topology(PLAIN))
        meets(None, "up of the file without it")
        forms = [[words.split() for words in commands if words.startswith("vnetctl link set")],
                 [words.split() for words in commands if "ip link set" in words]]
        for form in forms:
            for words in form:
                vnetctl(*words[1:])
            if form:
                meets(title, " ".join(form[0]))
                vnetctl("plan", topology(HEAD + yaml), status=None if title == "table" else 0)
                vnetctl("up", topology(PLAIN))
                meets(None, "up of the file without it")


@case("there is an example for everything, and a test of each")
def complete():
    """No section is forgotten here."""
    equal(sorted(examples()), sorted([*EXPECTED, "mtu", "seed", "cable"]))


@case("a parameter of the link as a whole")
def whole():
    """Its MTU, its seed, its cable."""
    found = examples()
    here()
    defer(vnetctl, "down", "--all")
    vnetctl("up", topology(HEAD + found["mtu"][0]))
    equal(listing("link", "show", "a-b")[0]["mtu"], 9000)
    vnetctl("up", topology(PLAIN))
    equal(listing("link", "show", "a-b")[0]["mtu"], 1500)
    vnetctl(*found["mtu"][1][0].split()[1:])
    equal(listing("link", "show", "a-b")[0]["mtu"], 9000)
    for words, connected in zip(found["cable"][1], (False, True, False, True)):
        vnetctl(*words.split()[1:])
        [link] = listing("link", "show", "a-b")
        equal(link["connected"], connected, words)
        equal([direction["carrier"] for direction in link["directions"]], [connected] * 2, words)
    vnetctl("down")
    vnetctl("up", topology(HEAD + found["seed"][0]))
    equal(listing("link", "show", "a-b")[0]["seed"], 42)
    [made] = found["seed"][1]
    vnetctl(*made.split()[1:])
    contains(vnetctl("exec", "a", "ip", "-d", "link", "show", "new0").out, "seed 42 connected")


@case("what cannot be is refused in the file, with its place", (
    "rate: 99bit", "99bit", "below 100 bit/s"), (
    "rate: 401gbit", "401gbit", "above 400 Gbit/s"), (
    "delay: 101s", "101s", "above 100 s"), (
    "overhead: 1001", "1001", "above 1000"), (
    "ber: 1e-16", "1e-16", "is not 1e-15 to 0.5"), (
    "loss: 101%", "101%", "between 0 and 1"), (
    "loss: 1", "1}", "could be"), (
    "queue: 0 packets", "0 packets", "nothing can wait"), (
    "jitter: 5ms", "5ms", "uniform jitter is above the delay"), (
    "delay: 9ms, jitter: {amount: 5ms, correlation: 100%}", "100%", "correlation is not below 1"), (
    "reorder: 1%", "1%", "nothing to overtake"), (
    "queue: {discipline: fifo, ecn: true}", "true", "nothing to mark"), (
    "queue: {discipline: {red: {min: 9KB, max: 5KB}}}", "9KB", "max must be above min"), (
    "queue: {discipline: device, drop: head}", "head", "drops nothing"), (
    "queue: {discipline: {pie: {beta: 33}}}", "33", "above 32"), (
    "loss: {four-state: {p13: 60%, p14: 60%}}", "p13", "four-state"), (
    "loss: {pattern: {rules: [{frame: 9, drop: true}], period: 8}}", "", "period"), (
    "loss: {pattern: {rules: [{frame: 9, drop: true}, {frame: 9, delay: 5ms}]}}", "rules", "frame 9 is lost"))
def refused(row):
    """Line and column of the value, and the reason; nothing is made."""
    text, value, reason = row
    line = f"- {{ends: [a, b], {text}}}"
    result = up(HEAD + line + "\n", status=1)
    contains(result.err, reason)
    column = line.index(value, line.index("]") + 1) + 1 if value else ""
    contains(result.err, f"topology.yaml:4:{column}")
    equal(listing("ps"), [])


@case("what cannot be is refused of a running link, and nothing changes")
def refused_change():
    """With the parameter and the reason."""
    up(HEAD + "- {ends: [a, b], rate: 10mbit, delay: 5ms, jitter: 2ms}\n")
    before = directions()
    for words, reason in (
            ("rate 99bit", "rate 99bit: `99bit` is below 100 bit/s"),
            ("delay 101s", "delay 101s"),
            ("delay 1ms", "jitter: uniform jitter is above the delay"),
            ("loss 1", "loss 1: `1` could be 1 % or certainty"),
            ("ber 60%", "ber 60%"),
            ("jitter 6ms", "jitter: uniform jitter is above the delay"),
            ("jitter correlation 100%", "jitter correlation: correlation is not below 1"),
            ("reorder every 1", "`1` is below 2"),
            ("queue fifo ecn on", "queue ecn: the discipline has nothing to mark with ecn"),
            ("queue codel alpha 3", "queue alpha: codel has no such parameter"),
            ("queue red min 1KB max 1KB", "queue min: max must be above min, and min above 0"),
            ("queue pie interval 1us", "queue interval: update interval is below 1 ms"),
            ("queue drr quantum 63B", "queue quantum: quantum is below 64 bytes"),
            ("loss gilbert-elliott r 1%", "loss gilbert-elliott needs p"),
            ("loss four-state p13 60% p14 60%", "loss four-state"),
            ("delay -1ms", "delay -1ms: `-1ms` is negative"),
            ("rate 1mbit rate 2mbit", "rate is given twice"),
            ("queue codel queue pie", "queue discipline is given twice"),
            ("loss 1% loss none", "loss none would undo loss random"),
            ("reorder every 5 reorder 1%", "reorder is given twice"),
            ("loss pattern frames 7 delay 7:5ms", "frame 7 is lost, and another rule"),
            ("loss pattern every 5 frames 3", "that is a pattern by itself, which does not go with frames"),
            ("--from a mtu 9000", "mtu is that of both ends; say it without --from"),
            ("--from a cable pulled", "for both directions; say it without --from"),
            ("rate 20mbit queue fifo drop middle", "expected tail, head or default"),
            ("colour red", "links have no parameter colour")):
        contains(vnetctl("link", "set", "a-b", *words.split(), status=1).err, reason)
        equal(directions(), before, words)


@case("a change names one parameter, and all others stay")
def alone():
    """Each of them, of one direction."""
    up(HEAD + "- {ends: [a, b], rate: 10mbit, delay: 20ms, jitter: {amount: 5ms, order: free}, loss: [1%, "
       "{gilbert-elliott: {p: 1%, r: 25%}}], ber: 1e-9, queue: {discipline: {codel: {target: 7ms}}, limit: 90 packets}}\n")
    wanted = directions()
    for words, change in (
            ("rate 20mbit", {"rate": 2 * 10**7}), ("delay 30ms", {"delay": 30 * MS}),
            ("jitter 6ms", {"jitter": 6 * MS}), ("loss 2%", {"loss": 2 * PERCENT}),
            ("ber 1e-8", {"ber": 10**11}), ("corrupt 1%", {"corrupt": PERCENT}),
            ("queue packets 80", {"queue-packets": 80}), ("overhead 10", {"overhead": 10})):
        vnetctl("link", "set", "a-b", "--from", "b", *words.split())
        wanted[1].update(change)
        equal(directions(), wanted, words)
    vnetctl("link", "set", "a-b", "--from", "b", "queue", "target", "8ms")
    wanted[1]["queueing"]["target"] = 8 * MS
    vnetctl("link", "set", "a-b", "--from", "b", "loss", "gilbert-elliott", "r", "50%")
    wanted[1]["loss-gilbert-elliott"]["r"] = 50 * PERCENT
    equal(directions(), wanted)
    if vnetctl("plan", file(PLAIN), status=None).status != 2:
        raise Failure("plan sees no difference")


run()

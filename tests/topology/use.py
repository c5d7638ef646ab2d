#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Working with what is up: several nodes at once, files, restarts, routes, completion."""

import json
import os
import signal
import subprocess
import tempfile

from lab import PLAIN, listing, start, until, up, vnetctl
from vnettest.ktap import case, contains, defer, equal, run, true
from vnettest.ynl import Family

LABELS = PLAIN.replace("a: host", "a: {{labels: {{site: x, edge: ''}}}}").replace("c: host", "c: {{labels: {{site: y}}}}")


def lab():
    """One that does not matter otherwise."""
    up(PLAIN.format(lab="t"))


@case("exec --all runs in all nodes, with their names in front")
def everywhere():
    """The exit status is the highest."""
    lab()
    equal(sorted(vnetctl("exec", "--all", "hostname").out.splitlines()), ["a: a", "b: b", "c: c"])
    result = vnetctl("exec", "--all", "--", "sh", "-c", "echo err >&2; test $(hostname) != b || exit 7", status=7)
    equal((result.out, sorted(result.err.splitlines())), ("", ["a: err", "b: err", "c: err"]))
    contains(vnetctl("exec", "--all", "no-such-program", status=127).err, "b: vnetctl: no-such-program: not found")
    contains(vnetctl("exec", "--all", status=125).err, "say what to run")


@case("exec --label chooses nodes")
def chosen():
    """By the label, or by its value."""
    up(LABELS.format(lab="t"))
    equal(sorted(vnetctl("exec", "--label", "site", "hostname").out.split()), ["a", "a:", "c", "c:"])
    equal(vnetctl("exec", "--label", "site=y", "hostname").out, "c: c\n")
    equal(vnetctl("exec", "--label", "site", "--label", "edge", "hostname").out, "a: a\n")
    contains(vnetctl("exec", "--label", "site=z", "true", status=125).err, "no node of lab t has the label site=z")


@case("exec --json tells a line for each node")
def as_json():
    """Also for a single one."""
    lab()
    result = vnetctl("exec", "--all", "--json", "sh", "-c", "hostname; echo e >&2; [ $(hostname) = a ]", status=1)
    told = sorted(map(json.loads, result.out.splitlines()), key=lambda one: one["node"])
    equal(told[0], {"node": "a", "status": 0, "stdout": "a\n", "stderr": "e\n"})
    equal([one["status"] for one in told], [0, 1, 1])
    result = vnetctl("exec", "--json", "b", "hostname")
    equal(json.loads(result.out), {"node": "b", "status": 0, "stdout": "b\n", "stderr": ""})
    contains(vnetctl("exec", "--json", "x", "true", status=125).err, "no node x")


@case("what runs in several nodes ends with the tool")
def together():
    """By a signal."""
    lab()
    process = start("exec", "--all", "sh", "-c", "echo ready; exec sleep 1000")
    equal(sorted(process.stdout.readline() for _ in range(3)), ["a: ready\n", "b: ready\n", "c: ready\n"])
    process.send_signal(signal.SIGTERM)
    equal(process.wait(), 130)
    until(lambda: "sleep" not in vnetctl("exec", "a", "ps", "-o", "comm=", "-A").out, "they have ended")


def directory():
    """One of our own."""
    made = tempfile.TemporaryDirectory()
    defer(made.cleanup)
    return made.name


@case("cp copies files both ways")
def files():
    """With their modes; the node's own files stay its own."""
    lab()
    here = directory()
    with open(f"{here}/one", "wb") as handle:
        handle.write(bytes(range(256)) * 4096)
    os.chmod(f"{here}/one", 0o751)
    vnetctl("cp", f"{here}/one", "a:/tmp/two")
    equal(vnetctl("exec", "a", "stat", "-c", "%a %s", "/tmp/two").out, "751 1048576\n")
    vnetctl("cp", "a:/tmp/two", here)
    equal(subprocess.run(["cmp", f"{here}/one", f"{here}/two"], check=False).returncode, 0)
    vnetctl("exec", "b", "ls", "/tmp/two", status=2)
    vnetctl("cp", "a:/tmp/two", "b:/tmp")
    equal(vnetctl("exec", "b", "stat", "-c", "%a %s", "/tmp/two").out, "751 1048576\n")
    vnetctl("cp", "a:/etc/hostname", f"{here}/name")
    with open(f"{here}/name", encoding="utf-8") as handle:
        equal(handle.read(), "a\n")


@case("cp copies directories")
def directories():
    """With what is in them; links stay links."""
    lab()
    here = directory()
    os.makedirs(f"{here}/d/e")
    os.symlink("../x", f"{here}/d/e/link")
    with open(f"{here}/d/x", "w", encoding="utf-8") as handle:
        handle.write("x\n")
    vnetctl("cp", f"{here}/d", "a:/tmp")
    equal(vnetctl("exec", "a", "sh", "-c", "cd /tmp/d; find | sort; cat e/link").out, ".\n./e\n./e/link\n./x\nx\n")
    vnetctl("cp", "a:/tmp/d", f"{here}/new")
    equal(os.readlink(f"{here}/new/e/link"), "../x")
    equal(sorted(os.listdir(f"{here}/new")), ["e", "x"])


@case("cp says what is wrong")
def copies_fail():
    """And by which end."""
    lab()
    contains(vnetctl("cp", "a:/no/such", "/tmp", status=1).err, "cannot read /no/such: No such file or directory")
    contains(vnetctl("cp", "/no/such", "a:/tmp", status=1).err, "cannot read /no/such: No such file or directory")
    contains(vnetctl("cp", "/etc/hostname", "a:/no/such", status=1).err, "cannot write /no/such: No such file")
    contains(vnetctl("cp", "/etc/hostname", "x:/tmp", status=125).err, "no node x")
    contains(vnetctl("cp", "/etc/hostname", "/tmp", status=1).err, "neither is in a node")


@case("a restarted node is a new one in the same place")
def restart():
    """Others live on, and reach it again."""
    text = PLAIN.format(lab="t") + "  - {ends: [a, c], delay: 3ms}\n"
    text = text.replace("a: host", "a: {kind: router, daemons: [sleep 1000], commands: [echo hello > /tmp/hello]}")
    up(text, "--wait=ping")
    before = {node["name"]: node["init"] for node in listing("ps")[0]["nodes"]}
    vnetctl("exec", "a", "sh", "-c", "echo changed > /tmp/hello; touch /tmp/gone")
    contains(vnetctl("restart", "a", "--wait=ping").out, "1 node of lab t restarted")
    after = {node["name"]: node["init"] for node in listing("ps")[0]["nodes"]}
    true(before["a"] != after["a"])
    equal((before["b"], before["c"]), (after["b"], after["c"]))
    equal(vnetctl("exec", "a", "ls", "/tmp").out, "hello\n")
    equal(vnetctl("exec", "a", "cat", "/tmp/hello").out, "hello\n")
    contains(vnetctl("exec", "a", "ps", "-o", "args=", "-A").out, "sleep 1000")
    contains(vnetctl("exec", "c", "ping", "-c1", "-W2", "a").out, " 0% packet loss")
    equal(vnetctl("link", "show", "a-c", "--json").out.count('"delay": 3000000'), 2)
    contains(vnetctl("restart", "x", status=1).err, "no node x")


@case("a dead node can be restarted")
def revive():
    """It need not be asked whether it agrees."""
    up(PLAIN.format(lab="t"))
    [init] = [node["init"] for node in listing("ps")[0]["nodes"] if node["name"] == "b"]
    os.kill(init, signal.SIGKILL)
    until(lambda: listing("ps")[0]["state"] == "dead", "it is dead")
    vnetctl("restart", "b", "--wait=ping")
    equal(listing("ps")[0]["state"], "running")


@case("route show tells of all routes")
def routes():
    """Of all nodes, or some."""
    up(PLAIN.format(lab="t").replace("name: t", "name: t\naddressing: {ipv4: 10.0.0.0/24, ipv6: none}"))
    vnetctl("exec", "a", "ip", "route", "add", "blackhole", "10.9.0.0/16")
    found = {(one["node"], one["destination"]): one for one in listing("route", "show")}
    way = found["a", "0.0.0.0/0"]
    equal((way["protocol"], way["type"], way["hops"][0]["interface"]), ("static", "unicast", "to-b"))
    equal(found["a", "10.9.0.0/16"]["type"], "blackhole")
    equal(len([key for key in found if key[0] == "b"]), 2)
    lines = vnetctl("route", "show", "a").out.splitlines()
    equal(lines[0].split(), ["NODE", "DESTINATION", "VIA", "INTERFACE", "METRIC", "PROTOCOL"])
    equal({line.split()[0] for line in lines[1:]}, {"a"})
    contains(vnetctl("route", "show", "x", status=1).err, "no node x")


@case("inspect tells what interfaces are connected to")
def inspect():
    """As a table, as JSON, and the plan."""
    lab()
    rows = [line.split() for line in vnetctl("inspect", "b").out.splitlines()]
    equal([row[3:6] for row in rows[1:]], [["to-a", "a-b", "a:to-b"], ["to-c", "b-c", "c:to-b"]])
    [told] = listing("inspect", "a")
    equal((told["name"], told["plan"]["kind"], told["links"][0]["name"]), ("a", "host", "a-b"))
    equal(json.loads(vnetctl("inspect", "--plan").out)["lab"], "t")
    contains(vnetctl("graph").out, 'data-link="b-c"')


@case("link trace tells what is decided about frames")
def trace():
    """As lines, as JSON; so many, of one end, and the log ends with its reader."""
    up(PLAIN.format(lab="t").replace("delay: 1ms", "delay: 1ms, ber: 1e-4, loss: 10%"))
    reader = start("link", "trace", "a-b", "--json", "--count=20", "--from=a")
    ping = start("exec", "a", "ping", "-q", "-i0.01", "-s1000", "b")
    told = [json.loads(line) for line in reader.stdout]
    equal(reader.wait(), 0)
    ping.kill()
    equal((len(told), {line["from"] for line in told}), (20, {"a:to-b"}))
    numbers = [line["number"] for line in told]
    equal(numbers, list(range(numbers[0], numbers[0] + 20)))
    for line in told:
        if "dropped" in line:
            contains("ber loss-random", line["dropped"])
        else:
            equal(line["due"] - line["decided"], 1_000_000)
    reader = start("link", "trace", "a-b")
    start("exec", "b", "ping", "-q", "-i0.01", "a")
    # What the ping of a sent last may come first.
    true(any(" b:to-a #" in line for line in reader.stdout), "it tells of both ends")
    reader.send_signal(signal.SIGINT)
    equal(reader.wait(), 130)
    # One that is killed leaves the log behind, and the next reader finds it; it can be ended by hand.
    reader = start("link", "trace", "a-b", "--from=b")
    contains(reader.stdout.readline(), " b:to-a #")
    reader.kill()
    reader.wait()
    family = Family()
    defer(family.close)
    [number] = [link["id"] for link in listing("link", "show", "a-b")]
    log = {"id": number, "end": 1}
    true(family.do("link-trace-get", log)["size"] > 0, "it is there still")
    equal(vnetctl("link", "trace", "a-b", "--off").out, "")
    equal(family.do("link-trace-get", log)["size"], 0)
    contains(vnetctl("link", "trace", "x", status=1).err, "no link x")


@case("names of the running lab are completed", "bash", "zsh", "fish")
def completed(shell):
    """Nodes, links and labs."""
    up(PLAIN.format(lab="tt").replace("a: host", "abc: host").replace("[a,", "[abc,"))

    def complete(*words):
        place = {"_CLAP_COMPLETE_INDEX": str(len(words) - 1), "_CLAP_IFS": "\n", "COMPLETE": shell}
        command = ["vnetctl", "--", *words]
        done = subprocess.run(command, env={**os.environ, **place}, capture_output=True, text=True, check=True)
        return [line.split("\t")[0].split(":")[0] for line in done.stdout.split("\n") if line]

    equal(complete("vnetctl", "exec", "a"), ["abc"])
    equal(complete("vnetctl", "-l", "tt", "link", "show", "b"), ["b-c"])
    contains(" ".join(complete("vnetctl", "cp", "ab")), "abc")
    equal(complete("vnetctl", "--lab", "t"), ["tt"])
    equal(complete("vnetctl", "-l", "other", "exec", "a"), [])


run()

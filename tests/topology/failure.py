#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What happens when something fails."""

import os
import signal

from lab import PLAIN, children, file, listing, remains, start, until, up, vnetctl
from vnettest.ktap import case, contains, defer, equal, run


def with_a(what):
    """The plain lab with something more in node a."""
    return PLAIN.format(lab="t").replace("a: host", "a: {kind: host, " + what + "}")


@case("a command that fails is shown with its output, and nothing stays")
def command():
    """Its status, too."""
    result = up(with_a("commands: ['echo some words; exit 4']"), status=1)
    contains(result.err, "node a: command `echo some words; exit 4` exited with status 4")
    contains(result.err, "    some words")
    equal(remains("t"), [])


@case("what fails ends the daemons of routing that it has started", "bird", "ospf")
def routers(routing):
    """A start, and a change of a lab without."""
    plain = PLAIN.format(lab="t")
    worse = with_a("commands: ['false']").replace("b: router", f"b: {{kind: router, routing: {routing}}}")
    contains(up(worse, status=1).err, "command `false`")
    equal(remains("t"), [])
    up(plain, "--wait=ping")
    contains(up(worse, status=1).err, "command `false`")
    equal(vnetctl("plan", file(plain)).out, "nothing to change\n")
    names = vnetctl("exec", "b", "ps", "-o", "comm=", "-A").out.split()
    equal([name for name in names if name in ("bird", "zebra", "ospfd")], [])
    contains(vnetctl("exec", "a", "ping", "-c1", "-W2", "c").out, " 0% packet loss")


@case("a daemon that does not start is reported")
def no_daemon():
    """With what the system says."""
    result = up(with_a("daemons: [{name: d, command: [/no/such/file]}]"), status=1)
    contains(result.err, "node a: daemon d cannot be started: /no/such/file: No such file or directory")
    equal(remains("t"), [])


@case("a daemon that dies before it is ready is reported with its log")
def dead_daemon():
    """And its status."""
    daemon = "{name: d, command: 'echo last words; exit 2', ready: {socket: /run/d.sock}}"
    result = up(with_a(f"daemons: [{daemon}]"), status=1)
    contains(result.err, "node a: daemon d exited with status 2")
    contains(result.err, "last words")
    equal(remains("t"), [])


@case("a daemon that dies later makes its node degraded")
def dies_later():
    """ps shows it, logs has its words."""
    up(with_a("daemons: [{name: d, command: 'echo words; sleep 0.5; exit 1'}]"))
    until(lambda: listing("ps")[0]["nodes"][0]["state"] == "degraded", "the daemon's end is known")
    contains(vnetctl("logs", "a", "d").out, "words")


@case("a file with errors touches nothing")
def errors():
    """And says where they are."""
    result = up(PLAIN.format(lab="t").replace("1ms", "1 furlong"), status=1)
    contains(result.err, "furlong")
    equal(remains("t"), [])


@case("an interrupted start is undone", "INT", "TERM")
def interrupted(name):
    """Everything made so far goes."""
    process = start("up", file(with_a("commands: [sleep 100]")))
    defer(vnetctl, "down", "--all")
    until(lambda: os.path.exists("/run/vnet/t/nodes/a/log/command-1.log"), "the command starts")
    process.send_signal(getattr(signal, f"SIG{name}"))
    contains(process.stdout.read(), "interrupted")
    equal(process.wait(), 130)
    equal(remains("t"), [])


@case("a node whose first process was killed is dead, and comes back with up")
def dead_node():
    """With its links, and only those."""
    text = PLAIN.format(lab="t")
    up(text, "--wait=ping")
    nodes = {node["name"]: node["init"] for node in listing("ps")[0]["nodes"]}
    os.kill(nodes["a"], signal.SIGKILL)
    until(lambda: listing("ps")[0]["state"] == "dead", "its death is known")
    contains(vnetctl("exec", "a", "true", status=125).err, "node a is dead")
    result = up(text, "--wait=ping")
    contains(result.out, "! node a\n! link a-b\n")
    now = {node["name"]: node["init"] for node in listing("ps")[0]["nodes"]}
    equal((now["b"], now["c"]), (nodes["b"], nodes["c"]))


@case("down works when all of the lab's files are lost")
def lost():
    """Processes are found by their control group, links by their mark."""
    up(PLAIN.format(lab="t"))
    os.system("rm -rf /run/vnet/t")
    vnetctl("down", "-l", "t")
    equal(children("vnet-init"), [])
    equal(remains("t"), [])


@case("a name that is in use is no reason to take it")
def foreign():
    """What is not the lab's is left alone, and what was made is removed."""
    os.system("ip netns add t-b")
    defer(os.system, "ip netns del t-b")
    contains(up(PLAIN.format(lab="t"), status=1).err, "/run/netns/t-b")
    equal(remains("t"), ["/run/netns/t-b"])


run()

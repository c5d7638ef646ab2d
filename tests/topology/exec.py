#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Programs in nodes: exit status, signals, streams, terminal."""

import os
import signal
import subprocess

from lab import PLAIN, Terminal, start, until, up, vnetctl
from vnettest.ktap import case, contains, equal, run, true


def lab():
    """One that does not matter otherwise."""
    up(PLAIN.format(lab="t"))


@case("the exit status is the program's", 0, 1, 7, 124, 255)
def status(number):
    """All of them."""
    lab()
    vnetctl("exec", "a", "sh", "-c", f"exit {number}", status=number)


@case("a program that a signal ends gives 128 and its number")
def by_signal():
    """As in a shell."""
    lab()
    vnetctl("exec", "a", "sh", "-c", "kill -9 $$", status=137)
    vnetctl("exec", "a", "sh", "-c", "kill -15 $$", status=143)


@case("what cannot be run says why")
def not_run():
    """125 the tool, 126 not executable, 127 not found."""
    lab()
    contains(vnetctl("exec", "a", "no-such-program", status=127).err, "not found")
    contains(vnetctl("exec", "a", "/etc/passwd", status=126).err, "permission denied")
    contains(vnetctl("exec", "x", "true", status=125).err, "no node x")
    contains(vnetctl("-l", "nowhere", "exec", "a", "true", status=125).err, "lab nowhere is not up")


@case("input and output pass through")
def streams():
    """Byte for byte, and apart."""
    lab()
    equal(vnetctl("exec", "a", "cat", stdin="one\ntwo").out, "one\ntwo")
    result = vnetctl("exec", "a", "sh", "-c", "echo out; echo err >&2")
    equal((result.out, result.err), ("out\n", "err\n"))


@case("options of the program are its own")
def options():
    """Whatever they look like."""
    lab()
    equal(vnetctl("exec", "a", "echo", "-l", "--kernel", "--help").out, "-l --kernel --help\n")
    equal(vnetctl("exec", "a", "--", "echo", "x").out, "x\n")


@case("signals are passed on", "TERM", "HUP", "USR1")
def signals(name):
    """To the program, which decides what they mean."""
    lab()
    process = start("exec", "a", "sh", "-c", f"trap 'echo got; exit 3' {name}; echo ready; while :; do sleep 0.1; done")
    equal(process.stdout.readline(), "ready\n")
    process.send_signal(getattr(signal, f"SIG{name}"))
    equal(process.stdout.read(), "got\n")
    equal(process.wait(), 3)


@case("a program whose tool is killed hears that its terminal has gone")
def orphan():
    """It does not stay behind."""
    lab()
    process = start("exec", "a", "sleep", "1000")

    def there():
        return "sleep" in vnetctl("exec", "a", "ps", "-o", "comm=", "-A").out

    until(there, "the program runs")
    process.kill()
    until(lambda: not there(), "it has ended")


@case("a shell has a terminal with job control")
def terminal():
    """exec without a command is a shell; Ctrl-C reaches what runs in it."""
    lab()
    shell = Terminal("a")
    shell.type("echo $((40+2)); tty >/dev/null && echo yes-$?\n")
    shell.expect("42")
    shell.expect("yes-0")
    shell.type("sleep 1000\n")
    shell.expect("sleep 1000")
    until(lambda: "sleep" in vnetctl("exec", "a", "ps", "-o", "comm=", "-A").out, "the program runs")
    shell.type("\x03")
    shell.type("echo after-$?\n")
    shell.expect("after-130")
    shell.type("exit 5\n")
    equal(shell.wait(), 5)


@case("what runs is in the node's control group and namespaces")
def place():
    """All of them, except for those that it shares with the tool."""
    lab()
    for kind in ("net", "mnt", "uts", "pid"):
        own = vnetctl("exec", "a", "readlink", f"/proc/self/ns/{kind}").out
        first = vnetctl("exec", "a", "readlink", f"/proc/1/ns/{kind}").out
        equal(own, first, kind)
        true(own.strip() != os.readlink(f"/proc/self/ns/{kind}"), kind)
    named = subprocess.run(
        ["ip", "netns", "exec", "t-a", "readlink", "/proc/self/ns/net"], capture_output=True, text=True, check=True
    ).stdout
    equal(vnetctl("exec", "a", "readlink", "/proc/self/ns/net").out, named)


run()

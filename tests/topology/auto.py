#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""`vnetctl fb auto`: the stack of a chain follows the link, under traffic of which nothing is lost by that."""

import json
import os
import signal
import socket
import time

from lab import start, until, up, vnetctl
from vnettest.ktap import case, contains, equal, run, true
from vnettest.netns import Child, NetNS

KEY = "--key-file", "/root/fb.key"
TOPOLOGIES = f"{os.path.dirname(os.path.realpath(__file__))}/../../topologies"


def lab():
    """The example topologies/auto.yaml."""
    with open(f"{TOPOLOGIES}/auto.yaml", encoding="utf-8") as file:
        up(file.read())


class Auto:
    """Controllers that run beside, and what they tell."""

    def __init__(self, *args):
        self.process = start("fb", "auto", *args, "--interval", "10ms", "--json")
        self.told = []

    def until(self, event, *stack):
        """Waits for an event about a stack, from the top."""
        while True:
            line = self.process.stdout.readline()
            true(line.startswith("{"), f"before {event} {stack}: {line} {self.told}")
            self.told.append(json.loads(line))
            last = self.told[-1]
            if (last["event"], last.get("stack", [])) == (event, list(stack)):
                return last

    def end(self):
        """A signal ends it."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait()
        equal(self.process.returncode, 0)


def link(*settings):
    """Changes the wire."""
    vnetctl("link", "set", "a-b", *settings)


def types(node):
    """Types of the blocks at the places of the slot, from the top."""
    found = {block["name"]: block for block in json.loads(vnetctl("fb", "list", node, "--json").out)}
    return [found[name]["type"] for name in ("compress", "crypt", "arq", "fec")]


def both(*wanted):
    """Both ends have this stack, from the top."""
    for node in "ab":
        equal([name for name in types(node) if name != "forward"], list(wanted), node)


def strict():
    """Waits until `crypt` takes nothing that is not sealed."""
    for node in "ab":
        until(lambda: vnetctl("fb", "get", node, "crypt", "plain").out.strip() == "false", "strict")


def parts(number):
    """A piece of what TCP carries."""
    return number.to_bytes(4, "big") * 250


def sends(seconds):
    """A TCP connection with 20 pieces a second; how many there were."""
    with NetNS.named("auto-a"):
        sock = socket.create_connection(("10.9.0.2", 7))
    with sock:
        for number in range(20 * seconds):
            sock.sendall(parts(number))
            time.sleep(0.05)
    return 20 * seconds


@case("the stack follows the link under a stream and a TCP connection")
def follows():
    """From there on where `arq` repairs what the link loses, nothing is missing, whatever changes."""
    lab()
    with NetNS.named("auto-b"):
        server = socket.create_server(("10.9.0.2", 7))
    auto = Auto("a", "b", "--need", "reliable", *KEY)
    auto.until("chosen")
    auto.until("settled")
    both()
    link("loss", "4%")
    told = auto.until("settled", "arq")
    true(told["loss"] >= 0.01 and 0.018 < told["round_trip"] < 0.03, str(told))
    both("arq")
    stream = start("exec", "b", "stream", "receive")
    start("exec", "a", "stream", "send", "b", "25")
    child = Child(lambda: sends(25))
    link("delay", "60ms")
    auto.until("settled", "arq", "fec")
    both("arq", "fec")
    time.sleep(2)
    link("loss", "0%", "delay", "10ms")
    auto.until("settled")
    both()
    link("rate", "900kbit")
    auto.until("settled", "compress")
    both("compress")
    auto.end()
    both("compress")
    auto = Auto("a", "b", "--need", "confidential", *KEY)
    auto.until("settled", "compress", "crypt")
    strict()
    auto.end()
    auto = Auto("a", "b", *KEY)
    auto.until("settled", "compress")
    auto.end()
    both("compress")
    said = stream.stdout.read()
    contains(said, "2500 sent, 0 missing")
    with server, server.accept()[0] as taken:
        got = b""
        while part := taken.recv(1 << 16):
            got += part
    equal(got == b"".join(parts(number) for number in range(child.result())), True, "TCP")
    for node in "ab":
        for block in json.loads(vnetctl("fb", "list", node, "--json").out):
            equal({k: v for k, v in block["counters"].items() if k.startswith("drop")}, {}, f"{node} {block['name']}")


@case("one controller ends and another one takes its place")
def again():
    """The stack goes on, and the new one brings what its end needs."""
    lab()
    link("loss", "4%")
    one, other = Auto("a", "--need", "reliable"), Auto("b")
    one.until("settled", "arq")
    one.end()
    other.until("silent")
    both("arq")
    one = Auto("a", "--need", "low-latency")
    one.until("settled", "fec")
    both("fec")


@case("mistakes are told with what to do")
def mistakes():
    """Before anything is changed."""
    lab()

    def wrong(text, *words):
        contains(vnetctl("fb", "auto", *words, status=None).err, text)

    wrong("there are reliable, confidential, low-latency", "a", "--need", "fast")
    wrong("it is from 1ms to 10s", "a", "--interval", "0s")
    wrong("lab auto has no node c", "c")
    wrong("node a: /root/key: No such file or directory", "a", "--key-file", "/root/key")
    wrong("node a: /etc/hostname: others may read the key, the mode is 0644", "a", "--key-file", "/etc/hostname")
    wrong("node a: root/fb.key: say where it is in the node, from `/` on", "a", "--key-file", "root/fb.key")
    wrong("node a: /root: it is no file", "a", "--key-file", "/root")
    # A link leads to where it does in the node; what is there is not told.
    vnetctl("exec", "a", "sh", "-c", "umask 77; echo not-hidden >/run/wrong.key; ln -s /run/wrong.key /run/link.key")
    wrong("node a: /run/link.key: a key has 32, 48 or 64 hexadecimal digits", "a", "--key-file", "/run/link.key")
    true("not-hidden" not in vnetctl("fb", "auto", "a", "--key-file", "/run/link.key", status=None).err)
    wrong("node a: there is no place for a stack: it needs blocks red-fec, red-arq, red-crypt, red-compress of type forward", "a:red")
    vnetctl("fb", "replace", "a", "arq", "--type", "counter")
    wrong("block arq is of type counter, which a controller does not take out", "a")
    vnetctl("fb", "replace", "a", "arq", "--type", "forward", "--drop-state")
    vnetctl("fb", "unbind", "a", "arq", "crypt")
    wrong("node a: block crypt is not bound to arq below it", "a")
    vnetctl("fb", "bind", "a", "arq", "crypt")
    vnetctl("fb", "rm", "a", "control", "--unbind")
    wrong("node a: there is no block control of type socket, by which the controllers talk", "a")


run()

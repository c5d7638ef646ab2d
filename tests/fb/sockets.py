#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The blocks `socket` and `frame`: applications talk through chains."""

import ctypes
import errno
import os
import select
import socket
import threading
import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import case, contains, defer, equal, raises, run, true
from vnettest.links import Link
from vnettest.netns import NetNS, run as command
from vnettest.ynl import Family

FAMILY, CHAIN = 12, 7
MACS = {"a": b"\x02\0\0\0\0\x0a", "b": b"\x02\0\0\0\0\x0b"}


def opened(ns, chain=CHAIN, kind=socket.SOCK_DGRAM):
    """A socket on a chain of a namespace."""
    with ns:
        sock = socket.socket(FAMILY, kind, chain)
    defer(sock.close)
    sock.settimeout(20)
    return sock


def conversation(*middle):
    """A link whose ends have a socket each, above blocks of these types; (link, {end: graph})."""
    link, graphs = Link(), {}
    for end, other in (("a", "b"), ("b", "a")):
        graph = graphs[end] = Graph(link.ns[end])
        graph.add("dev", "eth", device=end)
        graph.add("frame", "frame", source=MACS[end], destination=MACS[other])
        for kind in middle:
            graph.add(kind, kind)
        graph.add("app", "socket", chain=CHAIN)
        graph.chain("dev:host:wire", "frame", *middle, "app")
    return link, graphs


def until(holds, what):
    """Waits until something holds."""
    end = time.monotonic() + 20
    while not holds():
        true(time.monotonic() < end, what)
        time.sleep(0.002)


@case("datagrams of all sizes go both ways")
def talk():
    """As they were sent, one by one; padding on the wire is not part of them."""
    link, graphs = conversation("counter")
    socks = {end: opened(ns) for end, ns in link.ns.items()}
    equal(graphs["a"].get("app").params["family"], FAMILY)
    for sender, receiver in (("a", "b"), ("b", "a")):
        for size in (0, 1, 45, 46, 47, 1000, 1498):
            data = os.urandom(size)
            equal(socks[sender].send(data), size)
            equal(socks[receiver].recv(2000), data, f"{size} bytes")
    socks["a"].send(b"0123456789")
    true(select.select([socks["b"]], [], [], 20)[0], "it can be read")
    equal(socks["b"].recv(4), b"0123", "the rest is lost")
    socks["b"].settimeout(0)
    raises(BlockingIOError, socks["b"].recv, 10)
    socks["b"].settimeout(0.01)
    raises(TimeoutError, socks["b"].recv, 10)
    socks["b"].settimeout(20)
    equal(raises(OSError, socks["a"].send, bytes(65536)).errno, errno.EMSGSIZE)
    equal(graphs["b"].get("counter").params["up-packets"], 8)
    # Neither type nor destination are those of the block at the other end.
    graphs["a"].set("frame", protocol=0x9999)
    socks["a"].send(b"x")
    graphs["a"].set("frame", protocol=0x88B5, destination=b"\x02\0\0\0\0\x0c")
    socks["a"].send(b"y")
    until(lambda: graphs["b"].get("frame").drops == {"filtered": 2}, "both are filtered")
    for graph in graphs.values():
        for name in ("dev", "app", "counter"):
            equal(graph.get(name).drops, {}, name)


@case("the functions of the C library need nothing but the number")
def libc():
    """socket, send, recv, close."""
    link, _ = conversation()
    lib = ctypes.CDLL(None, use_errno=True)
    fds = {}
    for end, ns in link.ns.items():
        with ns:
            fds[end] = lib.socket(FAMILY, int(socket.SOCK_DGRAM), CHAIN)
        true(fds[end] >= 0, "it is opened")
        defer(lib.close, fds[end])
    equal(lib.send(fds["a"], b"hello", 5, 0), 5)
    buffer = ctypes.create_string_buffer(100)
    equal((lib.recv(fds["b"], buffer, 100, 0), buffer.raw[:5]), (5, b"hello"))
    lib.send(fds["a"], b"0123456789", 10, 0)
    equal(lib.recv(fds["b"], buffer, 4, socket.MSG_TRUNC), 10, "how long it was")
    equal((lib.sendto(fds["a"], b"x", 1, 0, b"\0" * 16, 16), ctypes.get_errno()),
          (-1, errno.EISCONN))
    equal((lib.send(fds["a"], b"x", 1, socket.MSG_OOB), ctypes.get_errno()), (-1, errno.EOPNOTSUPP))


@case("every socket on a chain gets what arrives")
def many():
    """Without one it is dropped, and so is what none has room for."""
    link, graphs = conversation()
    sender = opened(link.ns["a"])
    sender.send(b"nobody")
    until(lambda: graphs["b"].get("app").drops == {"no-socket": 1}, "nobody is there")
    first, second = opened(link.ns["b"]), opened(link.ns["b"])
    equal(graphs["b"].get("app").params["sockets"], 2)
    sender.send(b"both")
    equal((first.recv(10), second.recv(10)), (b"both", b"both"))
    second.close()
    equal(graphs["b"].get("app").params["sockets"], 1)
    first.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for _ in range(50):
        sender.send(bytes(1000))
    until(lambda: graphs["b"].get("app").count("in") == 52, "all came")
    app = graphs["b"].get("app")
    full = app.drops["queue-full"]
    true(1 <= full <= 49, f"{full} of 50 found no room")
    for _ in range(50 - full):
        equal(len(first.recv(2000)), 1000)
    first.settimeout(0)
    raises(BlockingIOError, first.recv, 10)
    equal(app.count("consumed"), 51 - full)


@case("a block goes while a socket waits")
def removal():
    """The socket gets an error, now and later; a replacement keeps it."""
    link, graphs = conversation()
    graph = graphs["b"]
    sender, sock = opened(link.ns["a"]), opened(link.ns["b"])
    for state in ("keep", "drop"):
        graph.replace("app", state=state)
        sender.send(state.encode())
        equal(sock.recv(10), state.encode(), "the socket is that of the new block")
    sock.settimeout(None)
    errors = []

    def wait():
        try:
            sock.recv(10)
        except OSError as error:
            errors.append(error.errno)

    waiters = [threading.Thread(target=wait) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    time.sleep(0.05)
    graph.unbind(upper="app")
    equal(raises(OSError, sock.send, b"x").errno, errno.ENETUNREACH, "nothing is bound")
    graph.remove("app")
    for waiter in waiters:
        waiter.join(20)
    equal(errors, [errno.ENETDOWN] * len(waiters))
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    for _ in range(2):
        true(poll.poll(0), "whoever asks is told that nothing will come")
    for _ in range(2):
        equal(raises(OSError, sock.recv, 10).errno, errno.ENETDOWN)
        equal(raises(OSError, sock.send, b"x").errno, errno.ENETDOWN)
    equal(raises(OSError, opened, link.ns["b"]).errno, errno.EPROTONOSUPPORT)
    graph.add("app", "socket", chain=CHAIN)
    graph.bind("app", "frame")
    again = opened(link.ns["b"])
    sender.send(b"again")
    equal(again.recv(10), b"again")
    graph.replace("app", chain=CHAIN + 1)
    equal(raises(OSError, again.recv, 10).errno, errno.ENETDOWN, "it was on another chain")
    opened(link.ns["b"], CHAIN + 1)


@case("a socket keeps its namespace and the module")
def lifetimes():
    """Whatever is closed first."""
    graph = Graph()
    graph.add("app", "socket", chain=CHAIN)
    graph.add("hold", "queue", open=0)
    graph.add("end", "discard")
    graph.bind("app", "hold")
    graph.bind("hold", "end")
    sock = opened(graph.ns)
    said = command("rmmod vnet", check=False)
    true(said.returncode != 0, "the module is in use")
    contains(said.stderr, "in use")
    sock.send(b"held")
    equal(graph.get("hold").count("queued"), 1)
    # The packet outlives its socket, and goes with the block.
    sock.close()
    graph.clear()
    graph.add("app", "socket", chain=CHAIN)
    sock = opened(graph.ns)
    graph.ns.close()
    equal(raises(OSError, sock.send, b"x").errno, errno.ENETUNREACH)
    sock.close()


# What holds packets, and for how long, and what is done to it when it does.
HOLD = {
    "a closed queue": (("queue", {"open": 0}), None),
    "one that is closed": (("queue", {"rate": 4000}), {"open": 0}),
    "one whose wire is slow": (("queue", {"rate": 1}), None),
    "one whose wire becomes slow": (("queue", {"rate": 4000}), {"rate": 1}),
    "one that nobody answers": (("arq", {"frames": 0, "window": 1, "timeout": 200, "tries": 100}),
                                None),
}


@case("a packet that waits for long does not keep the namespace", *HOLD)
def namespaces(what):
    """Nor its socket: both go, and the blocks with them."""
    (kind, params), change = HOLD[what]
    graph = Graph()
    graph.add("app", "socket", chain=CHAIN)
    graph.add("hold", kind, **params)
    graph.add("end", "discard")
    graph.bind("app", "hold")
    graph.bind("hold", "end")
    family = Family()
    defer(family.close)
    number = family.do("instance-new", {"netns-fd": graph.ns.fd})["id"]
    sock = opened(graph.ns)
    for _ in range(4):
        sock.send(bytes(100))
    true(graph.get("hold").count("queued"), "some wait")
    if change:
        graph.set("hold", **change)
    sock.close()
    graph.ns.close()
    until(lambda: number not in [i["id"] for i in family.dump("instance-get")[0]], "it is gone")


@case("what is refused")
def refusals():
    """With the reason, or the error that other families give."""
    graph = Graph()
    graph.add("app", "socket", chain=CHAIN)
    refused("EEXIST", "a chain of this number exists in the network namespace",
            graph.add, "other", "socket", chain=CHAIN)
    refused("EINVAL", "a block of this type needs the parameter chain", graph.add, "other", "socket")
    graph.add("end", "counter")
    graph.add("frame", "frame")
    graph.bind("app", "end")
    graph.add("src", "ratelimited-source", rate=0)
    refused("EPROTOTYPE", "one side carries frames, the other one datagrams",
            graph.bind, "end", "src")
    other = Graph(NetNS())
    other.add("app", "socket", chain=CHAIN)     # each namespace has its own
    for ns, chain, kind, error in (
            (graph.ns, CHAIN, socket.SOCK_STREAM, errno.ESOCKTNOSUPPORT),
            (graph.ns, CHAIN, socket.SOCK_RAW, errno.ESOCKTNOSUPPORT),
            (graph.ns, CHAIN + 1, socket.SOCK_DGRAM, errno.EPROTONOSUPPORT),
            (NetNS(), CHAIN, socket.SOCK_DGRAM, errno.EPROTONOSUPPORT)):
        equal(raises(OSError, opened, ns, chain, kind).errno, error)
    kept = [opened(graph.ns) for _ in range(64)]
    equal(raises(OSError, opened, graph.ns).errno, errno.ENOSPC)
    kept.pop().close()
    opened(graph.ns)


run()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The block `crypt`.

What is on the wire is opened by the kernel's AEAD through AF_ALG, too, which knows nothing of the
block.
"""

import hashlib
import os
import select
import socket
import struct
import time

from vnettest.blocks import Graph, refused
from vnettest.ktap import Skip, case, defer, equal, run, true
from vnettest.links import SLOW, Link
from vnettest.netns import Child
from vnettest.programs import applications, through_tcp

SIZE = 100
ROUNDS = 2 if SLOW else 4
PROTOCOL = 0x88B6   # not that of the frames
KEY, OTHER = bytes(range(32)), bytes(range(32, 64))
GCM, CHACHA = "gcm(aes)", "rfc7539(chacha20,poly1305)"
RESTRICTION = "/proc/sys/crypto/af_alg_restrict"
HEADER = struct.Struct("!12sHH2sHQ12s")     # from the addresses on
ADDED = HEADER.size - 12 + 16
ONE_PEER = "02:00:00:00:00:0b"


class Line:
    """A link with the block at both ends."""

    def __init__(self, kind="crypt", **params):
        self.link, self.graphs = Link(), {}
        if kind == "crypt":
            params = {"key": KEY, "protocol": PROTOCOL, **params}
        for end, ns in self.link.ns.items():
            graph = self.graphs[end] = Graph(ns)
            graph.add("dev", "eth", device=end)
            graph.add("crypt", kind, **params)
            graph.chain("dev:host:wire", "crypt")
            graph.bind("dev:host", "crypt")

    def crypt(self, end):
        """The block of an end."""
        return self.graphs[end].get("crypt")

    def until(self, end, holds, what):
        """Waits until something holds of the block of an end; the block."""
        limit = time.monotonic() + 20
        while not holds(block := self.crypt(end)):
            true(time.monotonic() < limit, f"{what}: {block['counters']}")
            time.sleep(0.002)
        return block

    def tap(self, end="b"):
        """What is on the wire to an end."""
        with self.link.ns[end]:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        defer(sock.close)
        sock.setsockopt(263, 23, 1)         # not what is sent
        sock.bind((end, 3))                 # all protocols
        return sock

    def raw(self, end="a"):
        """A socket that sends past the block of an end, which is no longer asked."""
        self.graphs[end].unbind(upper="dev")
        with self.link.ns[end]:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        defer(sock.close)
        sock.bind((end, 0))
        return sock

    def record(self, count, end="b", target=ONE_PEER):
        """Sealed frames to an end that does not hear them."""
        self.graphs[end].unbind(upper="crypt")
        tap = self.tap(end)
        self.link.sender("a" if end == "b" else "b", target=target).send(SIZE, count)
        frames = sealed(tap, count)
        self.graphs[end].bind("crypt", "dev:wire")
        return frames


def sealed(tap, count):
    """So many sealed frames of those that a tap has."""
    frames = []
    while len(frames) < count:
        true(select.select([tap], [], [], 20)[0], f"{len(frames)} of {count} sealed frames")
        frame = tap.recv(1 << 16)
        if frame[12:14] == PROTOCOL.to_bytes(2, "big"):
            frames.append(frame)
    return frames


def header(frame):
    """Key, length, epoch and nonce of a sealed frame."""
    _, protocol, kind, key, length, epoch, nonce = HEADER.unpack(frame[:HEADER.size])
    equal((protocol, kind), (PROTOCOL, 0x700))
    return key, length, epoch, int.from_bytes(nonce, "big")


def unrestricted():
    """Programs get any algorithm; since 7.3 they have only a few unless the administrator says so."""
    def tell(level):
        with open(RESTRICTION, "w", encoding="ascii") as file:
            file.write(level)

    if not os.path.exists(RESTRICTION):
        return
    with open(RESTRICTION, encoding="ascii") as file:
        before = file.read()
    tell("0")
    defer(lambda: tell(before))


def independent(algorithm, key):
    """A function that opens sealed frames: what they were, from the Ethernet type on."""
    unrestricted()
    try:
        sock = socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET, 0)
        defer(sock.close)
        sock.bind(("aead", algorithm))
    except OSError as error:
        raise Skip(f"the kernel's AEAD cannot be used by programs: {error}") from error
    sock.setsockopt(socket.SOL_ALG, socket.ALG_SET_KEY, key)
    sock.setsockopt(socket.SOL_ALG, socket.ALG_SET_AEAD_AUTHSIZE, None, 16)

    def opened(frame):
        _, length, _, nonce = header(frame)
        whole = frame[:HEADER.size + length + 16]
        with sock.accept()[0] as op:
            op.sendmsg_afalg([whole], op=socket.ALG_OP_DECRYPT, assoclen=HEADER.size,
                             iv=nonce.to_bytes(12, "big"))
            # It would wait for more to fill a larger buffer.
            return op.recv(HEADER.size + length)[HEADER.size:]

    return opened


@case("frames are sealed on the way, and are as they were at the end", GCM, CHACHA)
def frames(algorithm):
    """As anybody else who has the key would seal them."""
    line = Line(algorithm=algorithm)
    tap, sink = line.tap(), line.link.sink()
    sizes = [60, 61, 100, 1000, 1470] * 10
    sender = line.link.sender()
    for size in sizes:
        sender.send(size)
    got = sink.collect(len(sizes))
    equal([(a.number, a.size) for a in got], list(enumerate(sizes)))
    a, b = line.crypt("a"), line.crypt("b")
    equal((a.drops, b.drops), ({}, {}))
    equal((a.params["sealed"], b.params["opened"], b.params["rejected"]), (50, 50, 0))
    equal(a.count("out", "bytes") - a.count("in", "bytes"), 50 * ADDED)
    equal((b.count("in", "bytes"), b.count("out", "bytes")), (a.count("out", "bytes"), sum(sizes)))
    digest = hashlib.sha256(KEY).digest()
    equal(("key" in a.params, a.params["key-id"]), (False, digest[:8]), "the key is not told")
    wire = sealed(tap, len(sizes))
    heads = [header(frame) for frame in wire]
    equal([(key, length) for key, length, *_ in heads],
          [(digest[:2], size - 12) for size in sizes])
    equal(len({epoch for *_, epoch, _ in heads}), 1)
    first = heads[0][3]
    equal([nonce for *_, nonce in heads], [(first + n) % (1 << 96) for n in range(50)])
    opened = independent(algorithm, KEY)
    for number, (frame, size) in enumerate(zip(wire, sizes)):
        rest = opened(frame)
        equal(rest[:6], b"\x88\xb5" + number.to_bytes(4, "little"))
        equal(rest[14:], bytes(size - 26))
        true(bytes(16) not in frame[HEADER.size:], "nothing of it can be read")


@case("what was changed on the way is not let in", GCM, CHACHA)
def changed(algorithm):
    """Whatever bit it is, and wherever it ends."""
    line = Line(algorithm=algorithm)
    frame, = line.record(1)
    sink, raw = line.link.sink(), line.raw()
    count = 0
    for place in range(len(frame)):
        for bit in (1 << place % 8,) if SLOW else (1, 2, 4, 8, 16, 32, 64, 128):
            wrong = bytearray(frame)
            wrong[place] ^= bit
            raw.send(wrong)
            count += 1
    for length in range(14, len(frame), 3 if SLOW else 1):
        raw.send(frame[:length])
        count += 1
    block = line.until("b", lambda b: b.count("in") >= count, "all came")
    equal((block.params["opened"], block.params["rejected"], block.count("out")), (0, count, 0))
    equal(sum(block.drops.values()), count)
    equal(set(block.drops), {"authentication", "malformed"})
    raw.send(frame + bytes(5))
    equal([(a.number, a.size) for a in sink.collect(1)], [(0, SIZE)], "with something behind it")
    equal(line.crypt("b").params["opened"], 1)


@case("packets that come twice, or too late")
def replayed():
    """Within the window each is let in once, beyond it none."""
    line = Line(window=4)
    frames_ = line.record(10)
    raw = line.raw()

    def expect(sent, opened, text):
        before = line.crypt("b")
        for frame in sent:
            raw.send(frame)
        now = line.until("b", lambda b: b.count("in") - before.count("in") == len(sent), text)
        equal(now.params["opened"] - before.params["opened"], opened, text)
        equal(now.drops.get("replayed", 0) - before.drops.get("replayed", 0), len(sent) - opened,
              text)

    expect([frames_[8]], 1, "the first one that is heard")
    expect(frames_[:8], 3, "three are within the window")
    expect(frames_, 1, "each once")
    line.graphs["b"].replace("crypt")
    expect(frames_, 0, "a replacement knows them")
    line.graphs["b"].set("crypt", key=KEY)
    expect(frames_, 0, "it is the same key")
    line.graphs["b"].set("crypt", window=0)
    expect(frames_ + frames_, 20, "nobody looks")
    line.graphs["b"].set("crypt", window=4)
    expect(frames_, 0, "and looks again")


@case("who begins anew goes on, and what was recorded before is old")
def epochs():
    """Nonces are others then."""
    line = Line()
    old = line.record(5)
    line.graphs["a"].replace("crypt")
    same = line.record(5)
    line.graphs["a"].replace("crypt", state="drop")
    new = line.record(5)
    heads = [header(frame) for frame in old + same + new]
    nonces, epochs_ = [h[3] for h in heads], [h[2] for h in heads]
    equal(nonces[:10], [(nonces[0] + n) % (1 << 96) for n in range(10)], "goes on counting")
    true(not set(nonces[:10]) & set(nonces[10:]), "others")
    true(epochs_[0] == epochs_[9] < epochs_[10], "later")
    raw = line.raw()
    for frame in old + new + same + old:
        raw.send(frame)
    block = line.until("b", lambda b: b.count("in") == 20, "all came")
    equal((block.params["opened"], block.drops), (10, {"replayed": 10}))


@case("what an end has sent itself is not let in")
def reflected():
    """Although it is sealed with the right key."""
    line = Line()
    frames_ = line.record(3)
    raw = line.raw("b")
    for frame in frames_:
        raw.send(frame)
    block = line.until("a", lambda b: sum(b.drops.values()) == 3, "all came")
    equal((block.params["opened"], block.drops), (0, {"replayed": 3}))


@case("another key, and one that is received as well")
def keys():
    """Keys change under flows both ways; nothing is lost."""
    line = Line()
    line.link.sender().send(SIZE, 3)
    line.until("b", lambda b: b.params["opened"] == 3, "it is the same key")
    line.graphs["b"].set("crypt", key=OTHER)
    line.link.sender().send(SIZE, 3)
    block = line.until("b", lambda b: b.count("in") == 6, "all came")
    equal((block.drops, block.params["rejected"]), ({"authentication": 3}, 3))
    line.graphs["b"].set("crypt", other_key=KEY)
    block = line.crypt("b")
    equal([block.params[name] for name in ("key-id", "other-key-id")],
          [hashlib.sha256(key).digest()[:8] for key in (OTHER, KEY)])
    line.graphs["b"].set("crypt", key=KEY, other_key=b"")
    true("other-key-id" not in line.crypt("b").params, "there is none")
    line.link.sender().send(SIZE, 3)
    line.until("b", lambda b: b.params["opened"] == 6, "it is the same key again")

    now, new = KEY, OTHER
    with Flows(line, 100 * ROUNDS) as flows:
        for _ in range(ROUNDS):
            line.graphs["b"].set("crypt", other_key=new)
            line.graphs["a"].set("crypt", key=new, other_key=now)
            line.graphs["b"].set("crypt", key=new, other_key=now)
            now, new = new, now
            time.sleep(0.02)
            for end in "ab":
                line.graphs[end].set("crypt", other_key=b"")
    flows.arrive()
    equal(line.crypt("a").drops, {})


class Flows:
    """Numbered frames from each of some ends, all of which arrive in order."""

    def __init__(self, line, count, ends="ab"):
        self.count, self.ends = count, ends
        self.sinks = {end: line.link.sink("b" if end == "a" else "a") for end in ends}
        senders = {end: line.link.sender(end, target=ONE_PEER) for end in ends}
        self.children = [Child(lambda end=end: self.send(senders[end])) for end in ends]

    def send(self, sender):
        """A little at a time."""
        for _ in range(self.count):
            sender.send(SIZE)
            time.sleep(0.0003)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self.children:
            child.result()

    def arrive(self):
        """Checks that they did."""
        for end in self.ends:
            got = self.sinks[end].collect(self.count, 30)
            equal([a.number for a in got], list(range(self.count)))
            equal({a.size for a in got}, {SIZE})
            self.sinks[end].silent(0.05)


@case("replaced under flows")
def replaced():
    """By one that goes on; each frame is sealed and opened once."""
    times = 30 if SLOW else 200
    line = Line()
    count = 4 * times
    with Flows(line, count) as flows:
        for _ in range(times):
            for end in "ab":
                line.graphs[end].replace("crypt")
    flows.arrive()
    for end in "ab":
        block = line.crypt(end)
        equal((block.params["sealed"], block.params["opened"], block.drops), (count, count, {}))


@case("the stack changes under flows both ways")
def switched():
    """From `forward` to `crypt` and back: first all can be received, then all is sealed."""
    line = Line(kind="forward")
    params = {"key": KEY, "protocol": PROTOCOL}
    with Flows(line, 100 * ROUNDS) as flows:
        for _ in range(ROUNDS):
            for end in "ab":
                line.graphs[end].replace("crypt", "crypt", send=0, plain=1, **params)
            for change in ({"send": 1}, {"plain": 0}):
                for end in "ab":
                    line.graphs[end].set("crypt", **change)
            time.sleep(0.02)
            for change in ({"plain": 1}, {"send": 0}):
                for end in "ab":
                    line.graphs[end].set("crypt", **change)
            for end in "ab":
                line.graphs[end].replace("crypt", "forward")
    flows.arrive()


@case("from forward to crypt to arq and back")
def protocols():
    """One end after the other, the receiving one first; all arrive, once and in order."""
    line = Line(kind="forward")
    a, b = line.graphs["a"], line.graphs["b"]
    crypt = {"key": KEY, "protocol": PROTOCOL}
    with Flows(line, 150 * ROUNDS, "a") as flows:
        for _ in range(ROUNDS):
            b.replace("crypt", "crypt", plain=1, **crypt)
            a.replace("crypt", "crypt", **crypt)
            time.sleep(0.02)
            a.set("crypt", send=0)
            for graph in (b, a):
                graph.replace("crypt", "arq", timeout=20, protocol=PROTOCOL)
            time.sleep(0.02)
            for graph in (a, b):
                graph.replace("crypt", "forward", state="drop")
    flows.arrive()


@case("what is not sealed")
def plain():
    """It passes only where that is asked for."""
    line = Line()
    sink = line.link.sink()
    line.graphs["a"].set("crypt", send=0)
    line.link.sender().send(SIZE, 3)
    block = line.until("b", lambda b: b.count("in") == 3, "all came")
    equal((block.drops, block.params["rejected"]), ({"authentication": 3}, 3))
    line.graphs["b"].set("crypt", plain=1)
    line.link.sender().send(SIZE, 3)
    line.graphs["a"].set("crypt", send=1)
    line.link.sender().send(SIZE, 3)
    equal([a.number for a in sink.collect(6)], [0, 1, 2] * 2)
    equal(line.crypt("b").params["opened"], 3)


@case("TCP, and datagrams of sockets", GCM, CHACHA)
def programs(algorithm):
    """With checksums and segments that devices would have made."""
    line = Line(algorithm=algorithm)
    data = bytes(range(256)) * 1000
    equal(through_tcp(line.link, data, mtu=1500 - ADDED) == data, True)
    equal((line.crypt("a").drops, line.crypt("b").drops), ({}, {}))
    socks, _ = applications(Link(), ("crypt", {"frames": 0, "key": KEY, "algorithm": algorithm}))
    for data in (b"", b"x", b"x" * 1400, bytes(1400)):
        for sender, receiver in ("ab", "ba"):
            socks[sender].send(data)
            equal(socks[receiver].recv(2000), data)


@case("what is refused")
def refusals():
    """With the reason; nothing has changed then."""
    graph = Graph()
    refused("EINVAL", "a block of this type needs the parameter key", graph.add, "c", "crypt")
    lengths = "the algorithm does not take keys of that length"
    refused("EINVAL", lengths, graph.add, "c", "crypt", key=bytes(17))
    refused("EINVAL", lengths, graph.add, "c", "crypt", key=bytes(16), algorithm=CHACHA)
    refused("EINVAL", lengths, graph.add, "c", "crypt", key=KEY, other_key=b"x")
    refused("EINVAL", "the algorithm is gcm(aes) or rfc7539(chacha20,poly1305)",
            graph.add, "c", "crypt", key=KEY, algorithm="rot13")
    graph.add("c", "crypt", key=bytes(16))
    before = graph.get("c").params
    refused("EINVAL", lengths, graph.set, "c", key=bytes(17))
    refused("EINVAL", lengths, graph.set, "c", key=KEY, other_key=bytes(31))
    refused("EINVAL", lengths, graph.replace, "c", algorithm=CHACHA)
    equal(graph.get("c").params, before)
    graph.set("c", key=bytes(24))
    graph.replace("c", key=KEY, algorithm=CHACHA)
    equal(graph.get("c").params["algorithm"], CHACHA)


run()

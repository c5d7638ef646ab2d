# SPDX-License-Identifier: GPL-2.0
"""Two wires that are measured in the same way: a link of ours, and veth with netem.

Both have a device `a` and a device `b`, each in a namespace of its own, and what a sends
is impaired.
"""

import ctypes
import socket
import struct
import time

from vnettest import packets
from vnettest.ktap import defer, equal
from vnettest.links import Link
from vnettest.netns import NetNS, wait_up
from vnettest.packets import HEADER

SEED = 0x5EED
ROOM = 10**6            # frames: no queue is ever full unless that is what is measured
_NUMBER = struct.Struct("=IQ")
_MSG_ERRQUEUE = 0x2000
_SO_TIMESTAMPING, _SO_ATTACH_FILTER = 37, 26
# Stamp when a frame is handed to the device's queue; by the software clock, without the frame.
_TX_SCHED_STAMPS = 1 << 8 | 1 << 4 | 1 << 11

# Sleeps end when they should, not up to 50 us later.
ctypes.CDLL(None).prctl(29, 1, 0, 0, 0)


class Vnet(Link):
    """Our link; arguments are those of what a sends."""

    kind = "vnet"

    def __init__(self, link=None, **parameters):
        values = {"queue-packets": ROOM}
        values.update({k.replace("_", "-"): v for k, v in parameters.items()})
        super().__init__(a=values, link={"seed": SEED, **(link or {})})

    def macs(self):
        """The addresses of a and b."""
        ends = self.get()
        return [ends[f"end-{e}"]["address"].hex(":") for e in "ab"]


class Veth:
    """A pair of veth; each argument is what `tc` is to add at a, after `dev a`."""

    kind = "veth"

    def __init__(self, *qdiscs):
        self.ns = {"a": NetNS(), "b": NetNS()}
        other = f"/proc/self/fd/{self.ns['b'].inheritable()}"
        self.ns["a"].run(f"ip link add name a type veth peer name b netns {other}")
        self.ns["b"].run(f"ip link set dev b up")
        self.ns["a"].run("ip link set dev a txqueuelen 30000 up")
        wait_up(self.ns["a"], "a")
        for words in qdiscs:
            what, rest = words.split(" ", 1)
            self.ns["a"].run(f"tc {what} add dev a {rest}")

    sender = Link.sender
    sink = Link.sink

    def macs(self):
        """The addresses of a and b."""
        return [self.sender(end).sock.getsockname()[4].hex(":") for end in "ab"]


def netem(options):
    """veth with netem as it should be set up: with room for all frames, and seeded."""
    return Veth(f"qdisc root netem limit {ROOM} seed {SEED} {options}")


class Traffic:
    """Numbered frames from a to b."""

    def __init__(self, wire):
        self.wire = wire
        self.out, self.sink = wire.sender(), wire.sink()
        self.stamped = False

    def flood(self, sizes):
        """Sends frames of these sizes at once."""
        frames = {size: bytearray(self.out.header.ljust(size, b"\0")) for size in set(sizes)}
        send = self.out.sock.send
        for number, size in enumerate(sizes, self.out.next):
            _NUMBER.pack_into(frames[size], HEADER, number, 0)
            send(frames[size])
        self.out.next += len(sizes)

    def paced(self, count, size, gap):
        """Sends frames `gap` ns apart; each knows when it was sent."""
        begin = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        for i in range(count):
            left = begin + i * gap - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            if left > 0:
                time.sleep(left / 1e9)
            self.out.send(size)

    def stamp(self):
        """From now on the kernel stamps frames when they are handed to the device's queue."""
        self.out.sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _TX_SCHED_STAMPS)
        self.stamped = True

    def handed(self):
        """The stamp of the frame that was sent last, ns."""
        control = self.out.sock.recvmsg(64, 256, _MSG_ERRQUEUE)[1]
        for _, kind, data in control:
            if kind == _SO_TIMESTAMPING:
                seconds, nanos = struct.unpack_from("=qq", data)
                return seconds * 10**9 + nanos
        raise OSError("a stamp without a time")

    def drain(self, after=1.0):
        """Waits so many seconds, then gives all frames that have come."""
        time.sleep(after)
        self.sink.sock.setblocking(False)
        frames = []
        try:
            while True:
                frames.append(self.sink.one())
        except BlockingIOError:
            pass
        self.sink.sock.setblocking(True)
        equal(self.sink.lost(), 0, "frames that the sink had no room for")
        return frames


class Sampler:
    """Stamps of one of so many frames of pktgen, as they arrive at b."""

    def __init__(self, wire, every):
        with wire.ns["b"]:
            self.sink = packets.Sink("b", 0x0800)
        defer(self.sink.close)
        # Load the number at 46, divide, take the frame if nothing is left.
        program = [(0x20, 0, 0, 46), (0x94, 0, 0, every), (0x15, 0, 1, 0), (0x06, 0, 0, 0xFFFF),
                   (0x06, 0, 0, 0)]
        code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *p) for p in program))
        self.sink.sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER,
                                  struct.pack("@HP", len(program), ctypes.addressof(code)))

    def all(self, after=1.0):
        """Waits so many seconds, then gives (number, time) of each."""
        time.sleep(after)
        self.sink.sock.setblocking(False)
        got = []
        try:
            while True:
                at = self.sink.one().at
                got.append((struct.unpack_from("!I", self.sink.buffer, 46)[0], at))
        except BlockingIOError:
            return got

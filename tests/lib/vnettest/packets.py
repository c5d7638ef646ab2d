# SPDX-License-Identifier: GPL-2.0
"""Numbered Ethernet frames: a sender, and a sink that knows when each arrived.

Times are CLOCK_REALTIME in ns. The kernel stamps a received packet with it, and
nothing sets the guest's clock while tests run, so that the sender's clock and
the sink's stamps can be compared.
"""

import select
import socket
import struct
import time

from .ktap import Failure

ETH_P_ALL = 3
ETH_P_IP, ETH_P_IPV6, ETH_P_8021Q = 0x0800, 0x86DD, 0x8100
ETH_P_TEST = 0x88B5                 # for local experiments
HEADER = 14
_SO_TIMESTAMPNS = 35
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
_SOL_PACKET, _PACKET_STATISTICS, _PACKET_IGNORE_OUTGOING = 263, 6, 23
_TIMESPEC = struct.Struct("=qq")
_NUMBER = struct.Struct("=IQ")      # number, time of sending
MIN = HEADER + _NUMBER.size


def now():
    """The clock of the stamps."""
    return time.clock_gettime_ns(time.CLOCK_REALTIME)


def mac(text):
    """Six bytes."""
    return bytes.fromhex(text.replace(":", ""))


def udp(source, target, port, dscp=0, ecn=0, payload=1000, to=(10, 0, 0, 2)):
    """An Ethernet frame with a UDP packet; its flow is that of the port."""
    length = 20 + 8 + payload
    header = struct.pack("!BBHHHBBH4s4s", 0x45, dscp << 2 | ecn, length, 0, 0, 64, 17, 0,
                         bytes([10, 0, 0, 1]), bytes(to))
    total = sum(struct.unpack("!10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    header = header[:10] + struct.pack("!H", ~total & 0xFFFF) + header[12:]
    return (mac(target) + mac(source) + struct.pack("!H", ETH_P_IP) + header +
            struct.pack("!HHHH", port, 9, 8 + payload, 0) + bytes(payload))


def udp6(source, target, port, dscp=0, ecn=0, payload=1000, to="fd00::2"):
    """The same with IPv6."""
    header = struct.pack("!IHBB16s16s", 6 << 28 | (dscp << 2 | ecn) << 20, 8 + payload, 17, 64,
                         socket.inet_pton(socket.AF_INET6, "fd00::1"), socket.inet_pton(socket.AF_INET6, to))
    return (mac(target) + mac(source) + struct.pack("!H", ETH_P_IPV6) + header +
            struct.pack("!HHHH", port, 9, 8 + payload, 0) + bytes(payload))


class Sender:
    """Sends numbered frames through a device of the present namespace."""

    def __init__(self, device, target="ff:ff:ff:ff:ff:ff", source="02:00:00:00:00:01"):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        try:
            self.sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, 1 << 28)
        except PermissionError:
            pass    # in a user namespace; then a sender waits for the wire now and then
        self.sock.bind((device, 0))
        self.header = mac(target) + mac(source) + struct.pack("!H", ETH_P_TEST)
        self.next = 0

    def close(self):
        """Closes the socket."""
        self.sock.close()

    def frame(self, size):
        """The next frame, of so many bytes with the Ethernet header."""
        frame = (self.header + _NUMBER.pack(self.next, now())).ljust(size, b"\0")
        self.next += 1
        return frame

    def send(self, size, count=1):
        """Sends frames; the times just before the first and just after the last."""
        before = now()
        for _ in range(count):
            self.sock.send(self.frame(size))
        return before, now()


class Arrival:
    """A frame at the sink."""

    __slots__ = ("number", "sent", "at", "size")

    def __init__(self, number, sent, at, size):
        self.number, self.sent, self.at, self.size = number, sent, at, size

    def __repr__(self):
        return f"<{self.number}: {self.size} bytes at {self.at}>"


class Sink:
    """Receives the test's frames at a device of the present namespace."""

    def __init__(self, device, ethertype=ETH_P_TEST):
        self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 28)
        self.sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.sock.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        self.sock.bind((device, ethertype))
        self.buffer = bytearray(1 << 17)

    def close(self):
        """Closes the socket."""
        self.sock.close()

    def fileno(self):
        """For select."""
        return self.sock.fileno()

    def one(self):
        """The next frame."""
        size, control, _, _ = self.sock.recvmsg_into([self.buffer], 64)
        seconds, nanos = _TIMESPEC.unpack(control[0][2])
        number, sent = _NUMBER.unpack_from(self.buffer, HEADER)
        return Arrival(number, sent, seconds * 10**9 + nanos, size)

    def collect(self, count, timeout=10):
        """Waits for so many frames; fails if they do not come in a time."""
        frames, end = [], time.monotonic() + timeout
        while len(frames) < count:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                raise Failure(f"{len(frames)} of {count} frames came within {timeout} s")
            frames.append(self.one())
        return frames

    def silent(self, seconds):
        """Nothing comes for a time."""
        if select.select([self.sock], [], [], seconds)[0]:
            raise Failure(f"a frame came: {self.one()}")

    def lost(self):
        """Frames that the socket had no room for, since the last call."""
        stats = self.sock.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        return struct.unpack("=II", stats)[1]

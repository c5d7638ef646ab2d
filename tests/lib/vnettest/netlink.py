# SPDX-License-Identifier: GPL-2.0
"""Netlink sockets, messages and attributes, without any library."""

import errno
import os
import select
import socket
import struct

NETLINK_ROUTE = 0
NETLINK_GENERIC = 16

NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_ECHO = 0x01, 0x02, 0x04, 0x08
NLM_F_DUMP_INTR, NLM_F_DUMP = 0x10, 0x300
NLM_F_EXCL, NLM_F_CREATE = 0x200, 0x400
NLM_F_ACK_TLVS = 0x200
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLA_F_NESTED = 0x8000
NLA_TYPE_MASK = 0x3FFF

_SOL_NETLINK = 270
_ADD_MEMBERSHIP, _NO_ENOBUFS, _CAP_ACK, _EXT_ACK, _GET_STRICT_CHK = 1, 5, 10, 11, 12
_ERR_MSG, _ERR_OFFS, _ERR_COOKIE, _ERR_POLICY, _ERR_MISS_TYPE, _ERR_MISS_NEST = range(1, 7)

HEADER = struct.Struct("=IHHII")


class NetlinkError(OSError):
    """A refusal: errno, the kernel's message, and where in the request it points to."""

    def __init__(self, code, text="", offset=None, missing=None, path=None):
        super().__init__(code, os.strerror(code))
        self.text = text            # extack message, "" if there is none
        self.offset = offset        # of the bad attribute in the request
        self.missing = missing      # type of the attribute that is missing
        self.path = path            # the bad attribute's name, from a spec

    @property
    def name(self):
        """ENOENT and so on."""
        # Python knows 95 by its other name.
        name = errno.errorcode.get(self.errno, str(self.errno))
        return "EOPNOTSUPP" if name == "ENOTSUP" else name

    def __reduce__(self):
        return (NetlinkError, (self.errno, self.text, self.offset, self.missing, self.path))

    def __str__(self):
        return f"{self.name}: {self.text!r}, attribute {self.path or self.offset}"


def attr(kind, payload):
    """One attribute."""
    if isinstance(payload, int):
        payload = struct.pack("=I", payload)
    size = 4 + len(payload)
    return struct.pack("=HH", size, kind) + payload + bytes(-size % 4)


def nest(kind, *attrs):
    """A nest of attributes."""
    return attr(kind | NLA_F_NESTED, b"".join(attrs))


def walk(data, start=0, end=None):
    """The attributes in a piece of a message: (type, offset of header, payload)."""
    end = len(data) if end is None else end
    while start + 4 <= end:
        size, kind = struct.unpack_from("=HH", data, start)
        if size < 4 or start + size > end:
            raise ValueError(f"broken attribute at {start}")
        yield kind & NLA_TYPE_MASK, start, bytes(data[start + 4:start + size])
        start += size + (-size % 4)


def attrs_of(data):
    """The same as a dictionary; the last of a kind counts."""
    return {kind: payload for kind, _, payload in walk(data)}


def _refusal(code, data, flags):
    """Decodes the attributes of an acknowledgement, or of the end of a dump."""
    error = NetlinkError(code)
    if not flags & NLM_F_ACK_TLVS:
        return error
    for kind, _, value in walk(data):
        if kind == _ERR_MSG:
            error.text = value.rstrip(b"\0").decode()
        elif kind == _ERR_OFFS:
            error.offset = struct.unpack("=I", value)[0]
        elif kind == _ERR_MISS_TYPE:
            error.missing = struct.unpack("=I", value)[0]
    return error


class Message:
    """A message that was received."""

    def __init__(self, kind, flags, payload):
        self.kind, self.flags, self.payload = kind, flags, payload


class Socket:
    """A netlink socket; it belongs to the namespace in which it was made.

    The kernel makes the pieces of a dump as large as what was ever read at once, up to 32 kB.
    """

    def __init__(self, protocol, room=1 << 18):
        self.room = room
        # For all that is received: memory of this size is mapped and unmapped each time it is allocated.
        self._buffer = memoryview(bytearray(room))
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol)
        for option in (_CAP_ACK, _EXT_ACK, _GET_STRICT_CHK):
            self.sock.setsockopt(_SOL_NETLINK, option, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.sock.bind((0, 0))
        self.sequence = 0

    def close(self):
        """Closes the socket."""
        self.sock.close()

    def join(self, group):
        """Joins a multicast group."""
        self.sock.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)

    def send(self, kind, flags, payload):
        """Sends a request and returns its number."""
        self.sequence += 1
        header = HEADER.pack(HEADER.size + len(payload), kind, flags, self.sequence, 0)
        self.sock.send(header + payload)
        return self.sequence

    def _receive(self):
        data = bytes(self._buffer[:self.sock.recv_into(self._buffer)])
        while data:
            size, kind, flags, sequence, _ = HEADER.unpack_from(data)
            yield kind, flags, sequence, data[HEADER.size:size]
            data = data[size + (-size % 4):]

    def request(self, kind, payload, flags=0):
        """Sends a request; the replies, or NetlinkError."""
        dump = flags & NLM_F_DUMP == NLM_F_DUMP
        number = self.send(kind, flags | NLM_F_REQUEST | (0 if dump else NLM_F_ACK), payload)
        replies = []
        while True:
            for kind_, flags_, sequence, data in self._receive():
                if sequence != number:
                    continue
                if kind_ == NLMSG_ERROR or kind_ == NLMSG_DONE:
                    code = -struct.unpack_from("=i", data)[0] if len(data) >= 4 else 0
                    if code:
                        # An acknowledgement has the header of the request in front.
                        skip = HEADER.size if kind_ == NLMSG_ERROR else 0
                        raise _refusal(code, data[4 + skip:], flags_)
                    if kind_ == NLMSG_DONE and flags_ & NLM_F_DUMP_INTR:
                        replies.append(Message(kind_, flags_, b""))
                    return replies
                replies.append(Message(kind_, flags_, data))

    def events(self, timeout):
        """The messages that come unasked within a time, waiting for the first."""
        if not select.select([self.sock], [], [], timeout)[0]:
            return []
        return [Message(kind, flags, data) for kind, flags, _, data in self._receive()]

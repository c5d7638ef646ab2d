#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Generic XDP programs on a link's device see each frame that it delivers."""

import ctypes
import os
import socket
import struct

from vnettest.ktap import Skip, case, defer, equal, run
from vnettest.links import MBIT, MS, Link
from vnettest.packets import ETH_P_TEST

_SYS_BPF = 321      # x86-64
_PROG_LOAD, _LINK_CREATE = 5, 28
_TYPE_XDP, _ATTACH_XDP, _SKB_MODE = 6, 37, 2
DROP, PASS, TX = 1, 2, 3
SIZE, COUNT = 500, 40


def _bpf(command, attributes):
    """bpf(2); a file descriptor."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    fd = libc.syscall(_SYS_BPF, command, buffer, 128)
    if fd < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    defer(os.close, fd)
    return fd


def _load(code):
    """A program of these instructions: (opcode, registers, offset, immediate)."""
    text = b"".join(struct.pack("=BBhi", *instruction) for instruction in code)
    keep = [ctypes.create_string_buffer(data) for data in (text, b"GPL")]
    pointers = [ctypes.addressof(data) for data in keep]
    try:
        return _bpf(_PROG_LOAD, struct.pack("=IIQQ", _TYPE_XDP, len(code), *pointers))
    except PermissionError as error:
        raise Skip("the kernel loads no programs") from error


def verdict(number):
    """A program that says the same of each frame: r0 = number; exit."""
    return _load([(0xB7, 0, 0, number), (0x95, 0, 0, 0)])


def attach(link, end, program):
    """For the rest of the case."""
    with link.ns[end]:
        index = link.get()[f"end-{end}"]["ifindex"]
        _bpf(_LINK_CREATE, struct.pack("=IIII", program, index, _ATTACH_XDP, _SKB_MODE))


LINKS = ({}, {"delay": MS}, {"rate": 100 * MBIT, "delay": MS, "duplicate": 10**19})


@case("a program drops what was delivered", *LINKS)
def drop(parameters):
    """To the link it is delivered all the same."""
    link = Link(a={**parameters, "queue-packets": 1000})
    attach(link, "b", verdict(DROP))
    sink = link.sink()
    link.sender().send(SIZE, COUNT)
    stats = link.settled()
    equal(stats["delivered-frames"], COUNT * (2 if "duplicate" in parameters else 1))
    equal(stats.drops, {})
    sink.silent(0.05)


@case("a program lets pass", *LINKS)
def passes(parameters):
    """Every frame, and every copy."""
    link = Link(a={**parameters, "queue-packets": 1000})
    attach(link, "b", verdict(PASS))
    sink = link.sink()
    link.sender().send(SIZE, COUNT)
    frames = sink.collect(COUNT * (2 if "duplicate" in parameters else 1))
    equal(sorted({frame.number for frame in frames}), list(range(COUNT)))
    equal({frame.size for frame in frames}, {SIZE})


@case("a program sends back", *LINKS)
def back(parameters):
    """The way back is the other direction, with its own parameters and counters."""
    link = Link(a={**parameters, "queue-packets": 1000}, b={"rate": MBIT, "queue-packets": 1000})
    attach(link, "b", verdict(TX))
    sink = link.sink("a")
    link.sender().send(SIZE, COUNT)
    count = COUNT * (2 if "duplicate" in parameters else 1)
    frames = sink.collect(count)
    equal(sorted({frame.number for frame in frames}), list(range(COUNT)))
    equal(link.settled("b")["delivered-frames"], count)
    equal(link.stats("b")["sent-frames"], count)


@case("a program changes frames, also such as share their data", {"duplicate": 10**19}, {})
def writes(parameters):
    """It writes into its own frame only: into the first byte, which both copies have."""
    link = Link(a={**parameters, "queue-packets": 1000})
    # r2 = data; r3 = data_end; r4 = r2 + 14; if r4 > r3 goto out; *(u8 *)(r2 + 0) ^= 0x10; out: pass
    attach(link, "b", _load([
        (0x61, 0x12, 0, 0), (0x61, 0x13, 4, 0), (0xBF, 0x24, 0, 0), (0x07, 0x04, 0, 14),
        (0x2D, 0x34, 3, 0), (0x71, 0x25, 0, 0), (0xA7, 0x05, 0, 0x10), (0x73, 0x52, 0, 0),
        (0xB7, 0, 0, PASS), (0x95, 0, 0, 0)]))
    with link.ns["b"]:
        raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        raw.bind(("b", ETH_P_TEST))
        defer(raw.close)
    link.sender(target="02:00:00:00:00:fe").send(SIZE, COUNT)
    link.settled()
    raw.settimeout(10)
    for _ in range(COUNT * (2 if "duplicate" in parameters else 1)):
        frame = raw.recv(2000)
        equal(frame[0], 0x12)


run()

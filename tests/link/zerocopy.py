#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Senders whose pages are not copied get them back before the frames arrive.

What is on a link may stay there for 100 s, so it must not hold a user's pages.
"""

import mmap
import select
import socket
import struct

from vnettest.ktap import Failure, case, equal, run
from vnettest.links import MS, S, Link
from vnettest.netns import Child

SO_ZEROCOPY, MSG_ZEROCOPY = 60, 0x4000000
SIZE = 40000
PORT = 5002


def completions(sock, wanted, timeout=5):
    """Waits until the kernel has given back so many buffers."""
    poll = select.poll()
    poll.register(sock, select.POLLERR)
    done = 0
    while done < wanted:
        if not poll.poll(timeout * 1000):
            raise Failure(f"{done} of {wanted} buffers came back within {timeout} s")
        _, control, _, _ = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
        _, _, _, _, _, first, last = struct.unpack_from("=IBBBBII", control[0][2])
        done += last - first + 1


def zerocopy(sock):
    """The socket may send without copying."""
    sock.setsockopt(socket.SOL_SOCKET, SO_ZEROCOPY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 21)


@case("UDP datagrams on a link of 30 s, and its removal")
def udp():
    """The pages come back at once, and nothing goes wrong when the frames go."""
    link = Link(link={"mtu": 65535}, delay=30 * S)
    target = link.ip()[1]
    with link.ns["a"]:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    zerocopy(sock)
    pages = mmap.mmap(-1, SIZE)
    pages.write(b"x" * SIZE)
    for _ in range(10):
        sock.sendto(pages, MSG_ZEROCOPY, (target, PORT))
    completions(sock, 10)
    equal(link.stats()["in-flight-frames"], 10)
    link.delete()
    sock.close()


@case("what is written into a page after it came back does not arrive")
def copied():
    """The receiver sees what was sent."""
    link = Link(link={"mtu": 65535}, delay=200 * MS)
    target = link.ip()[1]
    with link.ns["b"]:
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind(("", PORT))
        receiver.settimeout(5)
    with link.ns["a"]:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    zerocopy(sock)
    pages = mmap.mmap(-1, SIZE)
    pages.write(b"a" * SIZE)
    sock.sendto(pages, MSG_ZEROCOPY, (target, PORT))
    completions(sock, 1)
    pages.seek(0)
    pages.write(b"b" * SIZE)
    equal(receiver.recv(1 << 17), b"a" * SIZE)
    sock.close()
    receiver.close()


@case("TCP, whole and segmented", {"rate": 0}, {"rate": 20 * 10**6}, {"whole-time": 0, "rate": 10**9})
def tcp(parameters):
    """A megabyte arrives as it was sent, and all buffers come back."""
    link = Link(a={**parameters, "delay": 2 * MS})
    target = link.ip()[1]
    with link.ns["b"]:
        server = socket.create_server(("", PORT))
    chunks = 30

    def send():
        with link.ns["a"]:
            client = socket.create_connection((target, PORT))
        zerocopy(client)
        for number in range(chunks):
            pages = mmap.mmap(-1, SIZE)
            pages.write(bytes([number]) * SIZE)
            sent = 0
            while sent < SIZE:
                sent += client.send(memoryview(pages)[sent:], MSG_ZEROCOPY)
        completions(client, chunks, 20)
        client.close()

    sending = Child(send)
    connection = server.accept()[0]
    received = b""
    while part := connection.recv(1 << 16):
        received += part
    sending.result()
    equal(len(received), chunks * SIZE)
    for number in range(chunks):
        part = received[number * SIZE:(number + 1) * SIZE]
        equal(part == bytes([number]) * SIZE, True, f"chunk {number}")
    connection.close()
    server.close()


run()

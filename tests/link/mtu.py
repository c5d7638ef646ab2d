#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Frame lengths: MTU, VLAN tags, jumbo frames."""

import socket
import struct

from vnettest.ktap import case, contains, equal, raises, run, timely
from vnettest.links import LATE, MBIT, MS, S, Link
from vnettest.netlink import NetlinkError
from vnettest.packets import HEADER, Sender, Sink


@case("the MTU is that of both devices", 68, 1500, 9000, 65535)
def both_devices(mtu):
    """When the link is made, and when it is changed."""
    link = Link(link={"mtu": mtu})
    for end in "ab":
        contains(link.ns[end].run(f"ip link show dev {end}"), f" mtu {mtu} ")
    equal(link.get()["mtu"], mtu)
    other = 1234
    link.set({"mtu": other})
    for end in "ab":
        contains(link.ns[end].run(f"ip link show dev {end}"), f" mtu {other} ")


@case("a full frame passes", 68, 1500, 9000, 65535)
def full(mtu):
    """The header is not counted in the MTU."""
    link = Link(link={"mtu": mtu}, delay=MS)
    sink = link.sink()
    link.sender().send(HEADER + mtu, 3)
    equal([f.size for f in sink.collect(3)], [HEADER + mtu] * 3)
    equal(link.stats()["delivered-bytes"], 3 * (HEADER + mtu))


@case("what is longer than the link's MTU is dropped and counted")
def too_long():
    """The link's MTU is the smaller one of its devices."""
    link = Link()
    link.ns["a"].run("ip link set dev a mtu 9000")
    sink = link.sink()
    sender = link.sender()
    sender.send(HEADER + 1500)
    sender.send(HEADER + 1600, 4)
    sender.send(HEADER + 1500)
    equal([f.number for f in sink.collect(2)], [0, 5])
    stats = link.stats()
    equal(stats.drops, {"mtu": 4})
    equal(stats.drop_bytes, {"mtu": 4 * (HEADER + 1600)})


@case("devices cannot be given an MTU that links have not")
def bounds():
    """68 to 65535."""
    link = Link()
    for mtu in (67, 65536):
        equal(link.ns["a"].run(f"ip link set dev a mtu {mtu}", check=False).returncode, 2)
        equal(raises(NetlinkError, link.set, {"mtu": mtu}).name, "ERANGE")
    equal(link.get()["mtu"], 1500)


@case("a frame of 65549 bytes takes its wire time")
def jumbo():
    """The longest there is, at 100 Mbit/s."""
    link = Link(link={"mtu": 65535}, rate=100 * MBIT)
    sink = link.sink()
    after = link.sender().send(HEADER + 65535)[1]
    before = after - 10 * MS
    frame = sink.collect(1)[0]
    wire = (HEADER + 65535 + 24) * 8 * S // (100 * MBIT)
    timely(frame.at, before + wire, after + wire + LATE)


@case("a VLAN tag travels with its frame, and counts")
def vlan():
    """The tag takes four bytes on the wire, whoever puts it on."""
    link = Link(rate=MBIT)
    for end in "ab":
        link.ns[end].run(f"ip link add link {end} name v{end} type vlan id 5")
        link.ns[end].run(f"ip link set dev v{end} up")
    with link.ns["a"]:
        sender = Sender("va")
    with link.ns["b"]:
        sink = Sink("vb")
    before = sender.send(1000)[0]
    frame = sink.collect(1)[0]
    equal(frame.size, 1000)
    stats = link.stats()
    equal(stats["sent-bytes"], 1004)
    wire = (1004 + 24) * 8 * S // MBIT
    timely(frame.at, before + wire, before + wire + LATE + MS)
    # A full tagged frame is longer than an untagged one may be.
    sender.send(HEADER + 1500)
    equal(sink.collect(1)[0].size, HEADER + 1500)
    equal(link.stats().drops, {})


@case("two tags fit as well")
def double_vlan():
    """An outer tag of 802.1ad and an inner one of 802.1Q."""
    link = Link()
    for end in "ab":
        link.ns[end].run(f"ip link add link {end} name s{end} type vlan proto 802.1ad id 7")
        link.ns[end].run(f"ip link add link s{end} name c{end} type vlan id 8")
        link.ns[end].run(f"ip link set dev s{end} up")
        link.ns[end].run(f"ip link set dev c{end} up")
    with link.ns["a"]:
        sender = Sender("ca")
    with link.ns["b"]:
        sink = Sink("cb")
    sender.send(HEADER + 1492, 2)
    equal([f.size for f in sink.collect(2)], [HEADER + 1492] * 2)
    equal(link.stats()["sent-bytes"], 2 * (HEADER + 1492 + 8))


@case("the shortest frames pass", 14, 15, 60)
def short(size):
    """Nothing is padded; a frame of a header alone has no payload."""
    link = Link()
    with link.ns["a"]:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.bind(("a", 0))
    frame = b"\xff" * 6 + b"\x02\0\0\0\0\x01" + struct.pack("!H", 0x88B5)
    with link.ns["b"]:
        sink = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0x88B5)
        sink.bind(("b", 0x88B5))
        sink.settimeout(5)
    sock.send(frame.ljust(size, b"x"))
    equal(len(sink.recv(100)), size)
    equal(link.stats()["delivered-bytes"], size)
    sock.close()
    sink.close()


run()

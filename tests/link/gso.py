#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Segmentation offload changes no figure but arrival times, by less than 100 us."""

import socket
import struct
import time

from vnettest import model
from vnettest.ktap import between, case, defer, equal, note, run, timely, true
from vnettest.links import GBIT, KBIT, LATE, MBIT, MS, OVERHEAD, S, SIMULATED, SLOW, US, Link
from vnettest.model import ONE, Source
from vnettest.netns import Child
from vnettest.packets import ETH_P_ALL, ETH_P_IP, Sink

UDP_SEGMENT = 103
PORT = 5001
MSS = 1400
HEADERS = 14 + 20 + 8
SEED = 0x123456789ABCDEF


def offload(link, state):
    """Turns what makes and takes super-packets on or off at both ends."""
    for end in "ab":
        link.ns[end].run(f"ethtool -K {end} tso {state} gso {state} gro {state} "
                         f"tx-udp-segmentation {state}")


def send_super(link, segments, count=1):
    """Sends UDP super-packets, of numbered segments; the times before and after."""
    target = link.ip()[1]
    with link.ns["a"]:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    before = time.clock_gettime_ns(time.CLOCK_REALTIME)
    for first in range(0, count * segments, segments):
        sock.sendmsg([struct.pack("=I", first + n).ljust(MSS, b"\0") for n in range(segments)],
                     [(socket.SOL_UDP, UDP_SEGMENT, struct.pack("=H", MSS))], 0, (target, PORT))
    after = time.clock_gettime_ns(time.CLOCK_REALTIME)
    sock.close()
    return before, after


def arrivals(link, segments):
    """What arrives of a super-packet: (size, time) each, and the time of sending."""
    with link.ns["b"]:
        sink = Sink("b", ETH_P_IP)
    times = send_super(link, segments)
    frames, total = [], 0
    while total < segments * (HEADERS + MSS):
        frame = sink.collect(1)[0]
        frames.append((frame.size, frame.at))
        # What came as a whole stands for its segments, each with headers of its own.
        total += (frame.size - HEADERS) // MSS * (HEADERS + MSS)
    sink.close()
    return frames, times


def counted(link, segments):
    """The counters are those of the frames on the wire."""
    stats = link.stats()
    equal(stats["sent-frames"], segments)
    equal(stats["delivered-frames"], segments)
    equal(stats["sent-bytes"], segments * (HEADERS + MSS))
    equal(stats["delivered-bytes"], segments * (HEADERS + MSS))


@case("on a slow link each segment arrives at its own time", "on", "off")
def slow(state):
    """40 segments at 10 Mbit/s."""
    link = Link(rate=10 * MBIT, delay=MS)
    offload(link, state)
    frames, (before, _) = arrivals(link, 40)
    equal([size for size, _ in frames], [HEADERS + MSS] * 40)
    wire = (HEADERS + MSS + 24) * 8 * S // (10 * MBIT)
    for number, (_, at) in enumerate(frames, 1):
        true(at >= before + MS + number * wire, "not early")
        if SIMULATED:
            timely(at - frames[0][1], (number - 1) * wire - LATE, (number - 1) * wire + LATE)
    counted(link, 40)


@case("on a fast link it crosses as a whole, within 100 us of the segments' times")
def fast():
    """40 segments at 10 Gbit/s take 47 us."""
    link = Link(rate=10 * GBIT, delay=MS)
    frames, (before, after) = arrivals(link, 40)
    equal(len(frames), 1, "packets at the receiver")
    end = 40 * (HEADERS + MSS + 24) * 8 * S // (10 * GBIT)
    timely(frames[0][1], before + MS + end, after + MS + end + LATE)
    counted(link, 40)


@case("whole-time decides what crosses as a whole")
def whole_time():
    """0 takes all apart, a second takes none apart."""
    link = Link(rate=GBIT, **{"whole-time": 0})
    equal(len(arrivals(link, 20)[0]), 20)
    link = Link(rate=GBIT, **{"whole-time": S, "queue-packets": 100000})
    equal(len(arrivals(link, 20)[0]), 1)
    # 20 segments at 1 Gbit/s take 234 us.
    link = Link(rate=GBIT, **{"whole-time": 235 * US, "queue-packets": 100000})
    equal(len(arrivals(link, 20)[0]), 1)
    link = Link(rate=GBIT, **{"whole-time": 230 * US, "queue-packets": 100000})
    equal(len(arrivals(link, 20)[0]), 20)


@case("a limit of the queue counts segments")
def limited():
    """Of 40 segments 10 wait, one is on the wire, for 12 s, 29 are dropped."""
    link = Link(rate=KBIT, **{"queue-packets": 10})
    send_super(link, 40)
    stats = link.stats()
    equal(stats["queued-frames"], 11)
    equal(stats.drops, {"queue-packets": 29})


@case("the frames that are lost are the same with and without offload", "loss", "ber")
def losing(effect):
    """Each segment of a super-packet meets the fate that the model draws for a wire frame."""
    supers, segments = 10, 40
    count, source = supers * segments, Source(SEED)
    if effect == "loss":
        parts, cause = ONE // 20, "loss-random"
        kept = [n for n in range(count) if not source.hits(parts, model.RANDOM, n)]
    else:
        parts, cause = 10**14, "ber"
        chance = 1 - model.survival(parts, 8 * (HEADERS + MSS + OVERHEAD))
        draws = [source.draw(model.BER, n)[0] / 2.0**64 for n in range(count)]
        true(all(abs(draw - chance) > 1e-9 for draw in draws), "no draw is on the edge")
        kept = [n for n in range(count) if draws[n] >= chance]
    for state in ("on", "off"):
        # So fast that a super-packet would cross as a whole, were nothing decided about its frames.
        link = Link(a={effect: parts}, link={"seed": SEED}, rate=10 * GBIT,
                    **{"queue-packets": 100000})
        offload(link, state)
        sink = link.sink(ethertype=ETH_P_IP)
        send_super(link, segments, supers)
        got = []
        while len(got) < len(kept):
            size = sink.collect(1)[0].size
            got += [struct.unpack_from("=I", sink.buffer, at)[0] for at in range(HEADERS, size, MSS)]
        equal(got, kept, f"frames that arrive with offload {state}")
        stats = link.settled()
        equal(stats["sent-frames"], count)
        equal(stats.drops, {cause: count - len(kept)})
        note(f"offload {state}: {count - len(kept)} of {count} lost")


def transfer(link, size):
    """Sends bytes by TCP from a to b: bytes per second over all and after the first part."""
    target = link.ip()[1]
    with link.ns["b"]:
        server = socket.create_server(("", PORT))

    def send():
        with link.ns["a"]:
            client = socket.create_connection((target, PORT))
        client.sendall(bytes(size))
        client.close()

    start = time.monotonic()
    sending = Child(send)
    connection = server.accept()[0]
    received, begin = 0, None
    while part := connection.recv(1 << 16):
        if begin is None:
            begin, first = time.monotonic(), len(part)
        received += len(part)
        if received < size:
            continue
    end = time.monotonic()
    sending.result()
    server.close()
    connection.close()
    equal(received, size)
    return received / (end - start), (received - first) / (end - begin)


@case("TCP gets the same share of a link with and without offload")
def tcp():
    """94.15 % at an MTU of 1500, of which the overhead is a part."""
    share = {}
    for state in ("on", "off"):
        link = Link(rate=20 * MBIT, delay=2 * MS)
        offload(link, state)
        whole, steady = transfer(link, 1_000_000 if SLOW else 4_000_000)
        # In real time the first part may be late, and what follows it look faster than the link.
        share[state] = (steady if SIMULATED else whole) * 8 / (20 * MBIT)
        stats = link.stats()
        note(f"offload {state}: {100 * share[state]:.2f} %, {stats['sent-frames']} frames, "
             f"{stats['sent-bytes']} bytes, drops {stats.drops}")
        between(share[state], 0.93 if SIMULATED else 0.1 if SLOW else 0.5, 0.9416)
    if SIMULATED:
        between(share["on"] / share["off"], 0.995, 1.005)


def largest_sent(watch):
    """The size of the largest packet that a device was given, of those that a socket has seen."""
    buffer, largest = bytearray(1 << 17), 0
    watch.setblocking(False)
    try:
        while True:
            size, address = watch.recvfrom_into(buffer)
            if address[2] == socket.PACKET_OUTGOING:
                largest = max(largest, size)
    except BlockingIOError:
        return largest


@case("TCP loses the frames that the model draws with and without offload")
def tcp_losing():
    """What TCP sends depends on what is lost; of what it sent, no other frame may be."""
    source, parts = Source(SEED), ONE // 50
    for state in ("on", "off"):
        link = Link(a={"loss": parts}, link={"seed": SEED}, rate=10 * GBIT, delay=2 * MS,
                    **{"queue-packets": 100000})
        offload(link, state)
        with link.ns["a"]:
            leaving = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        defer(leaving.close)
        leaving.bind(("a", ETH_P_ALL))      # which has what leaves, too
        transfer(link, 500_000)
        stats = link.settled()
        lost = sum(source.hits(parts, model.RANDOM, n) for n in range(stats["sent-frames"]))
        equal(stats.drops, {"loss-random": lost})
        equal(stats["delivered-frames"], stats["sent-frames"] - lost)
        note(f"offload {state}: {lost} of {stats['sent-frames']} lost")
        equal(largest_sent(leaving) > 1514, state == "on", "the device was given super-packets")


run()

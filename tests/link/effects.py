#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""What the wire does to frames: each decision is the one that the model makes.

The seed and the frames are given, so every loss, copy, flipped bit and delay is
known beforehand; see vnettest/model.py.
"""

import statistics
import struct

from vnettest import model
from vnettest.ktap import between, case, equal, note, run, timely, true
from vnettest.links import LATE, MBIT, MS, S, SIMULATED, US, Link, wire_ns
from vnettest.model import ONE, Source
from vnettest.packets import HEADER

SEED = 0x123456789ABCDEF
SIZE = 300
COUNT = 2000
PERCENT = ONE // 100


def impaired(**parameters):
    """A link that does something to what a sends; with room for all frames."""
    return Link(a={k.replace("_", "-"): v for k, v in parameters.items()}, link={"seed": SEED},
                **{"queue-packets": 100000})


def send(link, count=COUNT, size=SIZE, expected=None):
    """Sends frames, and waits for those that should arrive."""
    sender, sink = link.sender(), link.sink()
    sender.send(size, count)
    return sink.collect(count if expected is None else expected, 60)


def arrived(link, kept, cause, size=SIZE):
    """Exactly these of COUNT frames arrive, the others are counted by cause."""
    frames = send(link, size=size, expected=len(kept))
    equal([f.number for f in frames], kept)
    equal(link.settled().drops, {cause: COUNT - len(kept)} if len(kept) < COUNT else {})
    note(f"{COUNT - len(kept)} of {COUNT} lost")


@case("random loss", PERCENT // 10, 5 * PERCENT, 60 * PERCENT)
def random_loss(parts):
    """Each frame on its own."""
    source = Source(SEED)
    kept = [n for n in range(COUNT) if not source.hits(parts, model.RANDOM, n)]
    arrived(impaired(loss=parts), kept, "loss-random")


@case("bit errors", 10**13, 10**15)
def bit_errors(ber):
    """A frame survives with (1 - ber)^(8n), overhead included."""
    source = Source(SEED)
    for size in (64, 576, 1500):
        link = impaired(ber=ber, rate=1000 * MBIT)
        chance = 1 - model.survival(ber, 8 * (size + 24))
        draws = [source.draw(model.BER, n)[0] / 2.0**64 for n in range(COUNT)]
        true(all(abs(draw - chance) > 1e-9 for draw in draws), "no draw is on the edge")
        arrived(link, [n for n in range(COUNT) if draws[n] >= chance], "ber", size)


@case("Gilbert-Elliott loss", "simple", "all four")
def gilbert_elliott(which):
    """Loss in bursts; what is not given has netem's defaults."""
    given = {"p": 2 * PERCENT}
    if which == "all four":
        given.update(r=20 * PERCENT, h=30 * PERCENT, k=99 * PERCENT)
    chain = model.GilbertElliott(Source(SEED), **{"r": ONE - given["p"], **given})
    kept = [n for n in range(COUNT) if not chain.loses(n)]
    arrived(impaired(loss_gilbert_elliott=given), kept, "loss-gilbert-elliott")


@case("four-state loss")
def four_state():
    """Bursts with survivors, and losses alone."""
    given = {"p13": 3 * PERCENT, "p31": 15 * PERCENT, "p32": 30 * PERCENT, "p23": 60 * PERCENT,
             "p14": PERCENT}
    chain = model.FourState(Source(SEED), **given)
    kept = [n for n in range(COUNT) if not chain.loses(n)]
    arrived(impaired(loss_four_state=given), kept, "loss-four-state")


@case("several kinds of loss at once")
def several():
    """None changes what another one does; the first in the order is counted."""
    source = Source(SEED)
    chain = model.GilbertElliott(source, 5 * PERCENT, 50 * PERCENT)
    by_chance = {n for n in range(COUNT) if source.hits(10 * PERCENT, model.RANDOM, n)}
    by_chain = {n for n in range(COUNT) if chain.loses(n)}
    link = impaired(loss=10 * PERCENT,
                    loss_gilbert_elliott={"p": 5 * PERCENT, "r": 50 * PERCENT})
    kept = [n for n in range(COUNT) if n not in by_chance | by_chain]
    equal([f.number for f in send(link, expected=len(kept))], kept)
    equal(link.settled().drops, {"loss-random": len(by_chance),
                                "loss-gilbert-elliott": len(by_chain - by_chance)})


DROP, FLIP, DELAY = range(3)


@case("a pattern drops, flips and delays by number")
def pattern():
    """The 7th and the 9th are lost, a bit of the 3rd is flipped, the 20th is late."""
    flipped = 8 * (HEADER + 20) + 2
    link = impaired(delay=5 * MS, loss_pattern={"rule": [
        {"frame": 3, "action": FLIP, "value": flipped}, {"frame": 7, "action": DROP},
        {"frame": 9, "action": DROP}, {"frame": 20, "action": DELAY, "value": 50 * MS}]})
    sender, sink = link.sender(), link.sink()
    sender.send(SIZE, 20)
    frames = []
    while len(frames) < 18:
        frames += sink.collect(1)
        byte = sink.buffer[HEADER + 20]
        equal(byte, 0x20 if frames[-1].number == 2 else 0, f"frame {frames[-1].number}")
    equal([f.number for f in frames], [n for n in range(20) if n not in (6, 8)])
    timely(frames[-1].at - frames[-1].sent, 55 * MS, 55 * MS + LATE)
    stats = link.stats()
    equal(stats.drops, {"loss-pattern": 2})
    equal(stats["corrupted-frames"], 1)


@case("a pattern with a period counts from when it is set")
def period():
    """Every tenth, after five that do not count."""
    link = impaired()
    sender, sink = link.sender(), link.sink()
    sender.send(SIZE, 5)
    link.set(a={"loss-pattern": {"period": 10, "rule": [{"frame": 10, "action": DROP}]}})
    sender.send(SIZE, 100)
    equal([f.number for f in sink.collect(95)],
          [n for n in range(105) if n < 5 or (n - 4) % 10])
    link.set(a={"loss-pattern": {}})
    true("loss-pattern" not in link.get()["end-a"]["tx"])
    sender.send(SIZE, 50)
    equal(len(sink.collect(50)), 50)


@case("copies take their own time on the wire")
def duplicates():
    """And arrive right behind what they are copies of."""
    source, rate = Source(SEED), 10 * MBIT
    copied = [n for n in range(COUNT) if source.hits(10 * PERCENT, model.DUPLICATE, n)]
    wanted = sorted(list(range(COUNT)) + copied)
    link = impaired(duplicate=10 * PERCENT, rate=rate)
    frames = send(link, expected=len(wanted))
    equal([f.number for f in frames], wanted)
    stats = link.stats()
    equal(stats["duplicated-frames"], len(copied))
    equal(stats["duplicated-bytes"], len(copied) * SIZE)
    if SIMULATED:
        wire = wire_ns(SIZE, rate)
        for i in range(1, len(frames)):
            timely(frames[i].at - frames[i - 1].at, wire - LATE, wire + LATE, f"frame {i}")


@case("corruption flips one bit, and the receiver's checksum notices")
def corrupt():
    """In the place that the model drew."""
    source = Source(SEED)
    link = impaired(corrupt=20 * PERCENT)
    sender, sink = link.sender(), link.sink()
    flipped = 0
    for n in range(300):
        frame = sender.frame(SIZE)
        hit, place = source.draw(model.CORRUPT, n)
        bit = place * (SIZE * 8) >> 64
        wrong = model.hits(20 * PERCENT, hit)
        if wrong and bit < 8 * HEADER:
            # Such a frame may not reach the sink at all.
            link.set(a={"corrupt": 0})
        sender.sock.send(frame)
        if wrong and bit < 8 * HEADER:
            sink.collect(1)
            link.set(a={"corrupt": 20 * PERCENT})
            continue
        expected = bytearray(frame)
        if wrong:
            expected[bit // 8] ^= 0x80 >> bit % 8
            flipped += 1
        size = sink.sock.recv_into(sink.buffer)
        equal(bytes(sink.buffer[:size]), bytes(expected), f"frame {n}")
    equal(link.stats()["corrupted-frames"], flipped)
    true(flipped > 40)


@case("UDP does not see what was corrupted")
def checksums():
    """Although the checksum was left to the hardware."""
    link = impaired(corrupt=ONE)
    link.ip()
    link.ns["b"].run("sysctl -q net.ipv4.conf.all.rp_filter=0")
    import socket  # pylint: disable=import-outside-toplevel
    with link.ns["b"]:
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        receiver.bind(("10.0.0.2", 9))
    with link.ns["a"]:
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for _ in range(200):
        sender.sendto(bytes(1000), ("10.0.0.2", 9))
    stats = link.settled()
    equal(stats["corrupted-frames"], 200)
    received = 0
    receiver.setblocking(False)
    try:
        while receiver.recv(2000):
            received += 1
    except BlockingIOError:
        pass
    # A flipped source address of either layer leaves the packet acceptable, or changes a field
    # that no checksum covers: 1042 bytes, of which 12 are the Ethernet addresses.
    between(received, 0, 12, "packets that got through")
    sender.close()
    receiver.close()


def deviations(distribution, amount, source, numbers):
    """What frames' delays should differ by, from the exact quantile functions."""
    normal = statistics.NormalDist()
    for n in numbers:
        tail = (source.draw(model.JITTER, n)[0] + 0.5) / 2.0**64
        if distribution == "uniform":
            yield amount * (1 - 2 * tail)
        elif distribution == "normal":
            yield amount * normal.inv_cdf(1 - tail) if tail > 1e-12 else None
        else:
            # Pareto with shape 3, mean 0 and standard deviation 1.
            yield amount * (tail ** (-1 / 3) - 1.5) * 2 / 3**0.5


DISTRIBUTIONS = ("uniform", "normal", "pareto")


@case("jitter has its distribution", *DISTRIBUTIONS)
def jitter(distribution):
    """Frames that may overtake have just the delay that they drew."""
    amount, delay = 5 * MS, 40 * MS
    link = impaired(delay=delay, jitter=amount, jitter_order=1,
                    jitter_distribution=DISTRIBUTIONS.index(distribution))
    count = 500
    frames = sorted(send(link, count), key=lambda f: f.number)
    wanted = list(deviations(distribution, amount, Source(SEED), range(count)))
    for frame, deviation in zip(frames, wanted):
        took = frame.at - frame.sent
        # The table of quantiles is right to 10^-4 of the amount.
        early = delay + deviation - amount * 1e-3
        timely(took, early, early + amount * 2e-3 + LATE + 100 * US, f"frame {frame.number}")
    true(link.stats()["reordered-frames"] > 0)


@case("jitter that keeps the order")
def order():
    """No frame overtakes, and the rate is that of the link."""
    rate, count = 10 * MBIT, 1000
    link = impaired(delay=10 * MS, jitter=5 * MS, jitter_distribution=1, rate=rate)
    frames = send(link, count)
    equal([f.number for f in frames], list(range(count)))
    equal(link.stats().values.get("reordered-frames", 0), 0)
    if SIMULATED:
        took = frames[-1].at - frames[0].at
        between(took, wire_ns(SIZE, rate) * (count - 1) - 20 * MS,
                wire_ns(SIZE, rate) * (count - 1) + 60 * MS)


@case("jitter from a table")
def table():
    """Half of the frames 2 ms earlier, the other half 2 ms later."""
    link = impaired(delay=10 * MS, jitter=2 * MS, jitter_order=1,
                    jitter_table=struct.pack("=4h", -8192, -8192, 8192, 8192))
    equal(link.get()["end-a"]["tx"]["jitter-distribution"], "table")
    source, count = Source(SEED), 200
    for frame in send(link, count):
        took = frame.at - frame.sent
        tail = source.draw(model.JITTER, frame.number)[0] / 2.0**64
        if not 0.3 < tail < 0.7:
            wanted = 12 * MS if tail < 0.5 else 8 * MS
            timely(took, wanted - 1, wanted + LATE + 100 * US, f"frame {frame.number}: {tail}")


@case("frames overtake", "by chance", "every fifth")
def reorder(which):
    """They skip the delay."""
    source, count = Source(SEED), 200
    given = {"reorder": 25 * PERCENT} if which == "by chance" else {"reorder-every": 5}
    link = Link(a={"delay": 300 * MS, **given}, link={"seed": SEED})
    early = [n for n in range(count) if (source.hits(25 * PERCENT, model.REORDER, n)
                                         if which == "by chance" else n % 5 == 4)]
    late = [n for n in range(count) if n not in set(early)]
    frames = send(link, count)
    equal([f.number for f in frames], early + late)
    stats = link.stats()
    equal(stats["reordered-frames"], len([n for n in early if n > late[0]]))


@case("the same seed gives the same decisions, another one gives others")
def seeds():
    """In a second link; and each direction has its own."""
    got = []
    for seed, end in ((7, "a"), (7, "a"), (8, "a"), (7, "b")):
        link = Link(loss=50 * PERCENT, link={"seed": seed})
        sender, sink = link.sender(end), link.sink("b" if end == "a" else "a")
        sender.send(SIZE, 100)
        stats = link.settled(end)
        got.append([f.number for f in sink.collect(stats["delivered-frames"])])
        equal(link.get()["seed"], seed)
    equal(got[0], got[1])
    true(got[0] != got[2] and got[0] != got[3])


@case("what is set is told, and changes alone")
def told():
    """Each effect by itself; nothing else changes."""
    link = impaired(delay=S)
    settings = {
        "loss": PERCENT, "ber": 10**6, "duplicate": 3, "corrupt": ONE, "jitter": MS,
        "loss-gilbert-elliott": {"p": 1, "r": 2, "h": 3, "k": 4},
        "loss-four-state": {"p13": 1, "p31": 2, "p32": 3, "p23": 4, "p14": 5},
        "loss-pattern": {"period": 9, "rule": [{"frame": 1, "action": DELAY, "value": 5},
                                               {"frame": 2, "action": DROP}]},
        "reorder": 5, "reorder-every": 6,
    }
    known = link.get()["end-a"]["tx"]
    for name, value in settings.items():
        link.set(a={name: value})
        now = link.get()["end-a"]["tx"]
        if name == "loss-pattern":
            value = {"period": 9, "rule": [{"frame": 1, "action": "delay", "value": 5},
                                           {"frame": 2, "action": "drop"}]}
        known[name] = value
        if name == "jitter":
            known.update({"jitter-distribution": "uniform", "jitter-correlation": 0,
                          "jitter-order": "keep"})
        if name == "reorder-every":
            del known["reorder"]
        equal(now, known, name)
    for name, value in settings.items():
        if name != "reorder":
            link.set(a={name: {} if isinstance(value, dict) else 0})
    equal({k for k in link.get()["end-a"]["tx"] if k in settings}, set())


run()

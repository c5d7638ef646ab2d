# SPDX-License-Identifier: GPL-2.0
"""Figures with segmentation offload and without: what a link is told holds for wire frames."""

import math
import socket
import struct

from record import row
from theory import share_bound
from vnettest import model
from vnettest.links import MS
from vnettest.model import ONE
from vnettest.packets import now
from wires import SEED, Vnet, netem

OVERHEAD = 24
UDP_SEGMENT, PORT = 103, 5001
MSS, HEADERS = 1400, 14 + 20 + 8
SEGMENTS, SUPERS = 40, 100
ETH_P_IP = 0x0800
SWITCHES = ("tso", "gso", "gro", "tx-udp-segmentation")


def send(wire, state):
    """Sends super-packets from a to b with offload on or off.

    Returns of each packet that arrives the time and the numbers of its wire frames.
    """
    for number, end in enumerate("ab", 1):
        wire.ns[end].run(f"ethtool -K {end} " + " ".join(f"{name} {state}" for name in SWITCHES))
        wire.ns[end].run(f"ip address add 10.0.0.{number}/24 dev {end}")
    macs = wire.macs()
    # So that nothing but these packets is on the wire.
    wire.ns["a"].run(f"ip neigh replace 10.0.0.2 lladdr {macs[1]} dev a")
    sink = wire.sink(ethertype=ETH_P_IP)
    with wire.ns["a"]:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, 32, 1 << 28)     # SO_SNDBUFFORCE
    begin = now()
    for first in range(0, SUPERS * SEGMENTS, SEGMENTS):
        sock.sendmsg([struct.pack("=I", first + n).ljust(MSS, b"\0") for n in range(SEGMENTS)],
                     [(socket.SOL_UDP, UDP_SEGMENT, struct.pack("=H", MSS))], 0, ("10.0.0.2", PORT))
    sock.close()
    got, sink_socket = [], sink.sock
    sink_socket.settimeout(2)
    try:
        while True:
            frame = sink.one()
            got.append((frame.at - begin, [struct.unpack_from("=I", sink.buffer, at)[0]
                                           for at in range(HEADERS, frame.size, MSS)]))
    except (TimeoutError, BlockingIOError):
        return got


def offloads(_):
    """4000 frames in super-packets of 40."""
    rate, delay, exponent = 100_000_000, 5 * MS, -5
    count, size = SUPERS * SEGMENTS, HEADERS + MSS
    chance = -math.expm1(8 * (size + OVERHEAD) * math.log1p(-10.0**exponent))
    how = (f"{count} frames of {size} B, sent as UDP super-packets of {SEGMENTS}, with "
           "tso, gso, gro and tx-udp-segmentation on or off at both ends")
    source = model.Source(SEED)
    for state in ("on", "off"):
        def rated(wire):
            got = send(wire, state)
            frames = sum(len(numbers) for _, numbers in got)
            # The first packet is there when all of it is.
            first = len(got[0][1])
            return ((frames - first) * (size + OVERHEAD) * 8e9 / (got[-1][0] - got[0][0]),
                    got[0][0] - delay - first * (size + OVERHEAD) * 8e9 / rate)

        ours = rated(Vnet(rate=rate, delay=delay))
        theirs = rated(netem(f"rate {rate}bit {OVERHEAD} delay {delay // MS}ms"))
        row("offloads", f"rate_tso_{state}", "bit/s", rate, ours[0], theirs[0],
            [rate * (1 - 1e-5), rate * (1 + 1e-5)], how=how)
        row("offloads", f"first_frame_late_tso_{state}", "ns", 0, ours[1], theirs[1], [0, 20_000],
            how=how + "; beyond delay and time on the wire, with the sender's way through its stack")

        def arriving(wire):
            return [number for _, numbers in send(wire, state) for number in numbers]

        for name, effect, p, given, text in (
                ("loss", model.BER, chance, {"ber": ONE // 10**-exponent},
                 f"a bit error rate of 1e{exponent}, beside it netem's random loss of that share"),
                ("random_loss", model.RANDOM, 0.05, {"loss": ONE // 20},
                 "random loss, beside it netem's")):
            kept = [n for n in range(count) if source.draw(effect, n)[0] / 2.0**64 >= p]
            ours = arriving(Vnet(rate=rate, **given))
            theirs = arriving(netem(f"rate {rate}bit {OVERHEAD} loss random {p * 100:.6f}%"))
            bound = share_bound(p, count)
            row("offloads", f"{name}_tso_{state}", "", p, 1 - len(ours) / count,
                1 - len(theirs) / count, [p - bound, p + bound], ours == kept,
                how=how + f"; {text}, which takes whole super-packets")


def parts(mode):
    """All that can be measured with this kind of time."""
    return [offloads] if mode == "simulated" else []

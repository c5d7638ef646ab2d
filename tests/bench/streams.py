# SPDX-License-Identifier: GPL-2.0
"""TCP streams: over one shaped link, and through rows of routers."""

import itertools
import json
import subprocess
import time

from vnettest import ktap
from vnettest.ktap import Failure
from vnettest.links import GBIT, MS, US
from vnettest.netns import NetNS

from pairs import Ours, Veth

SECONDS = 2
# Room for 10 Gbit/s times 10 ms, and for what waits in queues.
WINDOW = "4096 1048576 67108864"
# Pages for all of TCP, 512 MB: else a guest of 1 GB refuses what comes when queues are long, which only
# netem's are, and a stream of netem's stands still for seconds.
MEMORY = "131072 131072 131072"


def make_room():
    """Lets TCP have the memory that its windows take."""
    with open("/proc/sys/net/ipv4/tcp_mem", "w", encoding="ascii") as file:
        file.write(MEMORY)


def prepare(ns):
    """The same for both: large windows, and nothing remembered from run to run."""
    for name, value in (("tcp_rmem", WINDOW), ("tcp_wmem", WINDOW), ("tcp_no_metrics_save", "1")):
        with ns, open(f"/proc/sys/net/ipv4/{name}", "w", encoding="ascii") as file:
            file.write(value)


def stream(client, server, target, seconds):
    """bit/s that the server receives from the client in so many seconds."""
    with server:
        listener = subprocess.Popen(["iperf3", "-s", "-1"], stdout=subprocess.DEVNULL)
    try:
        for _ in range(100):
            done = client.run(["iperf3", "-J", "-c", target, "-t", str(seconds), "-O", "1"], check=False)
            result = json.loads(done.stdout or "{}")
            if "error" not in result and "end" in result:
                return result["end"]["sum_received"]["bits_per_second"]
            if "refused" not in result.get("error", ""):
                raise Failure(f"iperf3: {result.get('error', done.stderr)}")
            time.sleep(0.05)
        raise Failure("iperf3's server does not listen")
    finally:
        listener.kill()
        listener.wait()


def give_addresses(pair, number):
    """The ends of a link get 10.1.N.1 and 10.1.N.2, and know each other."""
    for end, host in (("a", 1), ("b", 2)):
        pair.ns[end].run(f"ip addr add 10.1.{number}.{host}/24 dev {pair.devices[end]}")


def whole_frames(pair, whole):
    """Super-packets stay whole on the wire, or are cut into the frames of a real one."""
    if isinstance(pair, Ours):
        change = {} if whole else {"whole-time": 0}
        pair.link.set(a=change, b=change)
    else:
        for end, ns in pair.ns.items():
            word = "on" if whole else "off"
            ns.run(f"ethtool -K {end} gso {word} tso {word}")


def measure(emit, runs, scale):
    """10 Gbit/s, 5 ms each way."""
    make_room()
    seconds = max(1, round(SECONDS * min(scale * 2, 1)))
    shaped = {"rate": 10 * GBIT, "delay": 5 * MS, "queue_packets": 10000}
    for name, whole in (("link_shaped_tcp_vs_netem", True),
                        ("link_shaped_tcp_exact_vs_netem", False)):
        ours, peer = Ours(**shaped), Veth(netem="rate 10gbit delay 5ms")
        for pair in (ours, peer):
            pair.devices = {"a": "a", "b": "b"}
            for ns in pair.ns.values():
                prepare(ns)
            give_addresses(pair, 1)
            whole_frames(pair, whole)
        for number in range(runs):
            rates = {}
            for pair in [ours, peer] if number % 2 else [peer, ours]:
                rates[pair.kind] = stream(pair.ns["a"], pair.ns["b"], "10.1.1.2", seconds)
            emit(name, rates["vnet"], rates["veth"], "bit/s")


class Row:
    """Hosts with so many routers between them."""

    def __init__(self, make, routers):
        self.nodes = [NetNS() for _ in range(routers + 2)]
        for ns in self.nodes:
            prepare(ns)
            with ns, open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
                file.write("1")
        self.pairs = []
        for number, (left, right) in enumerate(zip(self.nodes, self.nodes[1:])):
            pair = make(left, right)
            self.pairs.append(pair)
            self.kind = pair.kind
            # In the middle each node has an `a` to the right and a `b` to the left.
            pair.devices = {"a": "a", "b": "b"}
            give_addresses(pair, number)
        last = len(self.nodes) - 2
        for number, ns in enumerate(self.nodes):
            if number <= last - 1:
                ns.run(f"ip route add 10.1.{last}.0/24 via 10.1.{number}.2")
            if number >= 2:
                ns.run(f"ip route add 10.1.0.0/24 via 10.1.{number - 1}.1")
        self.target = f"10.1.{last}.2"


HOPS = (1, 2, 5, 10, 20, 30)


def measure_hops(emit, runs, scale):
    """As IMUNES Figure 6: TCP through 1 to 30 routers, 10 Gbit/s and 10 us a link.

    With super-packets that stay whole, and with exact segmentation.
    """
    make_room()
    shaped = {"rate": 10 * GBIT, "delay": 10 * US, "queue_packets": 10000}
    seconds = max(1, round(SECONDS * min(scale * 2, 1)))
    makers = (
        lambda a, b: Ours(ns_a=a, ns_b=b, **shaped),
        lambda a, b: Veth(ns_a=a, ns_b=b, netem="rate 10gbit delay 10us"),
    )
    for hops, whole in itertools.product(HOPS, (True, False)):
        regime = "tcp" if whole else "tcp_exact"
        names = [f"hops_{regime}_vs_netem_n{hops}"]
        if hops == 30:
            names.append(f"hops30_{regime}_vs_netem")
        rows = [Row(make, hops) for make in makers]
        for row in rows:
            for pair in row.pairs:
                whole_frames(pair, whole)
        for number in range(runs):
            rates = {}
            for row in rows if number % 2 else reversed(rows):
                rates[row.kind] = stream(row.nodes[0], row.nodes[-1], row.target, seconds)
            for name in names:
                emit(name, rates["vnet"], rates["veth"], "bit/s")
        ktap.undo()

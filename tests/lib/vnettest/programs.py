# SPDX-License-Identifier: GPL-2.0
"""Programs that talk through chains at both ends of a link."""

import socket

from .blocks import Graph
from .ktap import defer
from .netns import Child

PORT = 7


def through_tcp(link, data, mtu=1500):
    """Sends data from a to b by TCP; what arrived. Frames have at most so many bytes of IP."""
    _, address = link.ip()
    for end, ns in link.ns.items():
        ns.run(f"ip route replace 10.0.0.0/24 dev {end} mtu {mtu}")
    with link.ns["b"]:
        server = socket.create_server((address, PORT))
    defer(server.close)

    def send():
        with link.ns["a"]:
            sock = socket.create_connection((address, PORT))
        with sock:
            sock.sendall(data)

    child = Child(send)
    with server.accept()[0] as taken:
        got = b""
        while part := taken.recv(1 << 16):
            got += part
    child.result()
    return got


def applications(link, above, below=("forward", {})):
    """Sockets at both ends, on chains with a block above and one below `frame`, which have their type's name.

    A block is its type and its parameters. By end: the sockets, and the graphs.
    """
    socks, graphs = {}, {}
    for end, ns in link.ns.items():
        graph = graphs[end] = Graph(ns)
        graph.add("dev", "eth", device=end)
        graph.add("frame", "frame", source=b"\x02\0\0\0\0" + end.encode(),
                  destination=b"\x02\0\0\0\0" + ("a" if end == "b" else "b").encode())
        for kind, params in (below, above):
            graph.add(kind, kind, **params)
        graph.add("app", "socket", chain=1)
        graph.chain("dev:host:wire", below[0], "frame", above[0], "app")
        with ns:
            socks[end] = socket.socket(12, socket.SOCK_DGRAM, 1)
        defer(socks[end].close)
        socks[end].settimeout(20)
    return socks, graphs

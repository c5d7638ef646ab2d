#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Sends packets through a row of links, for tests/bench/symbols: row.py KIND LINKS PACKETS.

Prints where the kernel's functions are.
"""

import sys

from vnettest import ktap

from instructions import MAKERS, Row


def main():
    """As row() in instructions.py, once."""
    kind, links, packets = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    row = Row(MAKERS[kind], links)
    row.send(packets)
    with open("/proc/kallsyms", encoding="ascii") as symbols:
        for line in symbols:
            address, symbol_type, name = line.split(maxsplit=2)
            if symbol_type in "tTwW" and not name.startswith((".L", "__pfx_")):
                print(address, name.strip().replace("\t", " "))
    ktap.undo()


main()

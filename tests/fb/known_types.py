#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The types of blocks that `vnetctl check` knows are those that the module has.

`known_types.py --print` prints what has to be in the file, see FILE: `qemu/guest-run uml --insmod -- tests/fb/known_types.py --print`.
"""

import json
import os
import sys

from vnettest.ktap import case, equal, run
from vnettest.types import whole_types

FILE = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                    "../../userspace/vnet-topology/src/blocks/types.json")


def without_texts(value):
    """The same without what is for people only."""
    if isinstance(value, dict):
        return {key: without_texts(item) for key, item in value.items() if key != "doc"}
    return [without_texts(item) for item in value] if isinstance(value, list) else value


def told():
    """What the module tells."""
    return [without_texts(kind) for kind in whole_types().values()]


def written(types):
    """The file: a line for each port, parameter and event."""
    def entry(kind):
        parts = [f'"name": {json.dumps(kind["name"])}']
        for key in ("port", "param", "event"):
            lines = ",\n".join("   " + json.dumps(item, sort_keys=True) for item in kind.get(key, []))
            parts.append(f'"{key}": [\n{lines}\n  ]' if lines else f'"{key}": []')
        return " {" + ",\n  ".join(parts) + "}"
    return "[\n" + ",\n".join(entry(kind) for kind in types) + "\n]\n"


@case("the table of types is what the module tells")
def same():
    """Type by type; run with --print to renew it."""
    with open(FILE, encoding="utf-8") as file:
        text = file.read()
    for known, kind in zip(json.loads(text), told()):
        equal(known, json.loads(json.dumps(kind)) | {key: kind.get(key, []) for key in ("port", "param", "event")})
    equal(text, written(told()))


if "--print" in sys.argv:
    sys.stdout.write(written(told()))
else:
    run()

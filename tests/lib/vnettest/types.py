# SPDX-License-Identifier: GPL-2.0
"""Types of functional blocks: what they declare, and an example of each."""

from .ynl import Family

DEVICE = "d0"

# Each type with something for all that can be given.
EXAMPLES = {
    "arq": {"timeout": 20, "tries": 5, "queue": 50, "send": 1, "window": 8, "frames": 1, "protocol": 0x88B6},
    "bpf": {"filter": "1\n6 0 0 1\n"},
    "check-paint": {"colour": 7},
    "classifier": {"ports": 3,
                   "rules": [{"port": 1, "ethertype": 0x806},
                             {"port": 2, "source": b"\x0a\0\0\0", "source-prefix": 8}]},
    "compress": {"send": 1, "frames": 1, "protocol": 0x88B6},
    "counter": {},
    "crypt": {"key": bytes(range(32)), "other-key": bytes(range(16)), "algorithm": "gcm(aes)",
              "window": 64, "send": 1, "plain": 1, "frames": 1, "protocol": 0x88B6},
    "discard": {},
    "eth": {"device": DEVICE, "ingress": "rx-handler"},
    "fec": {"group": 3, "timeout": 20, "send": 1, "frames": 1, "protocol": 0x88B6},
    "flow-stats": {"limit": 64, "timeout": 5, "window": 100,
                   "rules": [{"protocol": 17, "destination-port": 53}, {"ethertype": 0x800}]},
    "forward": {},
    "frame": {"destination": b"\x02\0\0\0\0\x05", "source": b"\x02\0\0\0\0\x06", "protocol": 0x88B6},
    "hash": {"ports": 4, "seed": 5},
    "mux": {"ports": 2, "protocol": 0x88B5, "links": [{"link": 7}, {"link": 9}]},
    "paint": {"colour": 7},
    "pipe": {"rate": 10**9, "overhead": 10, "delay": 10**6, "queue-packets": 10,
             "queue-bytes": 10**5, "line-packets": 20, "line-bytes": 10**5, "duplicate": 1,
             "ber": 10**4, "loss": 3, "corrupt": 4, "jitter": 1000, "distribution": 0, "free": 1,
             "reorder": 5, "seed": 6},
    "queue": {"open": 1, "rate": 10**9, "packets": 10, "bytes": 10**5},
    "rate-limit": {"rate": 10**9, "burst": 10**5},
    "ratelimited-source": {"rate": 0, "burst": 2, "count": 10, "size": 100, "protocol": 0x88B6,
                           "destination": b"\x02\0\0\0\0\x05", "source": b"\x02\0\0\0\0\x06"},
    "socket": {"chain": 7},
    "switch": {"ports": 3, "limit": 64, "ageing": 10, "flush": 1},
    "tee": {"upwards": 0, "downwards": 1},
    "vlink": {"device": "v0", "address": b"\x02\0\0\0\0\x07", "mtu": 1400},
}


def example_device(namespace):
    """Makes the device that examples name."""
    namespace.run(f"ip link add name {DEVICE} type dummy")


def whole_types():
    """All types by their names, as they are told."""
    family = Family()
    try:
        return {found["name"]: found for found in family.dump("block-type-get")[0]}
    finally:
        family.close()


def types():
    """Parameters of all types, as they are declared: {type: {name: declaration}}."""
    return {name: {param["name"]: param for param in found.get("param", [])}
            for name, found in whole_types().items()}

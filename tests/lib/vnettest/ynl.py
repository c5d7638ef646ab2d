# SPDX-License-Identifier: GPL-2.0
"""The control interface, as the spec in Documentation/netlink/specs describes it."""

import os
import struct
import time

import yaml

from . import netlink
from .netlink import NetlinkError, attr, attrs_of, walk

_TOP = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../..")
SPEC = os.path.join(_TOP, "Documentation/netlink/specs/vnet.yaml")

GENL_ID_CTRL, _CTRL_GETFAMILY = 16, 3
_CTRL_ID, _CTRL_NAME, _CTRL_GROUPS = 1, 2, 7
_GENL = struct.Struct("=BBH")


class Attribute:
    """One attribute of a set."""

    def __init__(self, value, spec):
        self.value, self.name, self.type = value, spec["name"], spec["type"]
        self.nested = spec.get("nested-attributes")
        self.multi = spec.get("multi-attr", False)
        self.enum = spec.get("enum")


class Spec:
    """Attribute sets, enums and operations by name and by number."""

    def __init__(self, path=SPEC):
        with open(path, encoding="utf-8") as file:
            # The loader in C, ten times as fast.
            self.raw = yaml.load(file, yaml.CSafeLoader)
        self.name = self.raw["name"]
        self.sets = {}
        for entry in self.raw["attribute-sets"]:
            attributes = [Attribute(i, a) for i, a in enumerate(entry["attributes"], 1)]
            self.sets[entry["name"]] = {a.name: a for a in attributes}
        self.enums = {e["name"]: [n["name"] if isinstance(n, dict) else n for n in e["entries"]]
                      for e in self.raw["definitions"] if e["type"] == "enum"}
        operations = self.raw["operations"]["list"]
        self.numbers = {op["name"]: i for i, op in enumerate(operations, 1)}
        self.names = {i: name for name, i in self.numbers.items()}
        self.operations = {op["name"]: op for op in operations}

    def set_of(self, operation):
        """The name of an operation's attribute set."""
        op = self.operations[operation]
        return op.get("attribute-set") or self.set_of(op["notify"])

    def encode(self, set_name, values):
        """Attributes from a dictionary; bytes instead of one are taken as they are."""
        if isinstance(values, bytes):
            return values
        data = b""
        for name, value in values.items():
            entry = self.sets[set_name][name]
            for item in value if entry.multi else [value]:
                data += self._encode_one(entry, item)
        return data

    def _encode_one(self, entry, value):
        if entry.type == "nest":
            return attr(entry.value | netlink.NLA_F_NESTED, self.encode(entry.nested, value))
        if isinstance(value, bytes):
            return attr(entry.value, value)
        if entry.type == "string":
            return attr(entry.value, value.encode() + b"\0")
        if entry.type == "uint":
            return attr(entry.value, struct.pack("=I" if value < 1 << 32 else "=Q", value))
        return attr(entry.value, struct.pack("=I", value))

    def decode(self, set_name, data):
        """A dictionary from attributes."""
        by_number = {a.value: a for a in self.sets[set_name].values()}
        result = {}
        for kind, _, payload in walk(data):
            entry = by_number[kind]
            if entry.type == "pad":
                continue
            value = self._decode_one(entry, payload)
            if entry.multi:
                result.setdefault(entry.name, []).append(value)
            else:
                result[entry.name] = value
        return result

    def _decode_one(self, entry, payload):
        if entry.type == "nest":
            return self.decode(entry.nested, payload)
        if entry.type == "string":
            return payload.rstrip(b"\0").decode()
        if entry.type == "binary":
            return payload
        value = int.from_bytes(payload, "little")
        return self.enums[entry.enum][value] if entry.enum else value

    def path_of(self, set_name, data, offset, base):
        """The name of the attribute at an offset, as end-a.tx.rate."""
        by_number = {a.value: a for a in self.sets[set_name].values()}
        for kind, start, payload in walk(data):
            entry = by_number.get(kind)
            name = entry.name if entry else f"{set_name}:{kind}"
            if base + start == offset:
                return name
            if entry and entry.nested and base + start < offset < base + start + 4 + len(payload):
                return f"{name}." + self.path_of(entry.nested, payload, offset, base + start + 4)
        return f"{set_name}@{offset}"


class Reply(dict):
    """A decoded message; `interrupted` if its dump was not consistent."""

    interrupted = False
    operation = None


class Family:
    """A connection to the family, in the namespace in which it is made."""

    spec = None

    def __init__(self, **kwargs):
        if Family.spec is None:
            Family.spec = Spec()
        self.socket = netlink.Socket(netlink.NETLINK_GENERIC, **kwargs)
        request = _GENL.pack(_CTRL_GETFAMILY, 2, 0) + attr(_CTRL_NAME, b"vnet\0")
        found = self.socket.request(GENL_ID_CTRL, request)
        attributes = attrs_of(found[0].payload[4:])
        self.id = struct.unpack("=H", attributes[_CTRL_ID])[0]
        self.groups = {}
        for _, _, group in walk(attributes.get(_CTRL_GROUPS, b"")):
            parts = attrs_of(group)
            self.groups[parts[1].rstrip(b"\0").decode()] = struct.unpack("=I", parts[2])[0]

    def close(self):
        """Closes the connection."""
        self.socket.close()

    def _request(self, operation, values, flags):
        set_name = self.spec.set_of(operation)
        data = self.spec.encode(set_name, values)
        header = _GENL.pack(self.spec.numbers[operation], 1, 0)
        try:
            return self.socket.request(self.id, header + data, flags)
        except NetlinkError as error:
            base = netlink.HEADER.size + _GENL.size
            if error.offset is not None:
                error.path = self.spec.path_of(set_name, data, error.offset, base)
            raise

    def _decode(self, message):
        command = message.payload[0]
        reply = Reply(self.spec.decode(self.spec.set_of(self.spec.names[command]),
                                       message.payload[4:]))
        reply.operation = self.spec.names[command]
        reply.interrupted = bool(message.flags & netlink.NLM_F_DUMP_INTR)
        return reply

    def do(self, operation, values=None, flags=0, **kwargs):
        """Runs an operation; its reply, or None if it has none.

        Values are given as a dictionary, or as arguments with _ for -.
        """
        values = {k.replace("_", "-"): v for k, v in kwargs.items()} if values is None else values
        replies = self._request(operation, values, flags)
        return self._decode(replies[0]) if replies else None

    def dump(self, operation, values=None, **kwargs):
        """Dumps: the objects, and whether the dump was interrupted by a change."""
        values = values or {k.replace("_", "-"): v for k, v in kwargs.items()}
        replies = self._request(operation, values, netlink.NLM_F_DUMP)
        interrupted = any(r.flags & netlink.NLM_F_DUMP_INTR for r in replies)
        return [self._decode(r) for r in replies if r.payload], interrupted

    def listen(self, group="config"):
        """Subscribes to notifications."""
        self.socket.join(self.groups[group])

    def events(self, wanted, timeout=5):
        """Waits for so many notifications; fewer if they do not come."""
        events, end = [], time.monotonic() + timeout
        while len(events) < wanted:
            messages = self.socket.events(max(0, end - time.monotonic()))
            if not messages:
                break
            events += [self._decode(m) for m in messages if m.kind == self.id]
        return events

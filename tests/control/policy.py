#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Strict validation: what the spec does not allow is refused, attribute by attribute.

The cases come from the spec itself, so that an attribute that is added there is
tested without a change here. Each refusal must name the attribute.
"""

from vnettest.ktap import Failure, after_each, case, contains, equal, run
from vnettest.links import Link
from vnettest.media import Medium
from vnettest.netlink import NLA_F_NESTED, NetlinkError, attr
from vnettest.settled import wait_until_empty
from vnettest.ynl import Spec

SPEC = Spec()
CONSTANTS = {d["name"]: d["value"] for d in SPEC.raw["definitions"] if d["type"] == "const"}
RAW = {s["name"]: {a["name"]: a for a in s["attributes"]} for s in SPEC.raw["attribute-sets"]}
REQUESTS = [(name, SPEC.set_of(name), kind, op[kind]["request"]["attributes"])
            for name, op in SPEC.operations.items() for kind in ("do", "dump")
            if kind in op and "notify" not in op]


def bound(checks, name):
    """A bound of the spec, as a number."""
    value = checks.get(name)
    return CONSTANTS.get(value, value)


def request(family, operation, kind, data):
    """Sends raw attributes."""
    if kind == "dump":
        return family.dump(operation, data)
    return family.do(operation, data)


def refused(family, operation, kind, data, path, errors, texts=()):
    """The request is refused, with a word about the attribute."""
    try:
        request(family, operation, kind, data)
    except NetlinkError as error:
        where = f"{operation} {path}: {error}"
        contains(errors, error.name, where)
        equal(error.path, path, where)
        if texts:
            contains(texts, error.text, where)
        elif not error.text:
            raise Failure(f"no message: {where}") from None
        return
    raise Failure(f"{operation}: {path} = {data.hex()} was accepted")


def bad_values(entry, raw):
    """Values that an attribute must not have: (payload, nested flag, what, errors)."""
    checks = raw.get("checks", {})
    if entry.type in ("u32", "uint"):
        for size in (0, 1, 2, 3, 5, 7, 9, 16) + ((8,) if entry.type == "u32" else ()):
            yield bytes(size), False, f"{size} bytes", ("EINVAL", "ERANGE")
        sizes = (4, 8) if entry.type == "uint" else (4,)
        for name, step in (("max", 1), ("min", -1)):
            limit = bound(checks, name)
            if entry.enum and name == "max":
                limit = len(SPEC.enums[entry.enum]) - 1
            if limit is None:
                continue
            for size in sizes:
                if limit + step < 1 << (8 * size):
                    yield (limit + step).to_bytes(size, "little"), False, f"{name}", ("ERANGE",)
        yield bytes(4), True, "a nest", ("EINVAL",)
    elif entry.type == "string":
        longest = bound(checks, "max-len")
        yield b"x" * 4, False, "no null at the end", ("EINVAL",)
        yield b"", False, "nothing", ("EINVAL", "ERANGE")
        yield b"\0", False, "empty", ("EINVAL", "ERANGE")
        yield b"x" * (longest + 1) + b"\0", False, "too long", ("EINVAL", "ERANGE")
    elif entry.type == "binary":
        exact, longest = bound(checks, "exact-len"), bound(checks, "max-len")
        for size in (0, exact - 1, exact + 1) if exact else (longest + 2,):
            yield bytes(size), False, f"{size} bytes", ("EINVAL", "ERANGE")
    elif entry.type == "nest":
        yield bytes(4), False, "no nest flag", ("EINVAL",)
        yield b"\x03\0\0\0", True, "broken attribute", ("EINVAL", "ERANGE")


def check_set(family, operation, kind, allowed, base):
    """Tries all attributes of an operation's set; `base` is what names the object otherwise."""
    set_name = SPEC.set_of(operation)
    for name, entry in SPEC.sets[set_name].items():
        first = b"" if name == "id" else base
        nested = NLA_F_NESTED if entry.type == "nest" else 0
        if name not in allowed:
            refused(family, operation, kind, first + attr(entry.value | nested, bytes(4)), name,
                    ("EINVAL",))
            continue
        for payload, flag, _, errors in bad_values(entry, RAW[set_name][name]):
            if entry.type == "nest" and flag:
                continue
            data = attr(entry.value | (NLA_F_NESTED if flag else 0), payload)
            refused(family, operation, kind, first + data, name, errors)
    # One that nobody knows.
    number = len(SPEC.sets[set_name]) + 5
    refused(family, operation, kind, base + attr(number, bytes(4)), f"{set_name}:{number}",
            ("EINVAL",), ("Unknown attribute type",))


@case("attributes of each operation", *[f"{kind} {name}" for name, _, kind, _ in REQUESTS])
def operations(which):
    """Wrong lengths, values out of range, attributes that it does not have."""
    kind, operation = which.split()
    link = Link(up=False)
    instance = link.family.do("instance-new", netns_fd=link.ns["a"].fd)["id"]
    _, set_name, _, allowed = next(r for r in REQUESTS if r[0] == operation and r[2] == kind)
    base = b""
    if operation == "medium-new":
        # Its ports come first, and without them nothing else is looked at.
        ports = [{"netns-fd": link.ns["a"].fd, "ifname": name} for name in ("p", "q")]
        base = SPEC.encode(set_name, {"port": ports})
    elif "id" in allowed:
        ids = {"link": lambda: link.id, "medium": lambda: Medium(2, up=False).id}
        base = SPEC.encode(set_name, {"id": ids.get(set_name, lambda: instance)()})
    check_set(link.family, operation, kind, allowed, base)
    link.family.do("instance-del", id=instance)


WRITABLE_END = ["netns-fd", "ifname", "address", "tx"]


@case("attributes of an end", "link-new", "link-set")
def ends(operation):
    """What an end only tells is refused by name; see refusals.py for its message."""
    link = Link(up=False)
    # Where link-set looks at what it can change only.
    writable = WRITABLE_END if operation == "link-new" else ["tx"]
    for end in ("end-a", "end-b"):
        for name in writable:
            entry = SPEC.sets["end"][name]
            for payload, flag, _, errors in bad_values(entry, RAW["end"][name]):
                if entry.type == "nest" and flag:
                    continue
                data = attr(entry.value | (NLA_F_NESTED if flag else 0), payload)
                refused(link.family, operation, "do", both(operation, link, end, data),
                        f"{end}.{name}", errors)


def both(operation, link, end, data):
    """A request with one end as given, and all else in order."""
    if operation == "link-set":
        return SPEC.encode("link", {"id": link.id, end: data})
    other = "end-b" if end == "end-a" else "end-a"
    return SPEC.encode("link", {end: data, other: {}})


def parts(path, wrap, set_name):
    """A set and all sets within it: (path, what makes a request of attributes in it, name)."""
    yield path, wrap, set_name
    for name, entry in SPEC.sets[set_name].items():
        if entry.nested:
            yield from parts(path + (name,),
                             lambda data, kind=entry.value: wrap(attr(kind | NLA_F_NESTED, data)),
                             entry.nested)


@case("parameters of a direction", "link-new", "link-set")
def directions(operation):
    """Wrong lengths, values out of range, attributes that nobody knows."""
    link = Link(up=False)
    before = link.get()
    tx = SPEC.sets["end"]["tx"].value
    for path, wrap, set_name in parts(("end-a", "tx"), lambda data: attr(tx | NLA_F_NESTED, data),
                                      "direction"):
        for name, entry in SPEC.sets[set_name].items():
            if entry.type == "pad":
                continue
            for payload, nested, _, errors in bad_values(entry, RAW[set_name][name]):
                if entry.type == "nest" and nested:
                    continue    # the offset points into it
                data = wrap(attr(entry.value | (NLA_F_NESTED if nested else 0), payload))
                refused(link.family, operation, "do", both(operation, link, "end-a", data),
                        ".".join(path + (name,)), errors)
        data = wrap(attr(99, bytes(4)))
        refused(link.family, operation, "do", both(operation, link, "end-a", data),
                ".".join(path + (f"{set_name}:99",)), ("EINVAL",), ("Unknown attribute type",))
    equal(link.get(), before)
    equal(len(link.family.dump("link-get")[0]), 1, "no link was made")


@case("bounds themselves are accepted")
def bounds():
    """The highest and the lowest value of each parameter."""
    link = Link(up=False)
    for name, raw in RAW["direction"].items():
        if raw["type"] not in ("u32", "uint") or raw.get("enum"):
            continue
        checks = raw.get("checks", {})
        values = [v for v in (bound(checks, "max"), bound(checks, "min")) if v is not None]
        for value in values or [(1 << 32) - 1]:
            link.set(a={name: value})
            equal(link.get()["end-a"]["tx"][name], value, name)
    for name, raw in RAW["direction"].items():
        if raw.get("enum"):
            for number, value in enumerate(SPEC.enums[raw["enum"]]):
                table = {"jitter-table": bytes(4)} if value == "table" else {}
                link.set(a={name: number, **table})
                equal(link.get()["end-a"]["tx"][name], value, name)


after_each(wait_until_empty)
run()

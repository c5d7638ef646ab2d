#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Parameters that make no sense, of every type, as the types declare them themselves.

Each is refused with a reason when a block is made, changed and replaced, and changes nothing.
"""

import random

from vnettest.blocks import Graph, params_of
from vnettest.ktap import case, equal, note, run, true
from vnettest.netlink import NetlinkError
from vnettest.types import EXAMPLES, example_device, types

BIG = 1 << 64
FORMS = {"uint": 1, "text": "x", "data": b"x", "record": [{}]}
ERRORS = ("EINVAL", "ERANGE", "ENOENT", "E2BIG", "ENODEV", "EEXIST")


def wrong_values(declared):
    """Values of the declared kind that are not in its range, as parts of a parameter."""
    kind, least, most = declared["kind"], declared["least"], declared["most"]
    right = {"bool": "uint", "records": "record"}.get(kind, kind)
    for form in FORMS:
        if form != right:
            yield {form: FORMS[form]}
    if kind in ("uint", "bool"):
        yield {}
        for value in {least - 1, most + 1, BIG - 1} - {-1, BIG}:
            if not least <= value <= most:
                yield {"uint": value}
    elif kind == "text":
        yield {}
        for text in (b"\0", b"\xff\0", b"x" * (most + 1) + b"\0"):
            yield {"text": text}
    elif kind == "data":
        yield {}
        for size in {least - 1, most + 1} - {-1}:
            yield {"data": bytes(size)}
    else:
        yield from wrong_records(declared)


def wrong_records(declared):
    """Lists of records of which one is wrong, or that are too many."""
    fields = {field["name"]: field for field in declared["field"]}
    good = [{"name": name, "uint": field["least"]} for name, field in fields.items()
            if field["required"]]
    yield {"record": [{"field": good}] * (declared["most"] + 1)}
    yield {"record": [{"field": good + [{"name": "no-such-field", "uint": 1}]}]}
    yield {"record": [{"field": good + [{"uint": 1}]}]}
    if good:
        yield {"record": [{"field": good}, {"field": []}]}
    for name, field in fields.items():
        rest = [part for part in good if part["name"] != name]
        for value in wrong_values(field):
            if "record" not in value:
                yield {"record": [{"field": rest + [{"name": name, **value}]}]}
        one = {"name": name, "uint": field["least"]}
        if field["kind"] == "uint":
            yield {"record": [{"field": rest + [one, one]}]}


class Subject:
    """A block of a type, and the attempts to spoil it."""

    def __init__(self, kind):
        self.graph, self.kind = Graph(), kind
        example_device(self.graph.ns)
        self.declared = types()[kind]
        self.graph.add("b", kind, **EXAMPLES[kind])
        self.refusals = 0

    def params(self):
        """What was given and is told."""
        block = self.graph.get("b")
        return {name: block.params.get(name) for name in EXAMPLES[self.kind]}

    def refuses(self, param, *more):
        """No command takes such parameters."""
        before = self.params()
        name = param.get("name")
        rest = params_of({n: v for n, v in EXAMPLES[self.kind].items() if n != name})
        given = [param, *more]
        for operation, values in (
                ("block-new", {"name": "c", "kind": self.kind, "param": rest + given}),
                ("block-set", {"name": "b", "param": given}),
                ("block-replace", {"name": "b", "param": given})):
            try:
                self.graph.family.do(operation, {"netns-fd": self.graph.ns.fd, **values})
            except NetlinkError as refusal:
                true(refusal.name in ERRORS, f"{operation} {given}: {refusal}")
                true(refusal.text, f"{operation} {given}: {refusal.name} without a reason")
                self.refusals += 1
            else:
                true(False, f"{operation} takes {given}")
        equal(list(self.graph.list()), ["b"])
        equal(self.params(), before)


@case("values out of range, of another form, twice, unknown", *sorted(types()))
def malformed(kind):
    """One wrong thing at a time."""
    subject = Subject(kind)
    subject.refuses({"name": "no-such-parameter", "uint": 1})
    subject.refuses({"uint": 1})
    subject.refuses({"name": b"\0", "uint": 1})
    for name, declared in subject.declared.items():
        if declared["access"] == "told":
            for form, value in FORMS.items():
                subject.refuses({"name": name, form: value})
            continue
        for value in wrong_values(declared):
            subject.refuses({"name": name, **value})
        if name in EXAMPLES[kind]:
            twice = params_of({name: EXAMPLES[kind][name]})
            subject.refuses(*twice, *twice)
    note(f"{subject.refusals} refusals")


@case("bytes that are no attributes", *sorted(types()))
def garbage(kind):
    """Whatever they say, they are refused or change the block within its declaration."""
    subject = Subject(kind)
    draws = random.Random(kind)
    family, fd = subject.graph.family, subject.graph.ns.fd
    taken = 0
    for _ in range(300):
        junk = draws.randbytes(draws.randrange(0, 40))
        if subject.declared and draws.random() < 0.7:
            # A true name, and then whatever comes.
            name = draws.choice(list(subject.declared))
            junk = family.spec.encode("block-param", {"name": name}) + junk
        try:
            family.do("block-set", {"netns-fd": fd, "name": "b", "param": [junk]})
            taken += 1
        except NetlinkError as refusal:
            true(refusal.text, f"{junk.hex()}: {refusal.name} without a reason")
        subject.graph.get("b")
    note(f"{taken} of 300 were taken")


run()

# SPDX-License-Identifier: GPL-2.0
"""Functional blocks of a namespace, and what their counters must add up to."""

from . import ktap
from .ktap import defer
from .netlink import NetlinkError
from .netns import NetNS
from .ynl import Family


class Block(dict):
    """What the module tells of a block, checked for principle 6."""

    def __init__(self, values):
        super().__init__(values)
        counters = values["counters"]
        self.drops = {d["cause"]: d["packets"] for d in counters.get("drop", [])}
        self.params = {p["name"]: value_of(p) for p in values.get("param", [])}
        self.peers = {p["name"]: (p["peer"], p["peer-port"]) for p in values.get("port", [])
                      if "peer" in p}
        self.publishers = [s["publisher"] for s in values.get("subscription", [])]
        entered = self.count("in") + self.count("generated")
        left = (self.count("out") + self.count("consumed") + self.count("queued")
                + sum(self.drops.values()))
        ktap.equal(left, entered, f"balance of {values['name']}")

    def count(self, what, unit="packets"):
        """A counter."""
        return self["counters"][f"{what}-{unit}"]


def value_of(param):
    """The value of a parameter, records as dictionaries."""
    for kind in ("uint", "text", "data"):
        if kind in param:
            return param[kind]
    return [{f["name"]: value_of(f) for f in record.get("field", [])}
            for record in param.get("record", [])]


def _typed(name, value):
    if isinstance(value, (bool, int)):
        return {"name": name, "uint": int(value)}
    return {"name": name, "text" if isinstance(value, str) else "data": value}


def params_of(values):
    """Parameters for a request: numbers, texts, bytes and lists of dictionaries."""
    result = []
    for name, value in values.items():
        name = name.replace("_", "-")
        if isinstance(value, list):
            records = [{"field": [_typed(f.replace("_", "-"), v) for f, v in record.items()]}
                       for record in value]
            result.append({"name": name, "record": records})
        else:
            result.append(_typed(name, value))
    return result


class Graph:
    """The blocks of a namespace; all are removed at the end."""

    def __init__(self, ns=None):
        self.ns = ns or NetNS()
        self.family = Family()
        defer(self.family.close)
        defer(self.clear)

    def _do(self, operation, **values):
        values = {"netns-fd": self.ns.fd, **values}
        return self.family.do(operation, {k.replace("_", "-"): v for k, v in values.items()
                                          if v is not None})

    def add(self, name, kind, lab=None, **params):
        """Makes a block."""
        return Block(self._do("block-new", name=name, kind=kind, lab=lab,
                              param=params_of(params)))

    def set(self, name, **params):
        """Changes parameters."""
        self._do("block-set", name=name, param=params_of(params))

    def get(self, name):
        """One block."""
        return Block(self._do("block-get", name=name))

    def list(self):
        """All blocks by name."""
        found = self.family.dump("block-get", {"netns-fd": self.ns.fd})[0]
        return {b["name"]: Block(b) for b in found}

    def remove(self, name):
        """Removes a block."""
        self._do("block-del", name=name)

    def bind(self, upper, lower):
        """Binds `block` or `block:port` above to one below."""
        self._do("block-bind", **self._ends(upper, lower))

    def unbind(self, upper=None, lower=None):
        """Takes a binding apart."""
        self._do("block-unbind", **self._ends(upper, lower))

    def subscribe(self, name, publisher):
        """Has a block take the events of another one."""
        self._do("block-subscribe", name=name, publisher=publisher)

    def unsubscribe(self, name, publisher):
        """Ends that."""
        self._do("block-unsubscribe", name=name, publisher=publisher)

    @staticmethod
    def _ends(upper, lower):
        values = {}
        for side, text in (("upper", upper), ("lower", lower)):
            if text is not None:
                name, _, port = text.partition(":")
                values.update({side: name, f"{side}_port": port or None})
        return values

    def replace(self, name, kind=None, state=None, **params):
        """Puts another block in the place of one."""
        number = self.family.spec.enums["block-state"].index(state) if state else None
        self._do("block-replace", name=name, kind=kind, state=number,
                 param=params_of(params) or None)

    def chain(self, *ends):
        """Binds blocks, the lowest first; `block` or `block:port:port` (lower, upper)."""
        for below, above in zip(ends, ends[1:]):
            name, _, ports = below.partition(":")
            port = ports.split(":")[-1]
            upper, _, above_ports = above.partition(":")
            above_port = above_ports.split(":")[0]
            self.bind(upper + (f":{above_port}" if above_port else ""),
                      name + (f":{port}" if port else ""))

    def clear(self):
        """Takes everything apart and away."""
        if self.ns.fd is None:
            return
        for name, block in self.list().items():
            for port in block["port"]:
                if "peer" in port and port["side"] == "lower":
                    self.unbind(upper=f"{name}:{port['name']}")
            for publisher in block.publishers:
                self.unsubscribe(name, publisher)
        for name in self.list():
            self.remove(name)


def refused(error, text, function, *args, path=None, **kwargs):
    """The call is refused with an error and in just these words."""
    got = ktap.raises(NetlinkError, lambda: function(*args, **kwargs))
    ktap.equal((got.name, got.text), (error, text), f"{function.__name__} {args} {kwargs}")
    if path is not None:
        ktap.equal(got.path, path)

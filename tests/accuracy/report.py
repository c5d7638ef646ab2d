# SPDX-License-Identifier: GPL-2.0
"""Tables and plots of what was measured, put into the text of accuracy.md.in."""

import os
import re

import svg

HERE = os.path.dirname(os.path.realpath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TEXT = f"{HERE}/accuracy.md.in"
DOCUMENTATION = f"{TOP}/Documentation"

# Plots: axes' labels and kinds. What is not named is linear, without dots.
PLOTS = {
    "rate": {"x_label": "rate, bit/s", "y_label": "relative error", "x_log": True,
             "y_log": True, "dots": ("vnet", "netem")},
    "drift": {"x_label": "frame", "y_label": "off by, µs"},
    "delay": {"x_label": "delay, s", "y_label": "late by, ns", "x_log": True,
              "dots": ("vnet", "netem")},
    "runs": {"x_label": "n", "y_label": "share of runs of n or more", "y_log": True,
             "dots": ("vnet", "netem")},
    "ber-6": {"x_label": "frame, bytes", "y_label": "share lost", "dots": ("vnet", "netem")},
    "ber-5": {"x_label": "frame, bytes", "y_label": "share lost", "dots": ("vnet", "netem")},
    "ber-4": {"x_label": "frame, bytes", "y_label": "share lost", "dots": ("vnet", "netem")},
}
JITTER = {"x_label": "deviation from the delay, ms", "y_label": "share of frames below",
          "dots": ("vnet", "netem")}
# Groups beside which the kernel's own disciplines stand.
KERNEL = ("shares", "aqm")
QUEUE = {"x_label": "time, s", "y_label": "time in the queue, ms"}


def _time(ns):
    """A time with its unit, exactly."""
    for unit, size in (("s", 10**9), ("ms", 10**6), ("us", 10**3)):
        if abs(ns) >= size:
            return f"{ns / size:.6g} {unit}".replace("us", "µs")
    return f"{ns:.4g} ns"


def _rate(rate):
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if rate >= size:
            return f"{rate / size:g} {unit}bit/s"
    return f"{rate:g} bit/s"


def _value(row, value):
    """A figure as it stands in a table: what is near what was configured, by its difference."""
    if value is None:
        return ""
    unit, configured = row["unit"], row["configured"]
    if unit == "bit/s":
        if value == configured:
            return _rate(value)
        return f"{(value / configured - 1) * 1e6:+.3g} ppm"
    if unit == "ns":
        if configured and row["name"].startswith("delay") and value != configured:
            return ("+" if value > configured else "") + _time(value - configured)
        return _time(value)
    return f"{value:.5g}"


def _bound(row):
    """The bound as it stands in a table."""
    parts = []
    if row["bound"] is not None:
        low, high = row["bound"]
        if row["unit"] == "bit/s" or row["name"].startswith("delay"):
            parts.append(" to ".join("0" if v == row["configured"] else _value(row, v)
                                     for v in (low, high)))
        elif row["unit"] == "ns":
            parts.append(f"{_time(low)} to {_time(high)}")
        else:
            parts.append(f"{max(low, 0):.4g} to {high:.4g}")
    if row["exact"] is not None:
        parts.append({"early": "never early"}.get(row["check"], "each frame"))
    return ", ".join(parts)


def table(rows, group):
    """The rows of a group as a table in Markdown."""
    other = "kernel's" if group in KERNEL else "netem"
    lines = [f"| figure | configured | vnet | {other} | bound for vnet | |",
             "| --- | ---: | ---: | ---: | --- | --- |"]
    for row in rows:
        if row["group"] != group:
            continue
        configured = "" if row["configured"] is None else \
            _rate(row["configured"]) if row["unit"] == "bit/s" else \
            _time(row["configured"]) if row["unit"] == "ns" else f"{row['configured']:.5g}"
        lines.append("| " + " | ".join((
            f"`{row['name']}`", configured, _value(row, row["vnet"]), _value(row, row["netem"]),
            _bound(row), {True: "ok", False: "**wrong**", None: "reported"}[row["ok"]])) + " |")
    lines += ["", *_methods([r for r in rows if r["group"] == group])]
    return "\n".join(lines)


def _methods(rows):
    """How the rows were measured, each way once."""
    ways = {}
    for row in rows:
        ways.setdefault(row["how"], []).append(row["name"])
    if len(ways) == 1:
        return [f"Measured: {next(iter(ways))}."]
    return [f"- {', '.join(f'`{n}`' for n in names)}: {how}." for how, names in ways.items()]


def write(rows, curves, folder=DOCUMENTATION):
    """Writes accuracy.md and its pictures."""
    os.makedirs(f"{folder}/accuracy", exist_ok=True)
    known = {}
    for curve in curves:
        points = known.setdefault(curve["plot"], {}).setdefault(curve["label"], [])
        points += curve["points"]

    def picture(match):
        name, caption = match[1], match[2]
        style = PLOTS.get(name) or (JITTER if name.startswith("jitter") else QUEUE)
        order = sorted(known[name], key=lambda label: (label != "theory", label != "vnet", label))
        with open(f"{folder}/accuracy/{name}.svg", "w", encoding="utf-8") as file:
            file.write(svg.plot([(label, known[name][label]) for label in order], **style))
        return f"![{caption}](accuracy/{name}.svg)"

    with open(TEXT, encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"^@table (.*)@$", lambda m: table(rows, m[1]), text, flags=re.M)
    text = re.sub(r"^@plot (\S+) (.*)@$", picture, text, flags=re.M)
    with open(f"{folder}/accuracy.md", "w", encoding="utf-8") as file:
        file.write(text)

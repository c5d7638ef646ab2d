# SPDX-License-Identifier: GPL-2.0
"""Plots as SVG, by hand and small."""

import math
from html import escape

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 70, 120, 16, 44
COLOURS = {"theory": "#888888", "vnet": "#0b6e4f", "netem": "#d1495b", "kernel": "#d1495b"}


class Axis:
    """From values to places."""

    def __init__(self, values, begin, end, log):
        self.log, self.begin, self.end = log, begin, end
        values = [v for v in values if v > 0] if log else values
        low, high = min(values), max(values)
        if log:
            low, high = 10.0**math.floor(math.log10(low)), 10.0**math.ceil(math.log10(high))
            high = max(high, low * 10)
        else:
            # A little room, but none below zero if nothing is.
            room = (high - low) * 0.04 or 1
            low, high = low - room if low < 0 or low > 4 * room else 0, high + room
        self.low, self.high = low, high

    def place(self, value):
        """Where a value lies."""
        if self.log:
            part = math.log(max(value, self.low) / self.low) / math.log(self.high / self.low)
        else:
            part = (value - self.low) / (self.high - self.low)
        return round(self.begin + part * (self.end - self.begin), 1)

    def ticks(self):
        """Values that get a label."""
        if self.log:
            decades = round(math.log10(self.high / self.low))
            step = max(1, math.ceil(decades / 8))
            return [self.low * 10.0**i for i in range(0, decades + 1, step)]
        raw = (self.high - self.low) / 5
        unit = 10.0**math.floor(math.log10(raw))
        step = next(s * unit for s in (1, 2, 5, 10) if s * unit >= raw)
        first = math.ceil(self.low / step)
        return [i * step for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _text(x, y, text, anchor="middle", more=""):
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def plot(curves, x_label, y_label, x_log=False, y_log=False, dots=(), steps=()):
    """An SVG of curves: (label, points) each; those in `dots` have a dot at each point."""
    floor = min((y for _, p in curves for _, y in p if y > 0), default=1e-12) if y_log else None
    points = [(x, max(y, floor) if y_log else y) for _, p in curves for x, y in p]
    across = Axis([x for x, _ in points], LEFT, WIDTH - RIGHT, x_log)
    up = Axis([y for _, y in points], HEIGHT - BOTTOM, TOP, y_log)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="11">',
           '<!-- SPDX-License-Identifier: GPL-2.0; made by tests/accuracy/run -->',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>']
    for value in across.ticks():
        x = across.place(value)
        out.append(f'<path d="M{x} {TOP}V{HEIGHT - BOTTOM}" stroke="#e4e4e4"/>')
        out.append(_text(x, HEIGHT - BOTTOM + 15, f"{value:g}"))
    for value in up.ticks():
        y = up.place(value)
        out.append(f'<path d="M{LEFT} {y}H{WIDTH - RIGHT}" stroke="#e4e4e4"/>')
        out.append(_text(LEFT - 6, y + 4, f"{value:g}", "end"))
    out.append(f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" '
               'stroke="#444444"/>')
    middle = (TOP + HEIGHT - BOTTOM) // 2
    out.append(_text((LEFT + WIDTH - RIGHT) // 2, HEIGHT - 8, x_label))
    out.append(_text(14, middle, y_label, "middle", f' transform="rotate(-90 14 {middle})"'))
    for i, (label, values) in enumerate(curves):
        colour = COLOURS[label.split()[0]]
        places = [(across.place(x), up.place(max(y, floor) if y_log else y)) for x, y in values]
        # The first is drawn widest, so that what lies upon it leaves it to be seen.
        if label in dots:
            radius = 4 - i * 0.7
            out += [f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" fill="none" stroke="{colour}" '
                    'stroke-width="1.6"/>' for x, y in places]
        if label not in dots:
            path = f"M{places[0][0]} {places[0][1]}"
            for (x, y), (_, before) in zip(places[1:], places):
                path += f"L{x} {before}L{x} {y}" if label in steps else f"L{x} {y}"
            width = 3.0 if label == "theory" else 1.5
            out.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        y = TOP + 12 + i * 18
        x = WIDTH - RIGHT + 12
        out.append(f'<path d="M{x} {y - 4}h18" stroke="{colour}" stroke-width="3"/>')
        out.append(_text(x + 24, y, label, "start"))
    return "\n".join(out + ["</svg>", ""])

"""Line charts as SVG, made by hand: small, the same everywhere, and readable on any background."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 50, 56

# Told apart by people who do not see all colours (Okabe and Ito 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


@dataclass(frozen=True)
class Line:
    """Points that belong together, by ascending x."""

    name: str
    points: Sequence[tuple[float, float]]


def chart(title: str, lines: Sequence[Line], *, x: str, y: str, log_x: bool = False) -> str:
    """Lines over each other; y is logarithmic, as latencies are best seen, x if ``log_x``.

    Points without a finite y, or with one that has no logarithm, are left out.
    """
    drawable = [
        Line(
            each.name, [point for point in each.points if math.isfinite(point[1]) and point[1] > 0]
        )
        for each in lines
    ]
    points = [point for each in drawable for point in each.points]
    if not points:
        raise ValueError("a chart needs a point")
    across = _Axis([point[0] for point in points], LEFT, WIDTH - RIGHT, logarithmic=log_x)
    upward = _Axis([point[1] for point in points], HEIGHT - BOTTOM, TOP, logarithmic=True)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="26" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for value in upward.ticks():
        at = upward.at(value)
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" '
            f'stroke="#dddddd"/><text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">'
            f"{_label(value)}</text>"
        )
    for value in across.ticks():
        at = across.at(value)
        parts.append(
            f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM + 5}" '
            f'stroke="#333333"/><text x="{at:.1f}" y="{HEIGHT - BOTTOM + 20}" '
            f'text-anchor="middle">{_label(value)}</text>'
        )
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts += [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{HEIGHT - BOTTOM}" y2="{HEIGHT - BOTTOM}" '
        'stroke="#333333"/>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">'
        f"{escape(x)}</text>",
        f'<text x="16" y="{middle}" text-anchor="middle" transform="rotate(-90 16 {middle})">'
        f"{escape(y)}</text>",
    ]
    for place, line in enumerate(drawable):
        parts += _drawn(line, COLOURS[place % len(COLOURS)], place, across, upward)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _drawn(line: Line, colour: str, place: int, across: _Axis, upward: _Axis) -> list[str]:
    places = [(across.at(one), upward.at(other)) for one, other in line.points]
    path = " ".join(f"{one:.1f},{other:.1f}" for one, other in places)
    legend = TOP + 6 + 20 * place
    parts = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    parts += [
        f'<circle cx="{one:.1f}" cy="{other:.1f}" r="3" fill="{colour}"/>' for one, other in places
    ]
    right = WIDTH - RIGHT + 14
    parts.append(
        f'<line x1="{right}" x2="{right + 18}" y1="{legend}" y2="{legend}" stroke="{colour}" '
        f'stroke-width="3"/><text x="{right + 24}" y="{legend + 4}">{escape(line.name)}</text>'
    )
    return parts


class _Axis:
    """Places values between two edges of the picture."""

    def __init__(self, values: Sequence[float], low: float, high: float, *, logarithmic: bool):
        self._logarithmic = logarithmic
        self._low, self._high = low, high
        least, most = min(values), max(values)
        if logarithmic:
            self.least, self.most = _below(least), _above(most)
        else:
            self.least, self.most = 0.0, most
        if self.most <= self.least:
            self.most = self.least + 1

    def at(self, value: float) -> float:
        """Where a value lies."""
        if self._logarithmic:
            share = math.log(value / self.least) / math.log(self.most / self.least)
        else:
            share = (value - self.least) / (self.most - self.least)
        return self._low + share * (self._high - self._low)

    def ticks(self) -> list[float]:
        """Round values to write at the axis."""
        if self._logarithmic:
            return [value for value in _ONE_TWO_FIVE if self.least <= value <= self.most]
        step = next(each for each in _ONE_TWO_FIVE if self.most / each <= 8)
        return [step * place for place in range(int(self.most / step) + 1)]


_ONE_TWO_FIVE = [digit * 10.0**power for power in range(-6, 10) for digit in (1, 2, 5)]


def _below(value: float) -> float:
    return max(each for each in _ONE_TWO_FIVE if each <= value)


def _above(value: float) -> float:
    return min(each for each in _ONE_TWO_FIVE if each >= value)


def _label(value: float) -> str:
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"

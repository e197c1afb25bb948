"""Draws dashboards from a Prometheus, to look at them without Grafana.

``python -m local.dashboards.drawing edge --prometheus http://127.0.0.1:9090 --output edge.svg``
draws a dashboard; with ``--panel TITLE``, repeatable, only these panels of it.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import httpx2
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from local.dashboards.catalogue import DASHBOARDS
from local.dashboards.grafana import HEIGHT
from local.dashboards.panels import COLUMNS, Dashboard, Note, Panel, Row, Unit, View
from local.dashboards.queries import filled

POINTS = 200
# Inches a column and a line of Grafana's grid.
WIDTH, LINE = 0.9, 0.42
ROW_LINES = 2
NOTE_LINES = 4
COLOURS = {
    "p50": "#c0d8ff",
    "p95": "#5794f2",
    "p99": "#1f60c4",
    "2xx": "tab:green",
    "4xx": "gold",
    "5xx": "tab:red",
}
_SCALES = {
    Unit.SECONDS: ((1, "s"), (1e-3, "ms"), (1e-6, "µs")),
    Unit.BYTES: ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")),
    Unit.SHARE: ((1e-2, "%"),),
}
_SUFFIXES = {
    Unit.MILLISECONDS: "ms",
    Unit.DAYS: "d",
    Unit.REQUESTS: "req/s",
    Unit.EVENTS: "evt/s",
    Unit.OPERATIONS: "ops/s",
}


@dataclass(frozen=True)
class Placed:
    """A panel or the heading of a row, and its place in columns and lines."""

    content: Panel | Note | Row
    x: int
    y: int
    width: int
    height: int


Labels = Mapping[str, str]


class Source(Protocol):
    """What has the data of a period of so many seconds, until now."""

    @property
    def seconds(self) -> float:
        """The length of the period."""

    def lines(self, expr: str) -> Iterator[tuple[Labels, list[float], list[float]]]:
        """Yield the labels, the times before now in seconds, and the values of each series."""

    def values(self, expr: str) -> list[tuple[Labels, float]]:
        """Return the labels and the last value of each series."""


class Prometheus:
    """The last ``minutes`` in a Prometheus, as a `Source`."""

    def __init__(self, address: str, minutes: float) -> None:
        self._client = httpx2.Client(base_url=address, timeout=60, trust_env=False)
        self._end = time.time()
        self.seconds = 60 * minutes

    def lines(self, expr: str) -> Iterator[tuple[Labels, list[float], list[float]]]:
        """See `Source`."""
        period = {
            "start": self._end - self.seconds,
            "end": self._end,
            "step": self.seconds / POINTS,
        }
        for each in self._query("query_range", expr, period):
            times, values = zip(*each["values"], strict=True)
            yield each["metric"], [at - self._end for at in times], [float(v) for v in values]

    def values(self, expr: str) -> list[tuple[Labels, float]]:
        """See `Source`."""
        found = self._query("query", expr, {"time": self._end})
        return [(each["metric"], float(each["value"][1])) for each in found]

    def _query(self, path: str, expr: str, fields: Mapping[str, float]) -> list[dict[str, Any]]:
        query = filled(expr, interval="1m", whole=f"{self.seconds:.0f}s")
        answer = self._client.post(f"/api/v1/{path}", data={"query": query, **fields})
        read = answer.json()
        if read["status"] != "success":
            raise ValueError(f"{query}: {read['error']}")
        found: list[dict[str, Any]] = read["data"]["result"]
        return found


def chosen(dashboard: Dashboard, titles: Sequence[str]) -> Row:
    """Return the panels with these titles, under the title of the dashboard."""
    by_title = {each.title: each for each in dashboard.panels}
    return Row(dashboard.title, [by_title[title] for title in titles])


def drawn(rows: Sequence[Row], source: Source) -> Figure:
    """Return the picture of panels."""
    placed = list(_placed(rows))
    lines = max(each.y + each.height for each in placed)
    columns = max(each.x + each.width for each in placed if not isinstance(each.content, Row))
    figure = Figure(figsize=(columns * WIDTH, lines * LINE))
    for each in placed:
        left, top = each.x / columns, 1 - each.y / lines
        if isinstance(each.content, Row):
            figure.text(0.005, top - 0.4 / lines, each.content.title, size="x-large", va="top")
            continue
        figure.text(left + 0.2 / columns, top - 0.3 / lines, each.content.title, weight="bold")
        area = (
            left + 1.0 / columns,
            top - (each.height - 2.3) / lines,
            (each.width - 1.4) / columns,
            (each.height - 3.0) / lines,
        )
        _draw(each.content, figure.add_axes(area), source)
    return figure


def _placed(rows: Iterable[Row]) -> Iterator[Placed]:
    y = 0
    for row in rows:
        yield Placed(row, 0, y, COLUMNS, ROW_LINES)
        x, y, highest = 0, y + ROW_LINES, 0
        for each in row.panels:
            if x + each.width > COLUMNS:
                x, y, highest = 0, y + highest, 0
            height = HEIGHT[each.view] if isinstance(each, Panel) else NOTE_LINES
            yield Placed(each, x, y, each.width, height)
            x, highest = x + each.width, max(highest, height)
        y += highest


def _draw(panel: Panel | Note, axes: Axes, source: Source) -> None:
    if isinstance(panel, Note):
        axes.axis("off")
        axes.text(0, 1, textwrap.fill(panel.text, panel.width * 7), va="top")
    elif panel.view is View.NUMBER:
        _draw_number(panel, axes, source)
    elif panel.view is View.TABLE:
        _draw_table(panel, axes, source)
    else:
        _draw_lines(panel, axes, source)


def _draw_lines(panel: Panel, axes: Axes, source: Source) -> None:
    for query in panel.queries:
        for labels, times, values in source.lines(query.expr):
            name = _named(query.legend, labels)
            axes.plot(times, values, label=name or "–", color=COLOURS.get(name), linewidth=1)
    if axes.lines:
        axes.legend(fontsize="xx-small", loc="upper left", bbox_to_anchor=(0, -0.12), ncols=3)
    else:
        axes.text(0.5, 0.5, "No data", transform=axes.transAxes, ha="center")
    axes.set_xlim(-source.seconds, 0)
    axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
    if panel.limit is not None and panel.limit < 3 * axes.get_ylim()[1]:
        axes.axhline(panel.limit, color="tab:red", linestyle="--", linewidth=1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / 60:.3g} min")
    axes.yaxis.set_major_formatter(lambda value, _: shown(value, panel.unit))
    axes.tick_params(labelsize="x-small")
    axes.grid(alpha=0.3)


def _draw_number(panel: Panel, axes: Axes, source: Source) -> None:
    axes.axis("off")
    for _, value in source.values(panel.queries[0].expr):
        over = panel.limit is not None and value >= panel.limit
        colour = "tab:red" if over else "tab:blue" if panel.limit is None else "tab:green"
        axes.text(0.5, 0.3, shown(value, panel.unit), size=24, color=colour, ha="center")


def _draw_table(panel: Panel, axes: Axes, source: Source) -> None:
    axes.axis("off")
    cells = [
        [f"{value:g}" if label == "Value" else labels.get(label, "") for label, _ in panel.columns]
        for labels, value in source.values(panel.queries[0].expr)
    ]
    axes.table(cells, colLabels=[title for _, title in panel.columns], loc="upper center")


def _named(legend: str, labels: Labels) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda found: labels.get(found[1], ""), legend)


def shown(value: float, unit: Unit) -> str:
    """Return a value with its unit."""
    if not math.isfinite(value):
        return "–"
    for scale, name in _SCALES.get(unit, ()):
        if abs(value) >= scale or (value == 0 and scale <= 1):
            return f"{value / scale:.3g} {name}"
    if unit in _SCALES:
        scale, name = _SCALES[unit][-1]
        return f"{value / scale:.3g} {name}"
    return f"{value:.3g} {_SUFFIXES.get(unit, '')}".rstrip()


def main(arguments: list[str]) -> int:
    """Draw; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=[each.name for each in DASHBOARDS])
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--panel", action="append", default=[], help="a title; repeatable")
    parser.add_argument("--output", type=Path, required=True, help="an SVG or PNG file")
    given = parser.parse_args(arguments)
    (dashboard,) = [each for each in DASHBOARDS if each.name == given.name]
    unknown = set(given.panel) - {each.title for each in dashboard.panels}
    if unknown:
        parser.error(f"{given.name} has no panel {sorted(unknown)[0]!r}")
    rows = [chosen(dashboard, given.panel)] if given.panel else dashboard.rows
    drawn(rows, Prometheus(given.prometheus, given.minutes)).savefig(given.output)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

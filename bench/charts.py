"""Line charts as SVG, drawn by matplotlib: equal figures give equal bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

# Colours that colour-blind readers can distinguish (Okabe and Ito 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")

_INCHES = (9.0, 5.0)


@dataclass(frozen=True)
class Line:
    """Points that belong together, by ascending x."""

    name: str
    points: Sequence[tuple[float, float]]


def chart(title: str, lines: Sequence[Line], *, x: str, y: str, log_x: bool = False) -> str:
    """Lines over each other; y is logarithmic, as latencies are best seen, x if ``log_x``.

    Points without a finite y, or with one that has no logarithm, are left out. Raises ValueError
    where none is left.
    """
    drawable = {
        each.name: [point for point in each.points if math.isfinite(point[1]) and point[1] > 0]
        for each in lines
    }
    if not any(drawable.values()):
        raise ValueError("a chart needs a point")
    figure = Figure(figsize=_INCHES, layout="constrained")
    axes = figure.subplots()
    axes.set_prop_cycle(color=COLOURS)
    for place, (name, points) in enumerate(drawable.items()):
        # A group in the SVG has this id.
        axes.plot(*zip(*points, strict=True), marker="o", label=name, gid=f"line-{place}")
    axes.set(title=title, xlabel=x, ylabel=y, yscale="log", xscale="log" if log_x else "linear")
    _label(axes.yaxis)
    if log_x:
        _label(axes.xaxis)
    else:
        axes.set_xlim(left=0)
    axes.grid(axis="y", color="#dddddd")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False)
    drawn = io.StringIO()
    # Ids of elements follow from what is drawn, no date is written, and text stays text.
    with mpl.rc_context({"svg.hashsalt": "roost", "svg.fonttype": "none"}):
        metadata = {"Title": title, "Date": None, "Creator": None}
        figure.savefig(drawn, format="svg", metadata=metadata)
    return drawn.getvalue()


def _label(axis: Axis) -> None:
    """Round values at a logarithmic axis, as people write them."""
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    )
    axis.set_minor_formatter(NullFormatter())

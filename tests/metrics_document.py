"""The tables of docs/metrics.md."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

DOCUMENT = Path(__file__).parents[1] / "docs" / "metrics.md"


class Metric(NamedTuple):
    """What a process exposes, except for its values."""

    type: str
    labels: tuple[str, ...]


class Row(NamedTuple):
    """A row of the document."""

    metric: Metric
    unit: str
    process: str
    purpose: str


@cache
def rows() -> dict[str, Row]:
    """Each row by the name of its metric."""
    found: dict[str, Row] = {}
    for line in DOCUMENT.read_text().splitlines():
        if not line.startswith("| `roost_"):
            continue
        name, kind, labels, unit, process, purpose = (
            each.strip() for each in line.strip("| ").split(" | ", maxsplit=5)
        )
        assert name.strip("`") not in found, f"{name} has two rows"
        names = () if labels == "–" else tuple(labels.split(", "))
        found[name.strip("`")] = Row(Metric(kind, names), unit, process, purpose)
    return found

"""Figures and tables of a run: kept as JSON, printed for people, compared with an earlier run."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import msgspec
from rich.console import Console
from rich.table import Table as RichTable

from bench.machine import Origin

RESULTS = Path(__file__).parent / "results"
LATEST = RESULTS / "latest.json"

Better = Literal["higher", "lower", "neither"]


class Figure(msgspec.Struct, frozen=True):
    """A number that later runs are compared with."""

    name: str
    value: float | None
    unit: str
    better: Better


class Table(msgspec.Struct, frozen=True):
    """A printed table."""

    title: str
    columns: list[str]
    rows: list[list[str]]


class Report(msgspec.Struct):
    """The results of a scenario."""

    figures: list[Figure] = []
    tables: list[Table] = []
    # Printed below the tables.
    notes: list[str] = []
    # Files beside the JSON.
    pictures: list[str] = []
    origin: Origin | None = None

    def higher(self, name: str, value: float, unit: str) -> None:
        """Add a figure; higher is better."""
        self.figures.append(Figure(name, _finite(value), unit, "higher"))

    def lower(self, name: str, value: float, unit: str) -> None:
        """Add a figure; lower is better."""
        self.figures.append(Figure(name, _finite(value), unit, "lower"))

    def neither(self, name: str, value: float, unit: str) -> None:
        """Add a figure that describes the measurement."""
        self.figures.append(Figure(name, _finite(value), unit, "neither"))

    def table(self, title: str, columns: list[str], rows: list[list[str]]) -> None:
        """Add a table."""
        self.tables.append(Table(title, columns, rows))


def save(reports: dict[str, Report], file: Path = LATEST) -> None:
    """Write reports to the file; reports of other scenarios in it stay."""
    file.parent.mkdir(parents=True, exist_ok=True)
    kept = load(file.read_bytes()) if file.exists() else {}
    text = msgspec.json.format(msgspec.json.encode({**kept, **reports}), indent=1)
    file.write_bytes(text + b"\n")


def load(content: bytes) -> dict[str, Report]:
    """Read what `save` wrote. Raises msgspec.DecodeError."""
    return msgspec.json.decode(content, type=dict[str, Report])


def show(name: str, report: Report, console: Console) -> None:
    """Print a scenario's tables."""
    for table in report.tables:
        drawn = RichTable(title=f"{name}: {table.title}", title_justify="left")
        for place, column in enumerate(table.columns):
            drawn.add_column(column, justify="left" if place == 0 else "right")
        for row in table.rows:
            drawn.add_row(*row)
        console.print(drawn)
    for note in report.notes:
        console.print(f"  {note}", style="dim", highlight=False)
    for picture in report.pictures:
        console.print(f"  Picture: {RESULTS / picture}", style="dim", highlight=False)


def number(value: float | None) -> str:
    """Format a number with three significant digits."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{digits}f}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

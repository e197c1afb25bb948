"""Compares two runs by the ratios of their figures."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from bench.report import Figure, Report, number

# Two runs of the same commit on a quiet machine differ by less than this.
NOISE = 0.07


def ratios(
    before: dict[str, Report], after: dict[str, Report]
) -> Iterator[tuple[str, Figure, Figure, float]]:
    """Yield each figure that both runs have: scenario, then, now, and now ÷ then."""
    for scenario, report in after.items():
        earlier = before.get(scenario)
        known = {each.name: each for each in earlier.figures} if earlier else {}
        for figure in report.figures:
            then = known.get(figure.name)
            if then is not None and then.value and figure.value is not None:
                yield scenario, then, figure, figure.value / then.value


def verdict(figure: Figure, ratio: float) -> str:
    """Return better, worse, or an empty string if the change is within the noise."""
    if figure.better == "neither" or abs(ratio - 1) <= NOISE:
        return ""
    return "better" if (ratio > 1) == (figure.better == "higher") else "worse"


def show(before: dict[str, Report], after: dict[str, Report], console: Console) -> None:
    """Print the comparison, one table a scenario."""
    tables: dict[str, Table] = {}
    colours = {"better": "green", "worse": "red", "": ""}
    for scenario, then, now, ratio in ratios(before, after):
        if scenario not in tables:
            tables[scenario] = _table(scenario, before[scenario], after[scenario])
        said = verdict(now, ratio)
        tables[scenario].add_row(
            now.name, number(then.value), number(now.value), now.unit, f"{ratio:.2f}", said,
            style=colours[said],
        )  # fmt: skip
    for table in tables.values():
        console.print(table)
    if not tables:
        console.print("The two runs have no figure in common.")


def _table(scenario: str, before: Report, after: Report) -> Table:
    then, now = (each.origin.commit if each.origin else "" for each in (before, after))
    table = Table(title=f"{scenario}: {then} → {now}", title_justify="left")
    table.add_column("figure")
    for column in ("then", "now"):
        table.add_column(column, justify="right")
    table.add_column("unit")
    table.add_column("now ÷ then", justify="right")
    table.add_column("")
    return table

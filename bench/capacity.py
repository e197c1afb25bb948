"""`python -m bench.capacity show` and `python -m bench.capacity write`.

The model of docs/capacity.md: what a number of people demands, by the unit costs in
results/latest.json, and which part breaks first.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.markdown import Markdown

from bench import report
from bench.machine import ROOT
from bench.scenarios.mix import WEIGHTS
from bench.sizing.assumptions import AssumptionInvalid, Assumptions
from bench.sizing.document import replaced, sections
from bench.sizing.plan import plan, predict_mix, speed_of_home
from bench.sizing.unit_costs import FigureMissing, UnitCosts

DOCUMENT = ROOT / "docs" / "capacity.md"
SIZES = (1e6, 1e7, 1e8)

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
console = Console()

Results = Annotated[Path, typer.Option(help="The figures of the bench.")]


@app.command()
def show(
    *,
    people: Annotated[
        list[float] | None, typer.Option(help="Registered people; may be repeated.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="An assumption, as name=number; may be repeated."),
    ] = None,
    results: Results = report.LATEST,
) -> None:
    """Print the tables, for other sizes or other assumptions."""
    try:
        assume = Assumptions().overridden(set_ or [])
        texts = generated(results, people or list(SIZES), assume)
    except (AssumptionInvalid, FigureMissing, OSError, msgspec.DecodeError) as failure:
        raise _print_error(str(failure)) from None
    for name in ("load", "resources", "parts", "order", "record", "prediction"):
        console.print(Markdown(texts[name]))


@app.command()
def write(*, results: Results = report.LATEST) -> None:
    """Write the tables of docs/capacity.md."""
    try:
        texts = generated(results, SIZES, Assumptions())
        DOCUMENT.write_text(replaced(DOCUMENT.read_text(), texts))
    except (FigureMissing, LookupError, OSError, msgspec.DecodeError) as failure:
        raise _print_error(str(failure)) from None
    console.print(f"The tables are in {DOCUMENT.relative_to(ROOT)}.", highlight=False)


def generated(
    results: Path, people: list[float] | tuple[float, ...], assume: Assumptions
) -> dict[str, str]:
    """The sections of the document. Raises FigureMissing, OSError and msgspec.DecodeError."""
    units = UnitCosts(report.load(results.read_bytes()))
    plans = {title(each): plan(each, units, assume) for each in people}
    predictions = {
        "as it is": predict_mix(units, WEIGHTS),
        "at the machine's speed then": predict_mix(units, WEIGHTS, speed=speed_of_home(units)),
    }
    largest = max(people)
    record = {title(largest): plan(largest, units, assume.at_record())}
    return sections(plans, record, units, assume, predictions)


def title(people: float) -> str:
    """The size in millions of people."""
    return f"{people / 1e6:g} M people"


def _print_error(sentence: str) -> typer.Exit:
    Console(stderr=True).print(sentence, highlight=False)
    return typer.Exit(2)


if __name__ == "__main__":
    app()

"""`python -m bench run` and `python -m bench compare`."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from bench import compare, report
from bench.bench import Bench
from bench.jobs import GeneratorFailed
from bench.judged_texts import DownloadFailed
from bench.machine import ROOT, Origin, origin
from bench.prewarmed_users import prewarmed_users
from bench.scenarios import SCENARIOS, STANDALONE
from bench.skipped import Skipped
from bench.stack import bench_stack
from local.graph import Graph, GraphFileInvalid, make_graph, read_graph
from local.process_runner import PartFailed

# Of the generated graph; the density is that of a small college.
PEOPLE, FOLLOWS_EACH = 962, 28

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)
console = Console()


@app.command()
def run(
    *,
    only: Annotated[str, typer.Option(help="Scenarios, separated by commas; all if empty.")] = "",
    graph: Annotated[
        Path | None, typer.Option(help="An edge list for the mix; generated if absent.")
    ] = None,
    results: Annotated[Path, typer.Option(help="The file for the figures.")] = report.LATEST,
) -> None:
    """Start a stack if a scenario needs one, measure, print tables, and keep the figures."""
    known = [*STANDALONE, *SCENARIOS]
    names = [name.strip() for name in only.split(",") if name.strip()] or known
    unknown = [name for name in names if name not in known]
    if unknown:
        raise _print_error(f"There is no scenario {unknown[0]}; there are {', '.join(known)}.")
    try:
        loaded = read_graph(graph) if graph else make_graph(PEOPLE, FOLLOWS_EACH)
        asyncio.run(_run(names, loaded, results))
    except asyncio.CancelledError:
        raise _print_error("The bench was stopped.") from None
    except (GraphFileInvalid, OSError, PartFailed, GeneratorFailed, DownloadFailed) as failure:
        raise _print_error(f"{failure}.") from None


@app.command(name="compare")
def compare_(
    before: Annotated[
        Path | None, typer.Argument(help="An earlier run; the committed one if absent.")
    ] = None,
    after: Annotated[Path, typer.Argument(help="A later run.")] = report.LATEST,
) -> None:
    """Show each figure of a run beside that of an earlier one."""
    try:
        earlier = before.read_bytes() if before else _committed()
        compare.show(report.load(earlier), report.load(after.read_bytes()), console)
    except (OSError, msgspec.DecodeError, subprocess.CalledProcessError) as failure:
        raise _print_error(f"There is nothing to compare: {failure}.") from None


async def _run(names: list[str], graph: Graph, results: Path) -> None:
    running = asyncio.current_task()
    assert running is not None  # noqa: S101 - a coroutine that runs is in a task
    # SIGTERM stops the stack and removes its folder, as Ctrl-C does.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    where = origin()
    console.print(
        f"{where.commit} on {where.cores} cores of {where.cpu}, {where.memory_gib} GiB; "
        f"load before {where.load}",
        highlight=False,
    )
    began = time.monotonic()
    for name in filter(STANDALONE.__contains__, names):
        await _measure(name, STANDALONE[name](console), where, results)
    loads = [name for name in names if name in SCENARIOS]
    if loads:
        async with bench_stack() as stack, prewarmed_users(stack) as people:
            bench = Bench(stack=stack, prewarmed_users=people, graph=graph, console=console)
            for name in loads:
                await _measure(name, SCENARIOS[name](bench), where, results)
    console.print(f"{time.monotonic() - began:.0f} s; the figures are in {results}")


async def _measure(
    name: str, scenario: Awaitable[report.Report], where: Origin, results: Path
) -> None:
    """Run a scenario, print its tables, and keep its figures."""
    console.rule(name, align="left")
    try:
        measured = await scenario
    except Skipped as skipped:
        console.print(f"Skipped: {skipped}", highlight=False)
        return
    measured.origin = where
    report.show(name, measured, console)
    report.save({name: measured}, results)


def _committed() -> bytes:
    """The figures of the last commit."""
    place = report.LATEST.relative_to(ROOT).as_posix()
    finished = subprocess.run(
        ["git", "show", f"HEAD:{place}"], cwd=ROOT, capture_output=True, check=True, timeout=20
    )
    return finished.stdout


def _print_error(sentence: str) -> typer.Exit:
    Console(stderr=True).print(sentence, highlight=False)
    return typer.Exit(2)


if __name__ == "__main__":
    app()

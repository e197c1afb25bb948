"""`make game-day`: breaks parts of a one-machine stack under a light load, one after another, and
compares the alerts that fire with those that must.

A Prometheus evaluates the rules of Roost with windows and waits that are divided by SHORTER. Each
fault begins with an empty store and a quiet stack, lasts until its alerts fire, and ends when none
fires any more. Needs `prometheus` on the PATH and an idle machine: on a busy one requests are slow,
and the alerts say so.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from local.dashboards import drawing
from local.stack import Stack
from tests.citus import CITUS_SETTING
from tests.e2e.stacks import TestStack
from tests.soak.faults import FAULTS, Fault
from tests.soak.monitoring import PROGRAM, Alert, Prometheus, prometheus
from tests.soak.pictures import PICTURES
from tests.soak.traffic import traffic

SHORTER = 240.0
QUIET_SECONDS = 20.0  # without an alert, before a fault
STILL_SECONDS = 5.0  # without an alert, after a fault
# Time limits of the phases of a fault.
QUIET_LIMIT, FIRING_LIMIT, ENDING_LIMIT = 300.0, 180.0, 420.0
POLL_SECONDS = 0.5
LIMITS = {"ROOST_RATE_LOGINS": "20"}  # as in envoy/defaults.env; others are lifted

Report = Callable[[str], None]


@dataclass
class Outcome:
    """What fired, and how long the phases took."""

    fault: Fault
    fired: set[Alert] = field(default_factory=set)
    firing_seconds: float | None = None
    ending_seconds: float | None = None
    noise: set[Alert] = field(default_factory=set)
    """What fired before the fault, so that it could not begin."""

    @property
    def missing(self) -> set[str]:
        """The alerts that had to fire and did not."""
        return set(self.fault.expected - {each.name for each in self.fired})

    @property
    def unexpected(self) -> set[Alert]:
        """The alerts that fired and must not."""
        return {each for each in self.fired if each.name not in self.fault.expected}

    @property
    def is_right(self) -> bool:
        """Whether the expected alerts fired, no other one, and all ended."""
        times = (self.firing_seconds, self.ending_seconds)
        return None not in times and not (self.missing or self.unexpected or self.noise)


class NotInTime(Exception):
    """A phase took longer than its limit."""


async def play(fault: Fault, stack: Stack, watch: Prometheus) -> Outcome:
    """Break, wait for the alerts, mend, and wait for their end."""
    outcome = Outcome(fault)
    try:
        await _quiet(watch, seconds=QUIET_SECONDS, limit=QUIET_LIMIT)
    except NotInTime:
        outcome.noise = await watch.firing()
        return outcome
    began = time.monotonic()

    async def have_fired(names: frozenset[str]) -> bool:
        return names <= {each.name for each in await watch.fired(time.monotonic() - began)}

    with contextlib.suppress(NotInTime):
        async with fault.broken(stack):
            with contextlib.suppress(NotInTime):
                await _until(lambda: have_fired(fault.during), limit=FIRING_LIMIT)
                outcome.firing_seconds = time.monotonic() - began
                await asyncio.sleep(fault.seconds - outcome.firing_seconds)
        mended = time.monotonic()
        await _until(lambda: have_fired(fault.expected), limit=FIRING_LIMIT)
        await _quiet(watch, seconds=STILL_SECONDS, limit=ENDING_LIMIT)
        outcome.ending_seconds = time.monotonic() - mended
    outcome.fired = await watch.fired(time.monotonic() - began)
    return outcome


async def game_day(
    folder: Path,
    faults: Sequence[Fault],
    *,
    by: float,
    report: Report,
    pictures: Path | None = None,
) -> list[Outcome]:
    """Start a stack, play the faults, and return their outcomes. With a folder for pictures, those
    of docs/runbook.md are drawn into it."""
    outcomes = []
    async with _busy_stack(folder / "stack") as stack:
        for number, fault in enumerate(faults, 1):
            report(f"{number} of {len(faults)}: {fault.name}")
            parts = stack.supervisor.statuses()
            async with prometheus(folder / f"prometheus-{number}", parts, by=by) as watch:
                began = time.monotonic()
                outcome = await play(fault, stack, watch)
                if pictures is not None:
                    minutes = (time.monotonic() - began) / 60
                    await asyncio.to_thread(_draw, fault, watch, minutes, pictures)
            report(f"  {summary(outcome)}")
            outcomes.append(outcome)
    return outcomes


def _draw(fault: Fault, watch: Prometheus, minutes: float, folder: Path) -> None:
    source = drawing.Prometheus(f"http://{watch.address}", minutes)
    for picture in PICTURES.get(fault.name, ()):
        picture.draw(source, folder)


def summary(outcome: Outcome) -> str:
    """Return what happened, in a line."""
    if outcome.noise:
        return f"not begun, since these fired before: {_listed(outcome.noise)}"
    said = [f"fired: {_listed(outcome.fired) or 'nothing'}"]
    if outcome.missing:
        said.append(f"missing: {', '.join(sorted(outcome.missing))}")
    if outcome.unexpected:
        said.append(f"unexpected: {_listed(outcome.unexpected)}")
    if outcome.ending_seconds is None:
        said.append("not all ended in time")
    return "; ".join(said)


def table(outcomes: Sequence[Outcome]) -> Table:
    """Return a row for each fault."""
    rows = Table("fault", "alerts", "fired after", "ended after", "as expected")
    for each in outcomes:
        rows.add_row(
            each.fault.name,
            "\n".join(sorted({alert.name for alert in each.fired or each.noise})),
            _seconds(each.firing_seconds),
            _seconds(each.ending_seconds),
            "yes" if each.is_right else "NO",
        )
    return rows


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="a word in the names of the faults to play")
    parser.add_argument("--pictures", type=Path, help="draw those of docs/runbook.md here")
    parser.add_argument("--shorter", type=float, default=SHORTER, help="divides all windows")
    arguments = parser.parse_args()
    if PROGRAM is None:
        print("Skipped: the game day needs Prometheus, and it is not installed here.")
        return 0
    if os.environ.get(CITUS_SETTING):
        print(
            f"Skipped: faults of databases are those of one PostgreSQL, so unset {CITUS_SETTING}."
        )
        return 0
    faults = [each for each in FAULTS if not arguments.only or arguments.only in each.name]
    console = Console(width=160)
    with tempfile.TemporaryDirectory(prefix="roost-game-day-") as folder:
        outcomes = asyncio.run(
            game_day(
                Path(folder),
                faults,
                by=arguments.shorter,
                pictures=arguments.pictures,
                report=lambda line: console.print(line, markup=False, soft_wrap=True),
            )
        )
    console.print(table(outcomes))
    return 0 if all(each.is_right for each in outcomes) else 1


@contextlib.asynccontextmanager
async def _busy_stack(folder: Path) -> AsyncIterator[Stack]:
    async with (
        TestStack(folder, LIMITS) as started,
        started.edge() as edge,
        traffic(edge, media=started.stack.media),
    ):
        yield started.stack


async def _quiet(watch: Prometheus, *, seconds: float, limit: float) -> None:
    """Wait until no alert has been active for so many seconds. Raises NotInTime."""
    since = time.monotonic()

    async def is_quiet() -> bool:
        nonlocal since
        if await watch.active():
            since = time.monotonic()
        return time.monotonic() - since >= seconds

    await _until(is_quiet, limit=limit)


async def _until(condition: Callable[[], Awaitable[bool]], *, limit: float) -> None:
    """Wait for a condition. Raises NotInTime."""
    deadline = time.monotonic() + limit
    while not await condition():
        if time.monotonic() > deadline:
            raise NotInTime
        await asyncio.sleep(POLL_SECONDS)


def _listed(alerts: set[Alert]) -> str:
    return ", ".join(f"{name} ({severity}: {about})" for name, severity, about in sorted(alerts))


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())

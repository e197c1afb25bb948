"""Home reads while a service that they do not need hangs, and while one that they need is slow.

A process stopped by SIGSTOP keeps its connections and answers nothing, as one that hangs.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator

from bench import sample_requests
from bench.bench import Bench
from bench.jobs import Kind
from bench.latency import Latency
from bench.measuring import Run
from bench.report import Report, number
from bench.scenarios.tables import LATENCY_COLUMNS, latency_row

PEOPLE = 200
SECONDS = 8.0
PEAK_CONNECTIONS, PEAK_SECONDS = 64, 6.0
LOAD = 0.4  # of the peak, so that a slow service can catch up
# More than the requests that hang, so that none waits in the generator.
CROWD = 1000
NOTIFICATIONS = 50.0  # a second; 250 of them hang until the deadline of a read
# A slow service is stopped for this time, then runs for this time, and so on.
STUTTER_SECONDS = 0.1
KINDS = ("home", "notifications")


async def run(bench: Bench) -> Report:
    """Measure homes and notifications side by side, without a fault and with each fault."""
    users = (await bench.users())[:PEOPLE]
    homes = sample_requests.homes(users)
    bench.say("the peak …")
    peak = await bench.closed(
        [Kind("home", homes)], connections=PEAK_CONNECTIONS, seconds=PEAK_SECONDS
    )
    rate = LOAD * peak.outcome.rate
    kinds = [
        Kind("home", homes, rate),
        Kind(
            "notifications", [sample_requests.notifications(each) for each in users], NOTIFICATIONS
        ),
    ]

    async def measured() -> Run:
        return await bench.opened(
            kinds, rate=rate + NOTIFICATIONS, seconds=SECONDS, connections=CROWD
        )

    pids = bench.stack.pids
    runs: dict[str, Run] = {}
    bench.say("no fault …")
    runs["no fault"] = await measured()
    bench.say("the Post service is slow …")
    async with _stuttering(pids["post"]):
        runs["post is slow"] = await measured()
    bench.say("the Notification service hangs …")
    with _stopped(pids["notification"]):
        runs["notification hangs"] = await measured()
    return _report(runs, rate=rate)


def _report(runs: dict[str, Run], *, rate: float) -> Report:
    report = Report()
    report.table(
        f"{number(rate)} homes and {NOTIFICATIONS:.0f} pages of notifications a second",
        ["", *LATENCY_COLUMNS],
        [
            [f"{kind}, {title}", *latency_row(each.outcome, kind)]
            for kind in KINDS
            for title, each in runs.items()
        ],
    )
    for title, each in runs.items():
        home = each.outcome.measured["home"]
        refused = sum(home.refusals.values())
        share = refused / max(refused + len(home.latencies), 1)
        report.lower(f"homes refused, {title}", share, "ratio")
        report.lower(f"home p99, {title}", Latency.of(home.latencies).p99, "ms")
        refusals = {kind: each.outcome.measured[kind].refusals for kind in KINDS}
        report.notes.append(f"{title}: refusals by status {refusals}.")
    return report


@contextlib.contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def _stuttering(pid: int) -> AsyncIterator[None]:
    async def stutter() -> None:
        while True:
            with _stopped(pid):
                await asyncio.sleep(STUTTER_SECONDS)
            await asyncio.sleep(STUTTER_SECONDS)

    task = asyncio.create_task(stutter())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

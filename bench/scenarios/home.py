"""The home of 20 posts, from the real services and from stubs."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from bench import sample_requests, stubs
from bench.bench import Bench
from bench.jobs import Kind
from bench.latency import Latency
from bench.measuring import Run
from bench.prewarmed_users import PrewarmedUser
from bench.report import Report, number
from bench.scenarios.tables import LATENCY_COLUMNS, cost_rows, latency_row, total
from local import wheels
from local.parts.processes import GRPC

READERS = 200
CONNECTIONS = 16
SECONDS = 10.0
# The share of the real path's capacity at which requests do not queue.
EASY = 0.5
NOUNS = ("user", "post", "timeline")
STAYING = {"envoy", "gateway"}
HEALTHY_SECONDS = 60.0


async def run(bench: Bench) -> Report:
    """Measure the real services, then the stubs behind the same Envoy and gateway processes."""
    users = await bench.users()
    readers = users[:READERS]
    kinds = [Kind("home", sample_requests.homes(readers))]
    recorded = await stubs.record(bench.stack.stack.envoy.mesh, readers)

    bench.say("the real path …")
    real = await bench.closed(kinds, connections=CONNECTIONS, seconds=SECONDS)
    easy = real.outcome.rate * EASY
    real_easy = await bench.opened(kinds, rate=easy, seconds=SECONDS)

    bench.say("the path with stubs …")
    async with _answering_from_memory(bench, recorded) as pids:
        stub = await bench.closed(kinds, connections=CONNECTIONS, seconds=SECONDS, also=pids)
        stub_easy = await bench.opened(kinds, rate=easy, seconds=SECONDS, also=pids)
    return _report(
        real=real, real_easy=real_easy, stub=stub, stub_easy=stub_easy, easy=easy, readers=readers
    )


def _report(
    *,
    real: Run,
    real_easy: Run,
    stub: Run,
    stub_easy: Run,
    easy: float,
    readers: list[PrewarmedUser],
) -> Report:
    report = Report()
    report.table(
        f"GET {sample_requests.HOME}, 20 posts, {len(readers)} readers",
        ["path and load", *LATENCY_COLUMNS],
        [
            [title, *latency_row(each.outcome, "home")]
            for title, each in (
                (f"real, {CONNECTIONS} connections", real),
                (f"stub, {CONNECTIONS} connections", stub),
                (f"real, {number(easy)}/s due", real_easy),
                (f"stub, {number(easy)}/s due", stub_easy),
            )
        ],
    )
    report.table("CPU µs a request", ["process", "real", "stub"], cost_rows(
        {"real": real, "stub": stub}
    ))  # fmt: skip
    report.higher("real", real.outcome.rate, "requests/s")
    report.higher("stub", stub.outcome.rate, "requests/s")
    report.higher("real ÷ stub", real.outcome.rate / stub.outcome.rate, "")
    report.lower("real CPU a request", total(real), "µs")
    report.lower("stub CPU a request", total(stub), "µs")
    for title, each in (("real", real), ("stub", stub)):
        for process, cost in each.cpu_per_request().items():
            report.lower(f"{title} CPU a request, {process}", cost, "µs")
    for title, each in (("real", real_easy), ("stub", stub_easy)):
        took = Latency.of(each.outcome.measured["home"].latencies)
        report.lower(f"{title} p50 at half load", took.p50, "ms")
        report.lower(f"{title} p99 at half load", took.p99, "ms")
    sizes = [_page_bytes(each) for each in (real, stub)]
    report.neither("page", sizes[0], "bytes")
    report.notes.append(
        f"A page is {sizes[0]:,.0f} bytes real and {sizes[1]:,.0f} stub: the same posts."
    )
    return report


def _page_bytes(run: Run) -> float:
    measured = run.outcome.measured["home"]
    return measured.body_bytes / len(measured.latencies) if measured.latencies else math.nan


@contextlib.asynccontextmanager
async def _answering_from_memory(
    bench: Bench, recorded: stubs.Recording
) -> AsyncIterator[dict[str, int]]:
    """Replace the services by stubs; besides them only Envoy and the gateway run."""
    stack = bench.stack.stack
    statuses = stack.supervisor.statuses()
    away = [each.name for each in statuses if each.name not in STAYING]
    addresses = {each.name: each.address for each in statuses if each.name in NOUNS}
    await stack.supervisor.stop(away)
    with tempfile.NamedTemporaryFile(suffix=".recording") as file:
        Path(file.name).write_bytes(msgspec.msgpack.encode(recorded))
        processes = {
            f"{noun}": await asyncio.create_subprocess_exec(
                *wheels.launcher(signal.SIGTERM, None),
                *(sys.executable, "-m", "bench.stubs", noun, address, file.name),
                env={**os.environ, **GRPC},
            )
            for noun, address in addresses.items()
        }
        try:
            async with asyncio.timeout(HEALTHY_SECONDS):
                while addresses.keys() & set(await stack.envoy.unhealthy_upstreams()):
                    await asyncio.sleep(0.1)
            yield {noun: process.pid for noun, process in processes.items()}
        finally:
            for process in processes.values():
                process.terminate()
            await asyncio.gather(*(process.wait() for process in processes.values()))
    await stack.up()

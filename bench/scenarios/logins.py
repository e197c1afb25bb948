"""Logins at the real cost of argon2, and their effect on reads."""

from __future__ import annotations

import asyncio

from bench import sample_requests
from bench.bench import Bench
from bench.jobs import Kind
from bench.latency import Latency
from bench.report import Report, number
from bench.scenarios.tables import LATENCY_COLUMNS, cost_rows, latency_row, total

PEOPLE = 200
CONNECTIONS = 8
SECONDS = 10.0
READS = 100.0  # a second; two cores have capacity left at this rate


async def run(bench: Bench) -> Report:
    """Measure reads at a fixed rate, logins, and both together."""
    users = (await bench.users())[:PEOPLE]
    reads = [Kind("home", sample_requests.homes(users))]
    logins = [Kind("login", [sample_requests.sign_in(person) for person in users])]
    bench.say("reads …")
    quiet = await bench.opened(reads, rate=READS, seconds=SECONDS)
    bench.say("logins …")
    alone = await bench.closed(logins, connections=CONNECTIONS, seconds=SECONDS)
    bench.say("both …")
    async with asyncio.TaskGroup() as group:
        burst = group.create_task(
            bench.closed(logins, connections=CONNECTIONS, seconds=SECONDS + 2)
        )
        reading = group.create_task(bench.opened(reads, rate=READS, seconds=SECONDS))
    beside, disturbed = burst.result(), reading.result()
    report = Report()
    report.table(
        f"logins on {CONNECTIONS} connections, {READS:.0f} homes read a second",
        ["", *LATENCY_COLUMNS],
        [
            ["reads alone", *latency_row(quiet.outcome, "home")],
            ["reads beside logins", *latency_row(disturbed.outcome, "home")],
            ["logins alone", *latency_row(alone.outcome, "login")],
            ["logins beside reads", *latency_row(beside.outcome, "login")],
        ],
    )
    report.table("CPU µs a login", ["process", "µs"], cost_rows({"logins": alone}))
    before, after = (
        Latency.of(each.outcome.measured["home"].latencies) for each in (quiet, disturbed)
    )
    report.higher("logins", alone.outcome.rate, "logins/s")
    report.lower("CPU a login", total(alone), "µs")
    report.lower("read p99 without logins", before.p99, "ms")
    report.lower("read p99 beside logins", after.p99, "ms")
    report.notes.append(
        f"A burst of logins makes the p99 of reads {number(after.p99 / before.p99)} times as long."
    )
    return report

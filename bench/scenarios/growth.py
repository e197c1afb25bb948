"""Cost by size: reads by followees, deliveries by followers, and stored bytes of a post."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import asyncpg

from bench import charts, sample_requests
from bench.bench import Bench
from bench.charts import Line
from bench.jobs import Kind
from bench.latency import Latency
from bench.measuring import Run
from bench.prewarmed_users import PrewarmedUser
from bench.report import RESULTS, Report, number
from bench.scenarios.tables import total
from local.graph import Graph

SIZES = (10, 100, 1000, 5000)
FOLLOWER_SIZES = (10, 100, 1000, 10_000)
WRITERS = 200
POSTS_EACH = 10
SECONDS = 4.0
CONNECTIONS = 4
DELIVERIES = 5  # timed posts of each author; the figure is the median
LIMIT_SECONDS = 30.0
PICTURE = "growth.svg"

_SIZES = """
SELECT relname, pg_total_relation_size(oid) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
# Temporary rows: published events, and request records of one day.
PASSING = ("outbox", "inbox", "idempotency_records")


async def run(bench: Bench) -> Report:
    """Measure readers of 10 to 5,000 followees, authors of 10 to 10,000 followers, and storage."""
    people = max(*SIZES, *FOLLOWER_SIZES)
    readers = {size: people + place for place, size in enumerate(SIZES)}
    authors = {size: people + len(SIZES) + place for place, size in enumerate(FOLLOWER_SIZES)}
    follows = {(reader, person) for size, reader in readers.items() for person in range(size)}
    follows |= {(person, author) for size, author in authors.items() for person in range(size)}
    graph = Graph(people + len(SIZES) + len(FOLLOWER_SIZES), tuple(sorted(follows)))
    bench.say(f"{graph.people:,} people, {len(follows):,} follows …")
    crowd = await bench.prewarmed_users.create("crowd", graph)

    report = Report()
    # Every reader with enough followees follows these authors. No home timeline exists yet.
    before = await _stored(bench)
    await bench.once(sample_requests.posts_by(crowd[:WRITERS], each=POSTS_EACH))
    await _report_storage(bench, report, before)
    reads = await _report_reads(bench, report, {size: crowd[at] for size, at in readers.items()})
    await bench.prewarmed_users.create_homes(crowd[:people])
    deliveries = await _report_deliveries(
        bench, report, {size: crowd[at] for size, at in authors.items()}, crowd
    )
    RESULTS.mkdir(parents=True, exist_ok=True)
    lines = [
        Line("read, of followees", reads),
        Line("delivery, to followers", deliveries),
    ]
    drawn = charts.chart("How cost grows", lines, x="people", y="ms", log_x=True)
    (RESULTS / PICTURE).write_text(drawn)
    report.pictures.append(PICTURE)
    return report


async def _report_reads(
    bench: Bench, report: Report, readers: dict[int, PrewarmedUser]
) -> list[tuple[float, float]]:
    rows, points = [], []
    for size, reader in readers.items():
        bench.say(f"the home of somebody with {size:,} followees …")
        first = await bench.once([sample_requests.home(reader)])
        building = first.measured["once"].latencies[0] * 1000
        measured: Run = await bench.closed(
            [Kind("home", [sample_requests.home(reader)])],
            connections=CONNECTIONS,
            seconds=SECONDS,
            warm_seconds=0.5,
        )
        took = Latency.of(measured.outcome.measured["home"].latencies)
        rows.append([f"{size:,}", *map(number, (building, took.p50, took.p99, total(measured)))])
        points.append((float(size), took.p50))
        report.lower(f"home of {size} followees, first read", building, "ms")
        report.lower(f"home of {size} followees, CPU a read", total(measured), "µs")
    report.table(
        f"reading a home, by followees ({CONNECTIONS} connections)",
        ["followees", "first read ms", "p50 ms", "p99 ms", "CPU µs"],
        rows,
    )
    return points


async def _report_deliveries(
    bench: Bench, report: Report, authors: dict[int, PrewarmedUser], crowd: list[PrewarmedUser]
) -> list[tuple[float, float]]:
    rows, points = [], []
    for size, author in authors.items():
        last = max(crowd[:size], key=lambda person: person.id)
        took = sorted([await _deliver(bench, author, last) for _ in range(DELIVERIES)])
        middle = took[len(took) // 2] * 1000
        rows.append([f"{size:,}", number(middle), number(middle / size * 1000)])
        points.append((float(size), middle))
        report.lower(f"delivery to {size} followers", middle, "ms")
    report.table(
        "from sending a post to the last follower's home",
        ["followers", "ms", "µs a follower"],
        rows,
    )
    return points


async def _deliver(bench: Bench, author: PrewarmedUser, last: PrewarmedUser) -> float:
    async with bench.stack.edge() as edge, asyncio.timeout(LIMIT_SECONDS):
        since = time.monotonic()
        post = await edge.post(author.account, "To all who follow")
        while not await bench.prewarmed_users.arrived(int(post["id"]), [last]):
            await asyncio.sleep(0.002)
        return time.monotonic() - since


async def _stored(bench: Bench) -> dict[str, int]:
    connection = await asyncpg.connect(bench.stack.stack.postgres.url("roost_post"))
    try:
        tables = {row[0]: int(row[1]) for row in await connection.fetch(_SIZES)}
    finally:
        await connection.close()
    objects = bench.stack.state.data("seaweedfs")
    return {**tables, "(log of the broker, in S3)": await asyncio.to_thread(_bytes_below, objects)}


async def _report_storage(bench: Bench, report: Report, before: dict[str, int]) -> None:
    after = await _stored(bench)
    posts = WRITERS * POSTS_EACH
    grown = {name: (after[name] - before.get(name, 0)) / posts for name in after}
    lasting = sum(
        size for name, size in grown.items() if name not in PASSING and not name.startswith("(")
    )
    rows = [
        [name + (" (goes again)" if name in PASSING else ""), number(size)]
        for name, size in sorted(grown.items(), key=lambda item: -item[1])
        if size >= 1
    ]
    report.table(
        f"bytes a post, with indexes ({posts:,} posts of {len(sample_requests.TEXT)} characters)",
        ["table", "bytes"],
        [*rows, ["stays in PostgreSQL", number(lasting)]],
    )
    report.lower("stored for a post", lasting, "bytes")


def _bytes_below(folder: Path) -> int:
    """Allocated bytes on disk: SeaweedFS reserves space that it does not use yet."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())

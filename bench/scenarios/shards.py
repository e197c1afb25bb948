"""What a post, a like and a home cost the database on Citus, and on one PostgreSQL."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from rich.console import Console

from bench import databases
from bench.latency import quantile
from bench.post_store import PostDatabase
from bench.report import Report, number
from bench.skipped import Skipped
from services.chassis.deployment import migrations, shards
from services.chassis.storage import postgres
from services.chassis.storage.postgres import Database

# The coordinator of a cluster, as in docs/sharding.md.
SETTING = "ROOST_TEST_CITUS"
SHARDS = 8
USERS, FILLED, WARM, CALLS = 200, 400, 30, 300
MICROSECONDS = 1e6
LOOPBACK = {"127.0.0.1", "localhost", "::1"}

_NODES = "SELECT nodename, nodeport FROM pg_dist_node WHERE isactive ORDER BY groupid"
_SESSIONS = """
SELECT pid FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


@dataclass
class _Cost:
    """Calls of one kind: wall seconds of each, and CPU seconds of all by place."""

    wall: list[float] = field(default_factory=list)
    cpu: dict[str, float] = field(default_factory=dict)

    def each(self, place: str) -> float:
        """Microseconds of CPU of a call."""
        return self.cpu[place] / len(self.wall) * MICROSECONDS

    def milliseconds(self, q: float) -> float:
        """A quantile of the time of a call."""
        return quantile(sorted(self.wall), q) * 1000

    @property
    def total(self) -> float:
        """Microseconds of CPU of a call at all places."""
        return sum(map(self.each, self.cpu))


async def run(console: Console) -> Report:
    """Measure the same calls on a database of the coordinator alone, and on the cluster."""
    url = os.environ.get(SETTING)
    if not url:
        raise Skipped(f"{SETTING} is not set: docs/sharding.md says how to run a cluster.")
    nodes = await _nodes(url)
    if not {host for host, _ in nodes} <= LOOPBACK:
        raise Skipped("CPU of sessions is read from this machine, and nodes are on others.")
    report, found = Report(), dict[str, Mapping[str, _Cost]]()
    for title, distributed in (("one PostgreSQL", False), ("Citus", True)):
        console.print(f"  {title} …", style="dim")
        async with _database(url, nodes if distributed else nodes[:1]) as (database, places):
            found[title] = await _measured(PostDatabase(database, users=USERS), places)
    rows = []
    for kind, one in found["one PostgreSQL"].items():
        citus = found["Citus"][kind]
        coordinator, workers = citus.each("coordinator"), citus.each("workers")
        report.lower(f"{kind}, one PostgreSQL", one.total, "µs of CPU")
        report.lower(f"{kind}, coordinator", coordinator, "µs of CPU")
        report.lower(f"{kind}, workers", workers, "µs of CPU")
        report.lower(f"{kind}, one PostgreSQL, p50", one.milliseconds(0.5), "ms")
        report.lower(f"{kind}, Citus, p50", citus.milliseconds(0.5), "ms")
        report.lower(f"{kind}, coordinator ÷ one PostgreSQL", coordinator / one.total, "")
        walls = [each.milliseconds(q) for q in (0.5, 0.1) for each in (one, citus)]
        rows.append([kind, *map(number, (one.total, coordinator, workers, *walls))])
    report.table(
        f"the database of post, {SHARDS} shards on {len(nodes) - 1} workers, one connection",
        [
            "a call",
            "one PostgreSQL, CPU µs",
            "coordinator, CPU µs",
            "workers, CPU µs",
            "one, p50 ms",
            "Citus, p50 ms",
            "one, p10 ms",
            "Citus, p10 ms",
        ],
        rows,
    )
    return report


async def _measured(
    store: PostDatabase, places: Callable[[], Awaitable[Mapping[str, Sequence[int]]]]
) -> dict[str, _Cost]:
    for _ in range(FILLED):
        await store.post()
    found = {}
    for kind, call in (("post", store.post), ("like", store.like), ("home", store.home)):
        for _ in range(WARM):
            await call()
        cost = _Cost()
        before = _used(await places())
        for _ in range(CALLS):
            began = time.perf_counter()
            await call()
            cost.wall.append(time.perf_counter() - began)
        after = _used(await places())
        cost.cpu = {place: _since(before.get(place, {}), used) for place, used in after.items()}
        found[kind] = cost
    return found


def _used(places: Mapping[str, Sequence[int]]) -> dict[str, dict[int, float]]:
    return {
        place: {pid: databases.cpu_seconds(pid) for pid in pids} for place, pids in places.items()
    }


def _since(before: Mapping[int, float], after: Mapping[int, float]) -> float:
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items())


@asynccontextmanager
async def _database(
    url: str, nodes: Sequence[tuple[str, int]]
) -> AsyncIterator[tuple[Database, Callable[[], Awaitable[Mapping[str, Sequence[int]]]]]]:
    """An empty database of post on one connection: distributed if there are more nodes than one.
    Also yields what lists the sessions that work for it, by place."""
    name = f"bench_post_{os.getpid()}"
    coordinator, *workers = [_in(url, name, node) for node in nodes]
    try:
        for node in nodes:
            await _execute(_in(url, None, node), f"CREATE DATABASE {name}")
        if workers:
            await _join(coordinator, workers)
        await migrations.apply(coordinator, migrations.folders_of("post"))
        if workers:
            sharding = shards.sharding_of("post")
            assert sharding is not None  # noqa: S101 - that of post
            await shards.distribute(coordinator, sharding, shards=SHARDS)
        async with postgres.connect(coordinator, min_size=1, max_size=1, name="bench") as database:

            async def places() -> dict[str, list[int]]:
                return {
                    "coordinator": [await database.fetchval("SELECT pg_backend_pid()")],
                    "workers": [pid for worker in workers for pid in await _sessions(worker)],
                }

            yield database, places
    finally:
        for node in nodes:
            with contextlib.suppress(asyncpg.PostgresError):
                await _execute(_in(url, None, node), f"DROP DATABASE {name} WITH (FORCE)")


async def _join(coordinator: str, workers: Sequence[str]) -> None:
    """Makes one cluster of the databases."""
    for each in (coordinator, *workers):
        await _execute(each, "CREATE EXTENSION citus")
    own = urlsplit(coordinator)
    await _execute(
        coordinator, f"SELECT citus_set_coordinator_host('{own.hostname}', {own.port or 5432})"
    )
    for worker in map(urlsplit, workers):
        await _execute(
            coordinator, f"SELECT citus_add_node('{worker.hostname}', {worker.port or 5432})"
        )


async def _nodes(url: str) -> list[tuple[str, int]]:
    """The nodes of the cluster, the coordinator first."""
    connection = await asyncpg.connect(url)
    try:
        return [(row[0], row[1]) for row in await connection.fetch(_NODES)]
    finally:
        await connection.close()


async def _sessions(url: str) -> list[int]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(_SESSIONS)]
    finally:
        await connection.close()


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _in(url: str, name: str | None, node: tuple[str, int]) -> str:
    """The URL of a database on a node; without a name of the one that the cluster's URL names."""
    parts = urlsplit(url)
    credentials, at, _ = parts.netloc.rpartition("@")
    host, port = node
    path = parts.path if name is None else f"/{name}"
    return urlunsplit(parts._replace(netloc=f"{credentials}{at}{host}:{port}", path=path))

"""What lists of strangers cost the primary with and without a read replica, and writes with one."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from rich.console import Console

from bench import processes
from bench.post_store import PostDatabase
from bench.report import Report, number
from local.parts.standby import Primary, Standby
from local.parts.valkey import Valkey
from local.ports import Ports
from local.secret_store import SecretStore
from local.supervisor import Supervisor
from services.chassis.auth import caller
from services.chassis.auth.caller import ANONYMOUS, Caller, UserCaller
from services.chassis.cache import redis_client
from services.chassis.deployment import migrations
from services.chassis.runtime.ids import bucket_of
from services.chassis.storage import postgres, replica

USERS, POSTS_EACH = 50, 40
LISTS, WRITES, CLIENTS = 2_000, 500, 4
CATCH_UP_SECONDS = 60.0
MICROSECONDS = 1e6
NAME = "bench_post"
SERVERS = ("postgres", "standby")


@dataclass(frozen=True)
class _Servers:
    """The addresses of the database and of Valkey, and the process ids of both servers."""

    primary: str
    standby: str
    redis: str
    pids: dict[str, int]


async def run(console: Console) -> Report:
    """Measure the same lists and writes without and with a replica."""
    report, rows = Report(), []
    async with _servers() as servers:
        for replicated in (False, True):
            console.print(f"  {'with' if replicated else 'without'} a replica …", style="dim")
            found = await _measured(servers, replicated=replicated)
            title = "with a replica" if replicated else "without a replica"
            for kind, (primary, standby) in found.items():
                report.lower(f"{kind}, {title}, primary", primary, "µs of CPU")
                report.lower(f"{kind}, {title}, standby", standby, "µs of CPU")
                rows.append([f"{kind}, {title}", number(primary), number(standby)])
    report.table(
        f"CPU of a call, all processes of each server; {CLIENTS} clients",
        ["a call", "primary, µs", "standby, µs"],
        rows,
    )
    return report


async def _measured(servers: _Servers, *, replicated: bool) -> dict[str, tuple[float, float]]:
    """Microseconds of CPU of the primary and of the standby, of a call of each kind."""
    async with AsyncExitStack() as held:
        database = await held.enter_async_context(
            postgres.connect(servers.primary, max_size=CLIENTS, name="bench")
        )
        redis = await held.enter_async_context(redis_client.connect(servers.redis))
        jobs = await held.enter_async_context(
            replica.connect(
                servers.standby if replicated else None,
                database=database,
                redis=redis,
                service="post",
                max_size=CLIENTS,
            )
        )
        tasks = [asyncio.ensure_future(job()) for job in jobs]
        try:
            store = PostDatabase(database, users=USERS, seed=12 if replicated else 13)
            for _ in range(USERS * POSTS_EACH):
                await store.post()
            await _caught_up(servers)
            # The log's progress is read once a second, and before that no list goes to the standby.
            await asyncio.sleep(2 * replica.CHECK_SECONDS)
            dice = random.Random(14)

            async def read(who: Caller) -> None:
                caller.begin(who, None)
                author = dice.choice(store.users)
                if isinstance(who, UserCaller) and bucket_of(author) == bucket_of(who.user_id):
                    return
                await store.list_of(author)

            async def write(who: Caller) -> None:
                caller.begin(who, None)
                await store.post()

            strangers = [UserCaller(each, session_id=1) for each in store.users]
            return {
                "list, anonymous": await _cost(servers, LISTS, lambda: read(ANONYMOUS)),
                "list, signed in": await _cost(
                    servers, LISTS, lambda: read(dice.choice(strangers))
                ),
                "post": await _cost(servers, WRITES, lambda: write(dice.choice(strangers))),
            }
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _cost(
    servers: _Servers, calls: int, call: Callable[[], Awaitable[None]]
) -> tuple[float, float]:
    async def client(number: int) -> None:
        for _ in range(number):
            await call()

    await asyncio.gather(*(asyncio.create_task(client(25)) for _ in range(CLIENTS)))
    before = processes.usage(servers.pids)
    await asyncio.gather(*(asyncio.create_task(client(calls // CLIENTS)) for _ in range(CLIENTS)))
    used = processes.spent(before, processes.usage(servers.pids))
    primary, standby = (used[name] / calls * MICROSECONDS for name in SERVERS)
    return primary, standby


@asynccontextmanager
async def _servers() -> AsyncIterator[_Servers]:
    """A primary, its standby and Valkey, with an empty database of post."""
    with tempfile.TemporaryDirectory(prefix="roost-replicas-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        secrets = SecretStore(folder / "secrets")
        ours, copied = (Ports(folder / f"{each}.json") for each in SERVERS)
        primary = Primary(folder / "primary", ports=ours, secrets=secrets)
        standby = Standby(folder / "standby", primary=primary, ports=copied, secrets=secrets)
        valkey = Valkey(folder / "valkey", ports=ours, secrets=secrets)
        parts = [primary, standby, valkey]
        try:
            async with Supervisor(parts, logs=folder / "logs") as supervisor:
                await supervisor.start([primary.name, valkey.name])
                await primary.create_database(NAME)
                url = primary.url(NAME)
                await migrations.apply(url, migrations.folders_of("post"))
                await supervisor.start([standby.name])
                pids = {
                    each.name: each.pid
                    for each in supervisor.statuses()
                    if each.pid is not None and each.name in SERVERS
                }
                yield _Servers(url, standby.url(NAME), valkey.url, pids)
        finally:
            ours.release()
            copied.release()


async def _caught_up(servers: _Servers) -> None:
    """Waits until the standby has replayed what the primary has written."""
    primary = await asyncpg.connect(servers.primary)
    standby = await asyncpg.connect(servers.standby)
    try:
        position = await primary.fetchval("SELECT pg_current_wal_insert_lsn()::text")
        async with asyncio.timeout(CATCH_UP_SECONDS):
            while not await standby.fetchval(
                "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", position
            ):
                # A position within a record is replayed with the next record.
                await primary.execute("SELECT pg_current_xact_id()")
                await asyncio.sleep(0.05)
    finally:
        await primary.close()
        await standby.close()

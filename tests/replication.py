"""A PostgreSQL that has a hot standby, for tests of what is read from it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest
from prometheus_client import REGISTRY

from local.parts.standby import Primary, Standby
from local.ports import Ports
from local.secret_store import SecretStore
from local.supervisor import Supervisor
from services.chassis.cache import redis_client
from services.chassis.cache.redis_client import RedisClient
from services.chassis.storage import positions, postgres, replica
from services.chassis.storage.postgres import Database
from tests.engines import Databases, Engines
from tests.waiting import LIMIT, eventually

_POSITION = "SELECT pg_current_wal_insert_lsn()::text"
_REPLAYED = "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn"
_PAUSED = "SELECT pg_get_wal_replay_pause_state() = 'paused'"


class Replicated(NamedTuple):
    """The URLs of one database at the primary and at the standby."""

    primary: str
    standby: str


class Replication:
    """A primary and its standby, in the loop of the engines."""

    def __init__(self, engines: Engines, folder: Path) -> None:
        self.run = engines.run
        secrets = SecretStore(folder / "secrets")
        # Of each server, as both have the same names.
        self._ports = [Ports(folder / f"{name}.json") for name in ("primary", "standby")]
        ours, copied = self._ports
        self.postgres = Primary(folder / "primary", ports=ours, secrets=secrets, trial=True)
        self.standby = Standby(
            folder / "standby", primary=self.postgres, ports=copied, secrets=secrets, trial=True
        )
        self._supervisor = Supervisor([self.postgres, self.standby], logs=folder / "logs")
        self.run(self._supervisor.__aenter__())
        self.run(self._supervisor.start(["postgres"]))
        self.run(self._supervisor.start(["standby"]))
        self._databases = Databases(self)  # type: ignore[arg-type] # what it uses of `Engines`

    def fresh(self, noun: str) -> Replicated:
        """A new database with the schema of a service, on both servers."""
        url = self._databases.fresh(noun)
        self.run(self.catch_up())
        port = urlsplit(self.standby.admin_url).port
        return Replicated(url, url.replace(f":{urlsplit(url).port}/", f":{port}/"))

    async def catch_up(self) -> None:
        """Waits until the standby has replayed what the primary has written so far."""
        primary = await asyncpg.connect(self.postgres.admin_url)
        standby = await asyncpg.connect(self.standby.admin_url)
        try:
            # A commit, which the primary writes to its disk and sends.
            await primary.execute("SET synchronous_commit = on")
            await primary.execute("SELECT pg_current_xact_id()")
            position = await primary.fetchval(_POSITION)

            async def replayed() -> bool:
                return bool(await standby.fetchval(_REPLAYED, position))

            await eventually(replayed)
        finally:
            await primary.close()
            await standby.close()

    async def pause(self) -> None:
        """Lets the standby replay nothing more; it answers as before."""
        connection = await asyncpg.connect(self.standby.admin_url)
        try:
            await connection.execute("SELECT pg_wal_replay_pause()")

            async def paused() -> bool:
                return bool(await connection.fetchval(_PAUSED))

            await eventually(paused)
        finally:
            await connection.close()

    async def resume(self) -> None:
        """Lets the standby replay again."""
        connection = await asyncpg.connect(self.standby.admin_url)
        try:
            await connection.execute("SELECT pg_wal_replay_resume()")
        finally:
            await connection.close()

    def stop(self) -> None:
        """Stops the standby."""
        self.run(self._supervisor.stop(["standby"]))

    def start(self) -> None:
        """Starts the standby again."""
        self.run(self._supervisor.start(["standby"]))

    def freeze(self) -> None:
        """Stops the standby's processes without closing a connection, as a lost machine does."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets the frozen processes go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """Stops both."""
        self.run(self._supervisor.__aexit__())
        for ports in self._ports:
            ports.release()

    def _signal(self, number: signal.Signals) -> None:
        (pid,) = (each.pid for each in self._supervisor.statuses() if each.name == "standby")
        assert pid is not None
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            process.send_signal(number)


def reads() -> dict[str, float]:
    """How many lists were answered so far, by outcome."""
    name = "roost_replica_reads_total"
    return {
        outcome: REGISTRY.get_sample_value(name, {"outcome": outcome}) or 0.0
        for outcome in replica.OUTCOMES
    }


async def outcome_of(read: Callable[[], Awaitable[object]]) -> str:
    """How the one list is answered that `read` reads."""
    before = reads()
    await read()
    (outcome,) = (each for each, count in reads().items() if count != before[each])
    return outcome


@asynccontextmanager
async def connected(
    urls: Replicated, redis_url: str, *, service: str
) -> AsyncIterator[tuple[Database, RedisClient]]:
    """The connections of a process that reads lists from the standby, with its jobs."""
    async with (
        postgres.connect(urls.primary) as database,
        redis_client.connect(redis_url) as cache_server,
        replica.connect(
            urls.standby, database=database, redis=cache_server, service=service, max_size=4
        ) as jobs,
    ):
        running = [asyncio.create_task(job()) for job in jobs]
        try:
            yield database, cache_server
        finally:
            for job in running:
                job.cancel()
            await asyncio.wait(running)


@pytest.fixture
def patient_replica(monkeypatch: pytest.MonkeyPatch) -> None:
    """Long limits for a busy machine, and short intervals. A test of a limit sets it itself."""
    monkeypatch.setattr(replica, "MAX_LAG_SECONDS", LIMIT)
    monkeypatch.setattr(replica, "READ_SECONDS", LIMIT)
    monkeypatch.setattr(replica, "CHECK_SECONDS", 0.02)
    monkeypatch.setattr(replica, "_PROBE_SECONDS", (0.02, 0.1))
    monkeypatch.setattr(positions, "REPLAY_SECONDS", 0.0)


@pytest.fixture(scope="session")
def running_replication(
    engines: Engines, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replication]:
    """The servers of the session."""
    servers = Replication(engines, tmp_path_factory.mktemp("replication"))
    try:
        yield servers
    finally:
        servers.close()


@pytest.fixture
def replication(running_replication: Replication, patient_replica: None) -> Iterator[Replication]:
    """A primary with a standby that follows it, at the beginning of the test and after it."""
    yield running_replication
    running_replication.thaw()
    running_replication.start()
    running_replication.run(running_replication.resume())

"""The faults of the game day: how each is made and mended, and which alerts have to fire."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import asyncpg
import httpx2
from confluent_kafka import Producer

from local.stack import Stack

# The lock of the whole outbox: `services/chassis/storage/leadership.py`.
RELAY_LOCK = (0x726F6F73, 0x72656C61)
# It has little traffic: what follows in the same partition waits while the record is set aside.
POISONED_TOPIC = "roost.media.v1"
PULSE_SECONDS = (0.7, 0.1)  # frozen, running
GUESS_SECONDS = 0.02

Breaking = Callable[[Stack], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is broken, and the alerts that fire: while it is broken, and at the latest when it is
    mended and late work is done. No other one may fire. It lasts for ``seconds`` at least."""

    name: str
    broken: Breaking
    during: frozenset[str] = field(default_factory=frozenset)
    afterwards: frozenset[str] = field(default_factory=frozenset)
    seconds: float = 0.0

    @property
    def expected(self) -> frozenset[str]:
        """All alerts that fire."""
        return self.during | self.afterwards


def frozen(part: str) -> Breaking:
    """A process that exists and does nothing."""

    @contextlib.asynccontextmanager
    async def broken(stack: Stack) -> AsyncIterator[None]:
        _signal(stack, part, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(stack, part, signal.SIGCONT)

    return broken


def away(part: str) -> Breaking:
    """A part that is not there."""

    @contextlib.asynccontextmanager
    async def broken(stack: Stack) -> AsyncIterator[None]:
        await stack.supervisor.stop([part])
        try:
            yield
        finally:
            await stack.supervisor.start([part])

    return broken


def slow(part: str) -> Breaking:
    """A process that gets the processor for an eighth of the time."""

    @contextlib.asynccontextmanager
    async def broken(stack: Stack) -> AsyncIterator[None]:
        async def pulse() -> None:
            while True:
                _signal(stack, part, signal.SIGSTOP)
                await asyncio.sleep(PULSE_SECONDS[0])
                _signal(stack, part, signal.SIGCONT)
                await asyncio.sleep(PULSE_SECONDS[1])

        pulsing = asyncio.create_task(pulse())
        try:
            yield
        finally:
            pulsing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pulsing
            _signal(stack, part, signal.SIGCONT)

    return broken


def closed_database(noun: str) -> Breaking:
    """A database that ends its connections and accepts no other."""
    name = f"roost_{noun}"

    @contextlib.asynccontextmanager
    async def broken(stack: Stack) -> AsyncIterator[None]:
        async with _administrator(stack) as admin:
            await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await admin.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
            )
            try:
                yield
            finally:
                await admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    return broken


def locked_table(noun: str, table: str) -> Breaking:
    """A session that locks a table and does not end."""

    @contextlib.asynccontextmanager
    async def broken(stack: Stack) -> AsyncIterator[None]:
        session = await asyncpg.connect(stack.postgres.url(f"roost_{noun}"))
        try:
            async with session.transaction():
                await session.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                yield
        finally:
            await session.close()

    return broken


def taken_leadership(noun: str) -> Breaking:
    """A foreign session that has the lock of a relay, whose connection has ended."""
    name = f"roost_{noun}"

    @contextlib.asynccontextmanager
    async def broken(stack: Stack) -> AsyncIterator[None]:
        session = await asyncpg.connect(stack.postgres.url(name))
        try:
            async with _administrator(stack) as admin, asyncio.timeout(30):
                while not await session.fetchval(
                    "SELECT pg_try_advisory_lock($1, $2)", *RELAY_LOCK
                ):
                    await admin.fetch(
                        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database "
                        "ON pg_database.oid = database WHERE datname = $1 "
                        "AND locktype = 'advisory' AND granted AND classid = $2",
                        name,
                        RELAY_LOCK[0],
                    )
            yield
        finally:
            await session.close()

    return broken


@contextlib.asynccontextmanager
async def poisoned_event(stack: Stack) -> AsyncIterator[None]:
    """A record that is no event, in a topic that several groups read."""
    producer = Producer(stack.broker.connection.configuration())
    producer.produce(POISONED_TOPIC, key=b"1", value=b"\xff no event")
    left = await asyncio.to_thread(producer.flush, 30.0)
    assert left == 0, "the broker did not take the record"
    yield


@contextlib.asynccontextmanager
async def flooded_sign_in(stack: Stack) -> AsyncIterator[None]:
    """An address that tries passwords of a user, many times a second."""
    body = {"handle": "player0", "password": "a guess", "device_name": "roost"}

    async def guess(client: httpx2.AsyncClient) -> None:
        while True:
            with contextlib.suppress(httpx2.TransportError):
                await client.post("/v2/sessions", json=body)
            await asyncio.sleep(GUESS_SECONDS)

    async with httpx2.AsyncClient(base_url=stack.edge, trust_env=False) as client:
        guessing = asyncio.create_task(guess(client))
        try:
            yield
        finally:
            guessing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await guessing


def _signal(stack: Stack, part: str, number: signal.Signals) -> None:
    pid = next(each.pid for each in stack.supervisor.statuses() if each.name == part)
    assert pid is not None, f"{part} does not run"
    os.kill(pid, number)


@contextlib.asynccontextmanager
async def _administrator(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stack.postgres.admin_url)
    try:
        yield connection
    finally:
        await connection.close()


# The availability and the latency of the same requests burn together where calls wait for their
# time limit before they fail. Work that waited is late when it is done.
FAULTS = (
    Fault(
        name="a consumer is frozen: timeline-work",
        broken=frozen("timeline-work"),
        during=frozenset(
            {"RoostConsumerWithoutPartitions", "RoostRelayWithoutLeader", "RoostTargetDown"}
        ),
        afterwards=frozenset({"RoostFreshness"}),
    ),
    Fault(
        name="the broker is away",
        broken=away("broker"),
        during=frozenset({"RoostBrokerAway", "RoostConsumerWithoutPartitions", "RoostOutboxLag"}),
        afterwards=frozenset({"RoostFreshness", "RoostStreamDelay"}),
    ),
    Fault(
        name="Valkey is away",
        broken=away("valkey"),
        during=frozenset({"RoostRedisCircuitOpen"}),
        # Fan-out and live delivery wait for it.
        afterwards=frozenset({"RoostFreshness", "RoostStreamDelay"}),
        seconds=10.0,
    ),
    Fault(
        name="the database of the Post service is away",
        broken=closed_database("post"),
        during=frozenset(
            {
                "RoostJobDown",
                "RoostReadAvailability",
                "RoostRelayWithoutLeader",
                "RoostServiceErrors",
                "RoostWriteAvailability",
            }
        ),
        afterwards=frozenset({"RoostFreshness", "RoostStreamDelay"}),
    ),
    Fault(
        name="a session locks a table of the Post service",
        broken=locked_table("post", "posts"),
        during=frozenset(
            {
                "RoostPostgresPoolExhausted",
                "RoostReadAvailability",
                "RoostReadLatency",
                "RoostServiceErrors",
                "RoostWriteAvailability",
                "RoostWriteLatency",
            }
        ),
        afterwards=frozenset({"RoostFreshness", "RoostStreamDelay"}),
    ),
    Fault(
        name="S3 is away, and with it the broker's log",
        broken=away("seaweedfs"),
        during=frozenset(
            {
                "RoostBrokerAway",
                "RoostConsumerWithoutPartitions",
                "RoostObjectStoreAway",
                "RoostOutboxLag",
            }
        ),
        afterwards=frozenset({"RoostFreshness", "RoostStreamDelay"}),
    ),
    Fault(
        name="Search is away",
        broken=away("search"),
        during=frozenset(
            {
                "RoostNoReadyEndpoints",
                "RoostReadAvailability",
                "RoostSearchAway",
                "RoostTargetDown",
            }
        ),
    ),
    Fault(
        name="no relay of the Post service can lead",
        broken=taken_leadership("post"),
        during=frozenset({"RoostRelayWithoutLeader"}),
        afterwards=frozenset({"RoostFreshness", "RoostStreamDelay"}),
    ),
    Fault(
        name="the Timeline service is slow",
        broken=slow("timeline"),
        during=frozenset({"RoostReadLatency"}),
    ),
    Fault(
        name="a storm of 5xx: the gateway is away",
        broken=away("gateway"),
        during=frozenset(
            {
                "RoostNoReadyEndpoints",
                "RoostReadAvailability",
                "RoostSearchAway",
                "RoostTargetDown",
                "RoostWriteAvailability",
            }
        ),
    ),
    # The limits of the edge and of password checks hold: others notice nothing.
    Fault(name="one address floods the sign-in", broken=flooded_sign_in, seconds=60.0),
    # The last one: a Prometheus without memory takes the counters of dead letters for new ones.
    Fault(
        name="a record that is no event",
        broken=poisoned_event,
        during=frozenset({"RoostDeadLetters"}),
    ),
)

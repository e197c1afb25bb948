"""The metrics of the pool follow its connections and those who wait for one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import pytest
from prometheus_client import REGISTRY

from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded
from services.chassis.storage import postgres
from services.chassis.storage.postgres import Database, DatabaseUnavailable
from tests.waiting import eventually


def pool(name: str) -> float:
    return REGISTRY.get_sample_value(f"roost_postgres_pool_{name}") or 0.0


@pytest.fixture
async def pair(database: Callable[[str], str]) -> AsyncIterator[Database]:
    """A pool of two connections."""
    async with postgres.connect(database("chassis"), min_size=1, max_size=2) as made:
        yield made


async def test_connections_are_counted_while_they_are_open_and_while_they_are_held(
    pair: Database,
) -> None:
    assert (pool("connections"), pool("connections_max")) == (1, 2)

    async with pair.connection(), pair.connection():
        held = pool("connections"), pool("connections_in_use")

    assert held == (2, 2)
    assert (pool("connections"), pool("connections_in_use")) == (2, 0)


async def test_pool_that_is_closed_has_no_connections(database: Callable[[str], str]) -> None:
    async with postgres.connect(database("chassis")):
        pass

    assert (pool("connections"), pool("connections_max")) == (0, 0)


async def test_call_that_finds_an_idle_connection_is_held_and_did_not_wait(pair: Database) -> None:
    waits, held = pool("wait_seconds_count"), pool("held_seconds_count")

    await pair.fetchval("SELECT 1")

    assert (pool("wait_seconds_count"), pool("held_seconds_count")) == (waits, held + 1)


async def test_calls_wait_while_the_pool_is_used_up_and_go_on_when_it_is_not(
    pair: Database,
) -> None:
    async with AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(pair.connection())
        waits, seconds = pool("wait_seconds_count"), pool("wait_seconds_sum")
        calls = [asyncio.create_task(pair.fetchval("SELECT 1")) for _ in range(3)]
        await eventually(lambda: pool("waiting") == 3)

    assert await asyncio.gather(*calls) == [1, 1, 1]
    assert pool("waiting") == 0
    assert pool("wait_seconds_count") == waits + 3
    assert pool("wait_seconds_sum") > seconds
    assert pool("connections_in_use") == 0


async def test_wait_that_is_too_long_is_counted_and_is_over(
    pair: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with pair.connection(), pair.connection():
        timeouts, waits = pool("timeouts_total"), pool("wait_seconds_count")
        # Not before, as the second connection takes its time to open.
        monkeypatch.setattr(postgres, "ACQUIRE_SECONDS", 0.05)
        with pytest.raises(DatabaseUnavailable):
            await pair.fetchval("SELECT 1")
        monkeypatch.undo()

    assert pool("timeouts_total") == timeouts + 1
    assert pool("wait_seconds_count") == waits + 1
    assert pool("waiting") == 0
    assert await pair.fetchval("SELECT 1") == 1


async def test_caller_without_time_stops_waiting(pair: Database) -> None:
    timeouts = pool("timeouts_total")
    async with pair.connection(), pair.connection():
        with deadline.within(0.05), pytest.raises(DeadlineExceeded):
            await pair.fetchval("SELECT 1")

    assert (pool("timeouts_total"), pool("waiting")) == (timeouts + 1, 0)

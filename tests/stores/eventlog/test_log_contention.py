"""Many writers at the same logs, some of which are killed: no deadlock, no hole, nothing twice."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.storage import postgres
from services.chassis.storage.postgres import Database, DatabaseUnavailable
from services.eventlog.adapters.postgres import PostgresLogStore
from services.eventlog.domain.model import Change

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
PEOPLE = range(1, 61)

_KILL_A_WRITER = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name = 'writer 1' AND datname = current_database()
  AND state = 'idle in transaction'
LIMIT 1
"""
WRITERS, ROUNDS = 8, 15


@pytest.fixture
def url(database: Callable[[str], str]) -> str:
    return database("notification")


@pytest.fixture
async def pools(url: str) -> AsyncIterator[list[Database]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                postgres.connect(url, min_size=1, max_size=4, name=f"writer {number % 2}")
            )
            for number in range(4)
        ]


def log(pool: Database) -> PostgresLogStore:
    return PostgresLogStore(pool, announce=lambda _: None)


async def contents(pool: Database) -> dict[int, list[bytes]]:
    found: dict[int, list[bytes]] = {}
    for entry in await log(pool).events(dict.fromkeys(PEOPLE, 0), limit=5_000):
        kept = found.setdefault(entry.user_id, [])
        kept.append(entry.content)
        assert entry.sequence == len(kept), "a hole"
    return found


class Undone(Exception):
    """A writer rolls back."""


async def write(
    store: PostgresLogStore, writer: int, chance: random.Random, done: Counter[bytes]
) -> None:
    """Appends to random users in random order; counts what was committed."""
    for turn in range(ROUNDS):
        recipients = [chance.choice(PEOPLE) for _ in range(chance.randint(1, 40))]
        content = b"%d/%d/%d" % (writer, turn, len(recipients))
        try:
            async with store.transaction() as transaction:
                await transaction.append_events([Change(each, content) for each in recipients], NOW)
                await asyncio.sleep(chance.random() * 0.005)
                if chance.random() < 0.1:
                    raise Undone
        except (Undone, DatabaseUnavailable):
            continue
        done[content] = len(recipients)


async def test_many_writers_and_many_recipients(pools: list[Database]) -> None:
    done: Counter[bytes] = Counter()

    await asyncio.gather(
        *(
            write(log(pools[number % len(pools)]), number, random.Random(number), done)
            for number in range(WRITERS)
        )
    )

    logged = await contents(pools[0])
    assert Counter(each for kept in logged.values() for each in kept) == done
    for kept in logged.values():
        for writer in range(WRITERS):
            turns = [int(each.split(b"/")[1]) for each in kept if each.startswith(b"%d/" % writer)]
            assert turns == sorted(turns), "a writer's events are out of order"


async def test_a_writer_that_is_killed_leaves_all_or_nothing(
    pools: list[Database], url: str
) -> None:
    done: Counter[bytes] = Counter()
    ended = asyncio.Event()
    killed = 0

    async def kill() -> None:
        nonlocal killed
        killer = await postgres.dedicated(url, name="killer")
        try:
            while not ended.is_set():
                killed += len(await killer.fetch(_KILL_A_WRITER))
                await asyncio.sleep(0.01)
        finally:
            killer.terminate()

    killing = asyncio.create_task(kill())
    await asyncio.gather(
        *(
            write(log(pools[number % len(pools)]), number, random.Random(number), done)
            for number in range(WRITERS)
        )
    )
    ended.set()
    await killing

    logged = Counter(each for kept in (await contents(pools[0])).values() for each in kept)
    assert logged >= done
    for content, times in logged.items():
        assert times == int(content.split(b"/")[2]), "half of a transaction"
    assert killed


async def test_those_who_append_come_and_cut_do_not_hold_each_other_up(
    pools: list[Database],
) -> None:
    done: Counter[bytes] = Counter()
    writing = asyncio.gather(
        *(
            write(log(pools[number % 2]), number, random.Random(number), done)
            for number in range(WRITERS)
        )
    )

    while not writing.done():
        await log(pools[2]).trim(NOW + timedelta(minutes=1), limit=50)
        await log(pools[3]).attach_users(random.sample(PEOPLE, 20), NOW, missed=b"missed")
        await log(pools[3]).renew_presence(list(reversed(PEOPLE)), NOW)
    await writing

    heads = await log(pools[0]).newer_than(dict.fromkeys(PEOPLE, 0))
    appended = sum(done.values())
    # The return of a user takes a sequence, once for each user.
    assert appended <= sum(head.last for head in heads.values()) <= appended + len(PEOPLE)
    for entry in await log(pools[0]).events(dict.fromkeys(PEOPLE, 0), limit=5_000):
        head = heads[entry.user_id]
        assert head.first <= entry.sequence <= head.last

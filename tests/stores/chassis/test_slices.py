"""The outbox is published by slices: each row by one relay, in order, also while relays change."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from prometheus_client import REGISTRY

from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.ids import BUCKETS
from services.chassis.runtime.settings import SLICE_COUNTS
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage import leadership, outbox, postgres
from services.chassis.storage.connection import Connection
from services.chassis.storage.leadership import session_name
from services.chassis.storage.outbox import Row, Selection
from services.chassis.storage.postgres import Database, DatabaseUnavailable, PostgresTransaction
from services.chassis.storage.relay import Relay
from services.chassis.storage.slices import Slice, slices_of
from tests.stores.chassis.relays import Broker, is_empty, relaying, write
from tests.waiting import eventually

# A service of each kind of key.
KINDS = {"chassis": ShardKey.USER, "post": ShardKey.BUCKET}
# Users in many buckets.
KEYS = [str(number << 13 | number) for number in range(60)]

SESSIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = $1 AND query LIKE '%advisory%'
"""
# The advisory locks of slices: see `leadership`.
LOCKS = 0x726F6F73
FIRST_LOCK = 0x72656C61 - 1
END_LEADER = """
SELECT pg_terminate_backend(pid) FROM pg_locks
WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND objid = $1
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

MANY_ROWS = """
INSERT INTO outbox (event_id, topic, key, type, payload, create_time, shard_key)
SELECT gen_random_uuid(), 't', 'k', 'x', '', now(), each % 512 FROM generate_series(1, 5000) AS each
"""


class ByBucket(PostgresTransaction):
    shard_key = ShardKey.BUCKET


TRANSACTIONS = {ShardKey.USER: PostgresTransaction, ShardKey.BUCKET: ByBucket}


@pytest.fixture
async def database_of_users(database: Callable[[str], str]) -> AsyncIterator[Database]:
    async with postgres.connect(database("chassis")) as connected:
        yield connected


@pytest.fixture(params=KINDS)
def noun(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def kind(noun: str) -> ShardKey:
    return KINDS[noun]


@pytest.fixture
async def events(noun: str, database: Callable[[str], str]) -> AsyncIterator[Database]:
    async with postgres.connect(database(noun)) as connected:
        yield connected


async def write_numbers(
    events: Database, kind: ShardKey, keys: Iterable[str], numbers: Iterable[int]
) -> None:
    """Writes an event for each number and key, the numbers in their order."""
    for number in numbers:
        async with events.transaction(TRANSACTIONS[kind]) as transaction:
            for key in keys:
                await transaction.publish(
                    OutboxMessage(topic="t", key=key, type="x", payload=str(number).encode())
                )


def numbers_by_key(log: Iterable[Event]) -> dict[str, list[int]]:
    """What each key's readers saw first: repetitions have no effect."""
    seen: set[object] = set()
    found: dict[str, list[int]] = defaultdict(list)
    for event in log:
        if event.event_id not in seen:
            seen.add(event.event_id)
            found[event.key].append(int(event.payload))
    return found


def led(*relays: Relay) -> list[int]:
    """How many slices each leads."""
    return [len(each.led) for each in relays]


def led_once(*relays: Relay, count: int) -> bool:
    """Whether every slice has one leader."""
    return sorted(part for each in relays for part in each.led) == list(slices_of(count))


async def has_tried(events: Database, count: int, sessions: int = 1) -> bool:
    """Whether so many sessions of relays with this number of slices tried to lead one."""
    tried: int = await events.fetchval(SESSIONS, session_name(count))
    return tried == sessions


@pytest.mark.parametrize("count", SLICE_COUNTS)
async def test_every_bucket_is_in_one_slice(database: Callable[[str], str], count: int) -> None:
    async with postgres.connect(database("post")) as connected, connected.connection() as one:
        found: list[Any] = []
        for part in slices_of(count)[: count if count > 1 else 0]:
            selected = await outbox.selection_of(one, part, key=ShardKey.BUCKET)
            found += selected.parameters[0]  # type: ignore[misc]

    # -1 is the key of rows of the release before shard keys.
    assert sorted(found) == (list(range(-1, BUCKETS)) if count > 1 else [])


@pytest.mark.parametrize("count", [1, 2, 8])
async def test_every_row_is_in_one_slice_together_with_its_key(
    events: Database, kind: ShardKey, count: int
) -> None:
    await write_numbers(events, kind, KEYS, range(2))

    async with events.connection() as connection:
        found = [
            await outbox.oldest(
                connection, 1000, await outbox.selection_of(connection, part, key=kind)
            )
            for part in slices_of(count)
        ]

    assert sorted(row.event.key for rows in found for row in rows) == sorted(KEYS * 2)
    keys = [{row.event.key for row in rows} for rows in found]
    assert sum(map(len, keys)) == len(KEYS)
    assert all([row.id for row in rows] == sorted(row.id for row in rows) for rows in found)
    assert count == 1 or sum(map(bool, keys)) > 1


@pytest.mark.one_postgres("it reads the plan of one PostgreSQL")
@pytest.mark.parametrize("count", [1, 4])
async def test_a_slice_is_read_from_the_front_of_the_index(
    events: Database, kind: ShardKey, count: int
) -> None:
    await events.execute(MANY_ROWS)
    await events.execute("ANALYZE outbox")

    async with events.connection() as connection:
        selected = await outbox.selection_of(connection, Slice(0, count), key=kind)
        (plan,) = json.loads(
            await connection.fetchval(
                f"EXPLAIN (FORMAT json) {selected.statement}", 10, *selected.parameters
            )
        )

    (scan,) = plan["Plan"]["Plans"]
    assert (scan["Node Type"], scan["Index Name"]) == ("Index Scan", "outbox_pkey")


async def test_relays_share_the_slices_and_publish_each_row_once_and_in_order(
    events: Database, kind: ShardKey
) -> None:
    broker = Broker()
    async with (
        relaying(events, broker, shard_key=kind, slices=4) as one,
        relaying(events, broker, shard_key=kind, slices=4) as other,
    ):
        await eventually(lambda: led(one, other) == [2, 2] and led_once(one, other, count=4))

        await write_numbers(events, kind, KEYS, range(20))
        await eventually(lambda: is_empty(events))

    assert len(broker.log) == 20 * len(KEYS)
    assert numbers_by_key(broker.log) == {key: list(range(20)) for key in KEYS}


async def test_one_relay_leads_all_slices_and_gives_some_to_those_that_come(
    database_of_users: Database,
) -> None:
    broker = Broker()
    async with relaying(database_of_users, broker, slices=8) as first:
        await eventually(lambda: led(first) == [8])
        async with AsyncExitStack() as others:
            come = [
                await others.enter_async_context(relaying(database_of_users, broker, slices=8))
                for _ in range(2)
            ]
            await eventually(
                lambda: sorted(led(first, *come)) == [2, 3, 3] and led_once(first, *come, count=8)
            )
            # The jobs of the first slice's leader do not move.
            assert first.leading
        await eventually(lambda: led(first) == [8])


async def test_more_relays_than_slices_wait(database_of_users: Database) -> None:
    broker = Broker()
    async with AsyncExitStack() as stack:
        relays = [
            await stack.enter_async_context(relaying(database_of_users, broker, slices=2))
            for _ in range(4)
        ]
        await eventually(lambda: sorted(led(*relays)) == [0, 0, 1, 1])
        await eventually(lambda: has_tried(database_of_users, 2, sessions=2))
        assert led_once(*relays, count=2)


async def test_slices_of_a_relay_that_dies_while_it_publishes_are_taken_over(
    events: Database, kind: ShardKey
) -> None:
    stuck, going = Broker(), Broker()
    log = going.log
    stuck.log = log
    async with (
        relaying(events, stuck, shard_key=kind, slices=4) as dying,
        relaying(events, going, shard_key=kind, slices=4) as living,
    ):
        await eventually(lambda: led(dying, living) == [2, 2])
        stuck.open.clear()
        await write_numbers(events, kind, KEYS, range(3))
        await eventually(lambda: 0 < len(log) < 3 * len(KEYS))
        left = set(dying.led)

        # Its connection ends, as that of a process that is killed.
        assert await events.fetchval(END_LEADER, FIRST_LOCK + dying.led[0].node)
        await eventually(lambda: not left & set(dying.led))
        await eventually(lambda: led(living) == [4] or led_once(dying, living, count=4))
        stuck.open.set()
        await eventually(lambda: is_empty(events))

    assert numbers_by_key(log) == {key: list(range(3)) for key in KEYS}


async def test_batch_that_was_published_and_not_deleted_is_published_again_by_the_next_leader(
    events: Database, kind: ShardKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = Broker()
    killed = asyncio.Event()
    remove = outbox.remove

    async def remove_unless_killed(connection: Connection, rows: list[Row]) -> None:
        if not killed.is_set():
            killed.set()
            await asyncio.Event().wait()
        await remove(connection, rows)

    monkeypatch.setattr(outbox, "remove", remove_unless_killed)
    await write_numbers(events, kind, KEYS, range(2))

    async with relaying(events, broker, shard_key=kind, slices=2):
        await killed.wait()
    async with relaying(events, broker, shard_key=kind, slices=2):
        await write_numbers(events, kind, KEYS, [2])
        await eventually(lambda: is_empty(events))

    assert len(broker.log) > 3 * len(KEYS)
    assert numbers_by_key(broker.log) == {key: list(range(3)) for key in KEYS}


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (2, 4), (4, 2)])
async def test_relays_with_another_number_of_slices_wait_for_those_before_them(
    database_of_users: Database, before: int, after: int
) -> None:
    broker = Broker()
    async with AsyncExitStack() as late:
        async with relaying(database_of_users, broker, slices=before) as early:
            await eventually(lambda: led(early) == [before])
            next_ = await late.enter_async_context(
                relaying(database_of_users, broker, slices=after)
            )
            await eventually(lambda: has_tried(database_of_users, after))
            await write(database_of_users, *KEYS)
            await eventually(lambda: is_empty(database_of_users))
            assert led(early, next_) == [before, 0]

        await eventually(lambda: led(next_) == [after])
        await write(database_of_users, *KEYS)
        await eventually(lambda: is_empty(database_of_users))

    assert sorted(broker.keys) == sorted(KEYS * 2)


@pytest.mark.parametrize("counts", [(1, 1, 4, 4), (4, 4, 1, 1), (2, 2, 8, 8), (8, 8, 2, 2)])
async def test_rolling_change_of_the_number_loses_nothing_and_keeps_the_order(
    events: Database, kind: ShardKey, counts: tuple[int, ...]
) -> None:
    broker = Broker()
    written = 0
    stacks = [AsyncExitStack() for _ in counts]
    relays: list[Relay] = []
    written_all = asyncio.Event()

    async def keep_writing() -> None:
        nonlocal written
        while not written_all.is_set():
            await write_numbers(events, kind, KEYS[:20], [written])
            written += 1

    async def publishes() -> None:
        """Waits until what is written from now on is published."""
        until = written + 2
        await eventually(
            lambda: (
                len(numbers_by_key(list(broker.log))) == 20
                and min(map(len, numbers_by_key(list(broker.log)).values())) > until
            )
        )

    writing = asyncio.create_task(keep_writing())
    try:
        for place, count in enumerate(counts):
            relays.append(
                await stacks[place].enter_async_context(
                    relaying(events, broker, shard_key=kind, slices=count)
                )
            )
            if place >= 2:
                # The process that is replaced stops once the new one runs.
                await stacks[place - 2].aclose()
            await publishes()
    finally:
        written_all.set()
        await writing
    await eventually(lambda: is_empty(events))
    for each in stacks:
        await each.aclose()

    assert numbers_by_key(broker.log) == {key: list(range(written)) for key in KEYS[:20]}


async def test_slice_that_cannot_be_read_rests_and_the_others_go_on(
    events: Database, kind: ShardKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Citus while a node is away."""
    monkeypatch.setattr(leadership, "REST_SECONDS", 0.2)
    broker = Broker()
    oldest = outbox.oldest
    away = True
    async with events.connection() as connection:
        lost = await outbox.selection_of(connection, Slice(1, 2), key=kind)
        await write_numbers(events, kind, KEYS, range(2))
        hidden = {row.event.key for row in await oldest(connection, 1000, lost)}

    async def oldest_of_those_that_answer(
        connection: Connection, limit: int, selected: Selection
    ) -> list[Row]:
        if away and selected == lost:
            raise DatabaseUnavailable
        return await oldest(connection, limit, selected)

    monkeypatch.setattr(outbox, "oldest", oldest_of_those_that_answer)
    async with relaying(events, broker, shard_key=kind, slices=2) as running:
        others = set(KEYS) - hidden
        await eventually(lambda: len(broker.log) == 2 * len(others))
        await eventually(lambda: running.led == (Slice(0, 2),))

        away = False
        await eventually(lambda: is_empty(events))

    assert hidden
    assert numbers_by_key(broker.log) == {key: [0, 1] for key in KEYS}


async def test_a_share_of_the_outbox_without_a_leader_shows_in_the_metrics(
    database_of_users: Database,
) -> None:
    name = "roost_outbox_leader"
    foreign = await postgres.dedicated(database_of_users.url, name="foreign")
    try:
        third = Slice(2, 4)
        assert await foreign.fetchval(
            "SELECT pg_try_advisory_lock($1, $2)", LOCKS, FIRST_LOCK + third.node
        )
        async with relaying(database_of_users, Broker(), slices=4) as running:
            await eventually(lambda: led(running) == [3])
            assert third not in running.led
            assert REGISTRY.get_sample_value(name) == 0.75

            await foreign.execute("SELECT pg_advisory_unlock_all()")
            await eventually(lambda: REGISTRY.get_sample_value(name) == 1.0)
    finally:
        await foreign.close()


async def test_the_whole_outbox_has_the_lock_of_the_releases_before_slices(
    database_of_users: Database,
) -> None:
    earlier = await postgres.dedicated(database_of_users.url, name="earlier release")
    try:
        assert await earlier.fetchval("SELECT pg_try_advisory_lock($1, $2)", 0x726F6F73, 0x72656C61)
        async with (
            relaying(database_of_users, Broker(), slices=1) as whole,
            relaying(database_of_users, Broker(), slices=2) as halves,
        ):
            await eventually(lambda: has_tried(database_of_users, 1))
            await eventually(lambda: has_tried(database_of_users, 2))
            assert led(whole, halves) == [0, 0]

            await earlier.execute("SELECT pg_advisory_unlock_all()")
            await eventually(lambda: led(whole, halves) in ([1, 0], [0, 2]))
    finally:
        await earlier.close()

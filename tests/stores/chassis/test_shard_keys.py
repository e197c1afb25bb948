"""Rows of the chassis carry shard keys: those that Python writes, and those of earlier releases."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage import outbox, postgres, shard_key
from services.chassis.storage.idempotency import RequestKey
from services.chassis.storage.postgres import PostgresTransaction

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = [
    "0",
    "7",
    str(5 << 13),
    "9223372036854775807",
    "9223372036854775808",
    "9" * 19,
    "9" * 20,
    "register:alice",
    "عليّ",
    "٣",
    "-7",
    "",
]
# A service of each kind of key.
KINDS = {"user": ShardKey.USER, "post": ShardKey.BUCKET}

# As processes of the release before shard keys.
_RECORD_WITHOUT_KEY = """
INSERT INTO idempotency_records (caller_id, request_id, fingerprint, response)
VALUES ($1, 'r', $2, 'earlier')
"""
_PUBLISH_WITHOUT_KEY = """
INSERT INTO outbox (event_id, topic, key, type, payload, create_time)
VALUES ($1, 't', 'k', 'Happened', '', $2)
"""


class ByBucket(PostgresTransaction):
    shard_key = ShardKey.BUCKET


TRANSACTIONS = {"user": PostgresTransaction, "post": ByBucket}


@pytest.mark.one_postgres("a distributed database has no rows of earlier releases")
@pytest.mark.parametrize("noun", KINDS)
async def test_the_key_of_a_caller_is_the_same_in_sql(
    database: Callable[[str], str], noun: str
) -> None:
    async with postgres.connect(database(noun)) as connected:
        for name in NAMES:
            key = await connected.fetchval("SELECT shard_key_of_caller($1)", name)
            assert key == shard_key.of_name(KINDS[noun], name), name


@pytest.mark.one_postgres("a distributed database has no rows of earlier releases")
@pytest.mark.parametrize("noun", KINDS)
async def test_a_request_that_an_earlier_release_answered_is_replayed(
    database: Callable[[str], str], noun: str
) -> None:
    key = RequestKey(str(77 << 13), "r", b"same")
    async with postgres.connect(database(noun)) as connected:
        await connected.execute(_RECORD_WITHOUT_KEY, key.caller_id, key.fingerprint)

        async with connected.transaction(TRANSACTIONS[noun]) as transaction:
            assert await transaction.replay(key) == b"earlier"


@pytest.mark.one_postgres("a distributed database has no rows of earlier releases")
async def test_an_event_of_an_earlier_release_is_removed_once_it_is_published(
    database: Callable[[str], str],
) -> None:
    async with postgres.connect(database("post")) as connected:
        await connected.execute(_PUBLISH_WITHOUT_KEY, uuid4(), NOW)

        async with connected.connection() as connection:
            await outbox.remove(connection, await outbox.oldest(connection, 10))

        assert await connected.fetchval("SELECT count(*) FROM outbox") == 0


@pytest.mark.parametrize("noun", KINDS)
async def test_rows_about_one_user_have_one_key(database: Callable[[str], str], noun: str) -> None:
    user = str(77 << 13)
    key = RequestKey(user, "r", b"fingerprint")
    async with postgres.connect(database(noun), clock=ManualClock(NOW)) as connected:
        async with connected.transaction(TRANSACTIONS[noun]) as transaction:
            await transaction.publish(OutboxMessage(topic="t", key=user, type="T", payload=b""))
            await transaction.remember(key, b"response")

        published = await connected.fetchval("SELECT shard_key FROM outbox")
        remembered = await connected.fetchval("SELECT shard_key FROM idempotency_records")

    assert published == remembered == shard_key.of_name(KINDS[noun], user)


async def test_a_caller_is_forgotten_by_any_name(database: Callable[[str], str]) -> None:
    async with postgres.connect(database("user")) as connected:
        for name in ("7", "register:alice", "authenticate:bob"):
            async with connected.transaction(PostgresTransaction) as transaction:
                await transaction.remember(RequestKey(name, "r", b""), b"response")

        async with connected.transaction(PostgresTransaction) as transaction:
            await transaction.forget_requests(["7", "register:alice"])

        left = await connected.fetch("SELECT caller_id FROM idempotency_records")
    assert [row[0] for row in left] == ["authenticate:bob"]


def test_events_are_spread_and_have_one_key_each() -> None:
    ids = [uuid4() for _ in range(1_000)]
    keys = [shard_key.of_event(ShardKey.BUCKET, each) for each in ids]

    assert keys == [shard_key.of_event(ShardKey.BUCKET, each) for each in ids]
    assert all(0 <= key < 512 for key in keys)
    assert len(set(keys)) > 300
    assert shard_key.of_event(ShardKey.USER, UUID(int=(1 << 128) - 1)) > 0

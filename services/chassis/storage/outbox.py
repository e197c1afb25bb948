"""The outbox table: messages that a transaction leaves for the relay to publish.

The row is written in the transaction of its change, and deleted once the broker
has acknowledged it. Ids are handed out before the commit, so a lower id may appear later; within
one key it cannot, since the row is written under the lock of the thing that the key names.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from services.chassis.events.records import Event
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.ids import BUCKETS
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage.connection import Connection
from services.chassis.storage.slices import Slice

CHANNEL = "outbox"

_APPEND = """
INSERT INTO outbox (event_id, topic, key, type, payload, traceparent, create_time, shard_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

# One trip, and nothing that would have to reach the disk.
_NOTIFY = f"BEGIN; SET LOCAL synchronous_commit = off; NOTIFY {CHANNEL}; COMMIT"

_OLDEST = """
SELECT id, event_id, topic, key, type, payload, traceparent, create_time, shard_key
FROM outbox ORDER BY id LIMIT $1
"""
# The keys select the shards of Citus.
_OLDEST_OF_BUCKETS = """
SELECT id, event_id, topic, key, type, payload, traceparent, create_time, shard_key
FROM outbox WHERE shard_key = ANY ($2) ORDER BY id LIMIT $1
"""
# Citus selects no shards by a range of hashes: each shard evaluates the condition.
_OLDEST_OF_USERS = """
SELECT id, event_id, topic, key, type, payload, traceparent, create_time, shard_key
FROM outbox WHERE hashint8(shard_key) BETWEEN $2 AND $3 ORDER BY id LIMIT $1
"""
# -1 is the key of rows of the release before shard keys.
_BUCKETS_OF_HASHES = """
SELECT array_agg(bucket) FROM generate_series(-1, $3::int) AS bucket
WHERE hashint2(bucket::smallint) BETWEEN $1 AND $2
"""

# By the primary key; the shard keys select the shards of Citus.
_REMOVE = """
DELETE FROM outbox WHERE id = ANY($1::bigint[]) AND shard_key = ANY($2)
"""

_REFUSE = """
INSERT INTO outbox_refused
  (id, event_id, topic, key, type, payload, traceparent, create_time, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


class Row(NamedTuple):
    """A committed event, and where its row is."""

    id: int
    shard_key: int
    event: Event


async def append(connection: Connection, event: Event, *, shard_key: int) -> None:
    """Adds the event to the outbox of the running transaction."""
    await connection.execute(
        _APPEND,
        event.event_id,
        event.topic,
        event.key,
        event.type,
        event.payload,
        event.traceparent,
        event.time,
        shard_key,
    )


class Selection(NamedTuple):
    """A statement that reads the oldest rows of a slice, and its parameters but the limit."""

    statement: str
    parameters: tuple[object, ...]


async def selection_of(connection: Connection, part: Slice, *, key: ShardKey) -> Selection:
    """How the rows of a slice are read; `key` is that of the service's manifest."""
    if part.is_whole:
        return Selection(_OLDEST, ())
    if key is ShardKey.USER:
        return Selection(_OLDEST_OF_USERS, part.hashes)
    buckets = await connection.fetchval(_BUCKETS_OF_HASHES, *part.hashes, BUCKETS - 1)
    return Selection(_OLDEST_OF_BUCKETS, (buckets or [],))


async def oldest(
    connection: Connection, limit: int, selected: Selection | None = None
) -> list[Row]:
    """The committed events with the lowest ids, in order: those that are selected, or all."""
    statement, parameters = selected or (_OLDEST, ())
    return [
        Row(
            row["id"],
            row["shard_key"],
            Event(
                event_id=row["event_id"],
                topic=row["topic"],
                key=row["key"],
                type=row["type"],
                time=row["create_time"],
                payload=row["payload"],
                traceparent=row["traceparent"],
            ),
        )
        for row in await connection.fetch(statement, limit, *parameters)
    ]


async def remove(connection: Connection, rows: Sequence[Row]) -> None:
    """Deletes rows whose events are safe with the broker."""
    await connection.execute(
        _REMOVE, [row.id for row in rows], list({row.shard_key for row in rows})
    )


async def move_to_refused(connection: Connection, row: Row, reason: str) -> None:
    """Moves a row that can never be published to `outbox_refused`."""
    event = row.event
    async with connection.transaction():
        await remove(connection, [row])
        await connection.execute(
            _REFUSE,
            row.id,
            event.event_id,
            event.topic,
            event.key,
            event.type,
            event.payload,
            event.traceparent,
            event.time,
            reason,
        )


async def delete_refused(connection: Connection, *, before: datetime, limit: int) -> int:
    """Deletes up to `limit` rows that were set aside before; returns how many."""
    status = await connection.execute(
        "DELETE FROM outbox_refused WHERE id = ANY(ARRAY("
        "SELECT id FROM outbox_refused WHERE refuse_time < $1 LIMIT $2))",
        before,
        limit,
    )
    return int(status.rpartition(" ")[2])


async def notify(connection: Connection) -> None:
    await connection.execute(_NOTIFY)


class RelayNotifier:
    """Wakes the relay after commits: one notification for all that happen while one is under way.

    A NOTIFY inside the writing transaction would be surer, but PostgreSQL lets such transactions
    commit only one after another, each waiting for the disk. One that is lost costs a second: the
    relay looks by itself that often.
    """

    def __init__(self, notify: Callable[[], Awaitable[None]]) -> None:
        self._notify = notify
        self._again = False
        self._task: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """Says that something was committed; returns at once."""
        self._again = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="wake relay")

    async def close(self) -> None:
        """Ends with the notification that is under way."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _work(self) -> None:
        while self._again:
            self._again = False
            with contextlib.suppress(Unavailable, DeadlineExceeded):
                await self._notify()

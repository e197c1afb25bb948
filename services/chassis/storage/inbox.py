"""The inbox table: which consumer has handled which event, so that effects happen once."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage import shard_key
from services.chassis.storage.connection import Connection

_NOTE = """
INSERT INTO inbox (consumer, event_id, shard_key) VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING RETURNING true
"""

# In one order for all, so that two transactions which share events do not wait for each other.
_NOTE_MANY = """
INSERT INTO inbox (consumer, event_id, shard_key)
SELECT $1::text, event_id, shard_key
FROM unnest($2::uuid[], $3::bigint[]) AS note (event_id, shard_key)
ORDER BY event_id
ON CONFLICT DO NOTHING RETURNING event_id
"""

_EXPIRED = "SELECT count(*), min(create_time) FROM inbox WHERE create_time < $1"
_FORGET = "DELETE FROM inbox WHERE create_time >= $1 AND create_time < $2"


async def first_seen(
    connection: Connection, consumer: str, event_id: UUID, *, key: ShardKey
) -> bool:
    """Notes the event in the running transaction; False if the consumer had it already.

    Waits for a transaction that noted the same event and has not ended yet.
    """
    noted = await connection.fetchval(_NOTE, consumer, event_id, shard_key.of_event(key, event_id))
    return noted is not None


async def first_seen_of(
    connection: Connection, consumer: str, event_ids: Iterable[UUID], *, key: ShardKey
) -> set[UUID]:
    """Records many events in one trip; returns those that are new to the consumer."""
    wanted = list(event_ids)
    rows = await connection.fetch(
        _NOTE_MANY, consumer, wanted, [shard_key.of_event(key, each) for each in wanted]
    )
    return {row[0] for row in rows}


async def expired(connection: Connection, *, before: datetime) -> tuple[int, datetime | None]:
    """How many notes are older than `before`, and the time of the oldest."""
    row = await connection.fetchrow(_EXPIRED, before)
    assert row is not None  # noqa: S101 - an aggregate
    return row[0], row[1]


async def forget(connection: Connection, *, since: datetime, before: datetime) -> int:
    """Deletes the notes of a span of time; returns how many."""
    status = await connection.execute(_FORGET, since, before)
    return int(status.rpartition(" ")[2])

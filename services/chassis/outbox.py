"""The outbox table: messages that a transaction leaves for the relay to publish.

The row is written in the transaction of the change that it tells of, and deleted once the broker
has acknowledged it. Ids are handed out before the commit, so a lower id may appear later; within
one key it cannot, since the row is written under the lock of the thing that the key names.
"""

from collections.abc import Sequence

from services.chassis.connection import Connection
from services.chassis.events import Event

# NOTIFY in the inserting transaction is delivered at its commit; doubles within it are folded.
CHANNEL = "outbox"


_APPEND = """
WITH appended AS (
  INSERT INTO outbox (event_id, topic, key, type, payload, traceparent, create_time)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
)
SELECT pg_notify('outbox', '')
"""

_OLDEST = """
SELECT id, event_id, topic, key, type, payload, traceparent, create_time
FROM outbox ORDER BY id LIMIT $1
"""


async def append(connection: Connection, event: Event) -> None:
    """Adds the event to the outbox of the running transaction, and wakes the relay at commit."""
    await connection.execute(
        _APPEND,
        event.event_id,
        event.topic,
        event.key,
        event.type,
        event.payload,
        event.traceparent,
        event.time,
    )


async def oldest(connection: Connection, limit: int) -> tuple[list[int], list[Event]]:
    """The committed events with the lowest ids, with those ids, in order."""
    rows = await connection.fetch(_OLDEST, limit)
    return [row["id"] for row in rows], [
        Event(
            event_id=row["event_id"],
            topic=row["topic"],
            key=row["key"],
            type=row["type"],
            time=row["create_time"],
            payload=row["payload"],
            traceparent=row["traceparent"],
        )
        for row in rows
    ]


async def remove(connection: Connection, ids: Sequence[int]) -> None:
    """Deletes rows whose events are safe with the broker."""
    await connection.execute("DELETE FROM outbox WHERE id = ANY($1::bigint[])", ids)

"""The inbox table: which consumer has handled which event, so that effects happen once."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from services.chassis.storage.connection import Connection

_NOTE = """
INSERT INTO inbox (consumer, event_id) VALUES ($1, $2)
ON CONFLICT DO NOTHING RETURNING true
"""

# In one order for all, so that two transactions which share events do not wait for each other.
_NOTE_MANY = """
INSERT INTO inbox (consumer, event_id)
SELECT $1, event_id FROM unnest($2::uuid[]) AS event_id ORDER BY event_id
ON CONFLICT DO NOTHING RETURNING event_id
"""


async def first_seen(connection: Connection, consumer: str, event_id: UUID) -> bool:
    """Notes the event in the running transaction; False if the consumer had it already.

    Waits for a transaction that noted the same event and has not ended yet.
    """
    return await connection.fetchval(_NOTE, consumer, event_id) is not None


async def first_seen_of(
    connection: Connection, consumer: str, event_ids: Iterable[UUID]
) -> set[UUID]:
    """Records many events in one trip; returns those that are new to the consumer."""
    rows = await connection.fetch(_NOTE_MANY, consumer, list(event_ids))
    return {row[0] for row in rows}


async def forget(connection: Connection, *, before: datetime, limit: int) -> int:
    """Deletes up to `limit` notes older than `before`; says how many went."""
    status = await connection.execute(
        "DELETE FROM inbox WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM inbox WHERE create_time < $1 LIMIT $2))",
        before,
        limit,
    )
    return int(status.rpartition(" ")[2])

"""The inbox table: which consumer has handled which event, so that effects happen once."""

from datetime import datetime
from uuid import UUID

from services.chassis.connection import Connection

_NOTE = """
INSERT INTO inbox (consumer, event_id) VALUES ($1, $2)
ON CONFLICT DO NOTHING RETURNING true
"""


async def first_seen(connection: Connection, consumer: str, event_id: UUID) -> bool:
    """Notes the event in the running transaction; False if the consumer had it already.

    Waits for a transaction that noted the same event and has not ended yet.
    """
    return await connection.fetchval(_NOTE, consumer, event_id) is not None


async def forget(connection: Connection, *, before: datetime, limit: int) -> int:
    """Deletes up to `limit` notes older than `before`; says how many went."""
    status = await connection.execute(
        "DELETE FROM inbox WHERE ctid = ANY(ARRAY("
        "SELECT ctid FROM inbox WHERE create_time < $1 LIMIT $2))",
        before,
        limit,
    )
    return int(status.rpartition(" ")[2])

"""Changes of what people are told, in PostgreSQL."""

from collections.abc import Sequence

from services.notification.delivery.store_postgres import PostgresDeliveryActs
from services.notification.model import Marker
from services.notification.store_postgres import reads

_LOCK_RECIPIENTS = """
SELECT pg_advisory_xact_lock(recipient) FROM unnest($1::bigint[]) AS recipient
"""

_SET_MARKER = """
INSERT INTO read_markers (user_id, last_read_id, update_time) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE
  SET last_read_id = excluded.last_read_id, update_time = excluded.update_time
"""

_FORGET_PERSON = "DELETE FROM read_markers WHERE user_id = $1"


class PostgresNotificationTransaction(PostgresDeliveryActs):
    """See `store.NotificationTransaction`."""

    async def lock_recipients(self, user_ids: Sequence[int]) -> None:
        """See `NotificationTransaction.lock_recipients`."""
        await self.connection.execute(_LOCK_RECIPIENTS, sorted(set(user_ids)))

    async def marker(self, user_id: int) -> Marker | None:
        """See `NotificationTransaction.marker`."""
        row = await self.connection.fetchrow(reads.MARKER, user_id)
        return None if row is None else Marker(*row)

    async def set_marker(self, user_id: int, marker: Marker) -> None:
        """See `NotificationTransaction.set_marker`."""
        await self.connection.execute(_SET_MARKER, user_id, marker.last_read_id, marker.update_time)

    async def forget_person(self, user_id: int) -> None:
        """See `NotificationTransaction.forget_person`."""
        await self.connection.execute(_FORGET_PERSON, user_id)
        await self.forget_deliveries(user_id)

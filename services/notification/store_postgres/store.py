"""The store of the Notification service on PostgreSQL."""

from contextlib import AbstractAsyncContextManager

from services.chassis.postgres import Database
from services.notification.model import Marker
from services.notification.store_postgres import reads
from services.notification.store_postgres.transaction import PostgresNotificationTransaction


class PostgresNotificationStore:
    """See `store.NotificationStore` for the promises."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transaction(self) -> AbstractAsyncContextManager[PostgresNotificationTransaction]:
        """See `NotificationStore.transaction`."""
        return self._database.transaction(PostgresNotificationTransaction)

    async def marker(self, user_id: int) -> Marker | None:
        """See `NotificationStore.marker`."""
        row = await self._database.fetchrow(reads.MARKER, user_id)
        return None if row is None else Marker(*row)

"""The store of the Notification service in memory."""

from contextlib import AbstractAsyncContextManager

from services.chassis.clock import Clock
from services.chassis.memory import MemoryDatabase
from services.notification.model import Marker
from services.notification.store_memory.tables import NotificationTables
from services.notification.store_memory.transaction import MemoryNotificationTransaction


class MemoryNotificationStore:
    """See `store.NotificationStore` for the promises."""

    def __init__(self, *, clock: Clock) -> None:
        self.database = MemoryDatabase(NotificationTables(), clock=clock)

    def transaction(self) -> AbstractAsyncContextManager[MemoryNotificationTransaction]:
        """See `NotificationStore.transaction`."""
        return self.database.transaction(MemoryNotificationTransaction)

    async def marker(self, user_id: int) -> Marker | None:
        """See `NotificationStore.marker`."""
        return self.database.tables.markers.get(user_id)

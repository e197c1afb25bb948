"""Changes of what people are told, in memory."""

from collections.abc import Sequence

from services.notification.delivery.store_memory import MemoryDeliveryActs
from services.notification.model import Marker
from services.notification.store_memory.tables import NotificationTables


class MemoryNotificationTransaction(MemoryDeliveryActs[NotificationTables]):
    """A running transaction; transactions run one after another, so nothing needs a lock."""

    async def lock_recipients(self, user_ids: Sequence[int]) -> None:
        """See `NotificationTransaction.lock_recipients`."""

    async def marker(self, user_id: int) -> Marker | None:
        """See `NotificationTransaction.marker`."""
        return self.tables.markers.get(user_id)

    async def set_marker(self, user_id: int, marker: Marker) -> None:
        """See `NotificationTransaction.set_marker`."""
        self.tables.markers[user_id] = marker

    async def forget_person(self, user_id: int) -> None:
        """See `NotificationTransaction.forget_person`."""
        self.tables.markers.pop(user_id, None)
        await self.forget_deliveries(user_id)

"""What the Notification service asks of its database: one contract, two implementations."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.chassis.transaction import Transaction
from services.notification.delivery.store import DeliveryActs
from services.notification.model import Marker


class NotificationTransaction(DeliveryActs, Transaction, Protocol):
    """Changes that happen together.

    Locks are taken in one order: request, then recipients by ascending id. Whatever changes what
    somebody is told holds that recipient's lock.
    """

    async def lock_recipients(self, user_ids: Sequence[int]) -> None:
        """Until the end, what these people are told is changed by this transaction alone."""
        ...

    async def marker(self, user_id: int) -> Marker | None:
        """Up to where the person has read; None before the first time."""
        ...

    async def set_marker(self, user_id: int, marker: Marker) -> None:
        """Replaces the marker."""
        ...

    async def forget_person(self, user_id: int) -> None:
        """Forgets all that is kept for a deleted person."""
        ...


class NotificationStore(Protocol):
    """What is kept for each recipient. Reads see every commit before them."""

    def transaction(self) -> AbstractAsyncContextManager[NotificationTransaction]:
        """Begins a transaction."""
        ...

    async def marker(self, user_id: int) -> Marker | None:
        """Up to where the person has read; None before the first time."""
        ...

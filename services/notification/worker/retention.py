"""Deletes expired notifications and old records of deletions and withdrawals."""

import asyncio

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import Conflict, DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger
from services.notification.domain.model import DELETED_KEPT, KEPT
from services.notification.domain.store import NotificationStore
from services.notification.worker.account_cleanup import AccountCleanup

_INTERVAL_SECONDS = 600.0


class Retention:
    """Any number of processes may run it at the same time."""

    def __init__(self, *, store: NotificationStore, cleanup: AccountCleanup, clock: Clock) -> None:
        self._store = store
        self._cleanup = cleanup
        self._clock = clock

    async def run(self) -> None:
        """Deletes every ten minutes until it is cancelled."""
        while True:
            try:
                await self.forget_old()
            except (Unavailable, DeadlineExceeded, Conflict) as error:
                logger().warning("notification_retention_postponed", error=repr(error))
            await asyncio.sleep(_INTERVAL_SECONDS)

    async def forget_old(self) -> None:
        """Deletes all that has expired now."""
        now = self._clock.now()
        await self._cleanup.forget_before(now - KEPT)
        await self._store.forget_deleted(now - DELETED_KEPT)
        await self._store.forget_withdrawn(now - KEPT)

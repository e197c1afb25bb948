"""Deletes expired notifications and old records of deletions and withdrawals."""

from functools import partial

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.periodic import every
from services.chassis.runtime.supervision import Job
from services.notification.domain.model import DELETED_KEPT, KEPT
from services.notification.domain.store import NotificationStore
from services.notification.worker.account_cleanup import AccountCleanup

_INTERVAL_SECONDS = 600.0


def job(*, store: NotificationStore, cleanup: AccountCleanup, clock: Clock) -> Job:
    """The job that deletes every ten minutes."""
    act = partial(delete_expired, store=store, cleanup=cleanup, clock=clock)
    return every(_INTERVAL_SECONDS, "notification_retention", act)


async def delete_expired(
    *, store: NotificationStore, cleanup: AccountCleanup, clock: Clock
) -> None:
    """Deletes all that has expired now."""
    now = clock.now()
    await cleanup.forget_before(now - KEPT)
    await store.forget_deleted(now - DELETED_KEPT)
    await store.forget_withdrawn(now - KEPT)

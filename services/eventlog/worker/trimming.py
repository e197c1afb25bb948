"""Deletes expired events. Logs that are too long are trimmed when events are appended."""

from functools import partial

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.periodic import every
from services.chassis.runtime.supervision import Job
from services.eventlog.domain.model import KEPT
from services.eventlog.domain.store import LogStore

_INTERVAL_SECONDS = 600.0
_AT_ONCE = 5_000


def job(store: LogStore, clock: Clock) -> Job:
    """The job that deletes every ten minutes."""
    return every(_INTERVAL_SECONDS, "log_trimming", partial(delete_expired, store, clock))


async def delete_expired(store: LogStore, clock: Clock) -> int:
    """Deletes events older than KEPT, a few thousand in a transaction, and the logs of deleted
    accounts; returns the number of expired events."""
    await store.drop_deleted_logs(clock.now())
    total = 0
    while True:
        found = await store.trim(clock.now() - KEPT, limit=_AT_ONCE)
        total += found
        if found < _AT_ONCE:
            return total

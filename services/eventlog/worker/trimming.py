"""Deletes expired events. Logs that are too long are trimmed when events are appended."""

import asyncio

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger
from services.eventlog.domain.model import KEPT
from services.eventlog.domain.store import LogStore

_EVERY_SECONDS = 600.0
_AT_ONCE = 5_000


async def forget_old(store: LogStore, clock: Clock) -> int:
    """Deletes events older than KEPT, a few thousand in a transaction, and the logs of deleted
    accounts; returns the number of expired events."""
    await store.drop_deleted_logs(clock.now())
    total = 0
    while True:
        found = await store.trim(clock.now() - KEPT, limit=_AT_ONCE)
        total += found
        if found < _AT_ONCE:
            return total


async def run(store: LogStore, clock: Clock) -> None:
    """Deletes every ten minutes until it is cancelled. Any number of processes may run it."""
    while True:
        try:
            await forget_old(store, clock)
        except (Unavailable, DeadlineExceeded) as error:
            logger().warning("log_trimming_postponed", error=repr(error))
        await asyncio.sleep(_EVERY_SECONDS)

"""Deletes records of the chassis that are past their time."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

from services.chassis.runtime.periodic import every
from services.chassis.runtime.supervision import Job
from services.chassis.storage import idempotency, inbox, outbox
from services.chassis.storage.postgres import Database

# A retry after a day is a new request.
REQUESTS_KEPT = timedelta(hours=24)
# Longer than Kafka may bring an event again: a consumer group that was away for days.
INBOX_KEPT = timedelta(days=7)
# Long enough for an operator to see what was refused and to publish it in another form.
REFUSED_KEPT = timedelta(days=30)

_INTERVAL_SECONDS = 600.0
_AT_ONCE = 5_000


async def forget_old(database: Database) -> int:
    """Deletes what is past its time, a few thousand rows a statement; says how many went."""
    now = database.clock.now()

    async def records(limit: int) -> int:
        async with database.connection() as connection:
            return await idempotency.forget(connection, before=now - REQUESTS_KEPT, limit=limit)

    async def notes(limit: int) -> int:
        async with database.connection() as connection:
            return await inbox.forget(connection, before=now - INBOX_KEPT, limit=limit)

    async def refused(limit: int) -> int:
        async with database.connection() as connection:
            return await outbox.delete_refused(connection, before=now - REFUSED_KEPT, limit=limit)

    return await _drain(records) + await _drain(notes) + await _drain(refused)


def job(database: Database) -> Job:
    """Calls `forget_old` every ten minutes. Any number of processes may run it."""
    return every(_INTERVAL_SECONDS, "retention", partial(forget_old, database))


async def _drain(forget: Callable[[int], Awaitable[int]]) -> int:
    total = 0
    while True:
        gone = await forget(_AT_ONCE)
        total += gone
        if gone < _AT_ONCE:
            return total

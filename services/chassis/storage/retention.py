"""Deletes records of the chassis that are past their time."""

import math
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from services.chassis.runtime.periodic import every
from services.chassis.runtime.supervision import Job
from services.chassis.storage import idempotency, inbox, outbox
from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database

# A retry after a day is a new request.
REQUESTS_KEPT = timedelta(hours=24)
# Longer than Kafka may bring an event again: a consumer group that was away for days.
INBOX_KEPT = timedelta(days=7)
# Long enough for an operator to see what was refused and to publish it in another form.
REFUSED_KEPT = timedelta(days=30)

_INTERVAL_SECONDS = 600.0
_AT_ONCE = 5_000


class _Expired(Protocol):
    """How many rows of a table are older than `before`, and the time of the oldest."""

    async def __call__(
        self, connection: Connection, *, before: datetime
    ) -> tuple[int, datetime | None]: ...


class _Forget(Protocol):
    """Deletes the rows of a span of time; returns how many."""

    async def __call__(
        self, connection: Connection, *, since: datetime, before: datetime
    ) -> int: ...


async def forget_old(database: Database) -> int:
    """Deletes what is past its time, some thousand rows a statement; says how many went."""
    now = database.clock.now()
    return (
        await _forget_by_time(
            database, idempotency.expired, idempotency.forget, before=now - REQUESTS_KEPT
        )
        + await _forget_by_time(database, inbox.expired, inbox.forget, before=now - INBOX_KEPT)
        + await _forget_refused(database, before=now - REFUSED_KEPT)
    )


def job(database: Database) -> Job:
    """Calls `forget_old` every ten minutes. Any number of processes may run it."""
    return every(_INTERVAL_SECONDS, "retention", partial(forget_old, database))


async def _forget_by_time(
    database: Database, expired: _Expired, forget: _Forget, *, before: datetime
) -> int:
    """Deletes by spans of time, of equal length, each with about `_AT_ONCE` rows.

    Rows come in the order of time, so a span is read from few pages, and needs no keys of its rows.
    A lone old row makes the spans uneven; it is gone with the first of them.
    """
    async with database.connection() as connection:
        count, oldest = await expired(connection, before=before)
    if oldest is None:
        return 0
    steps = math.ceil(count / _AT_ONCE)
    bounds = [oldest + (before - oldest) * step / steps for step in range(steps)]
    total = 0
    for since, until in zip(bounds, [*bounds[1:], before], strict=True):
        async with database.connection() as connection:
            total += await forget(connection, since=since, before=until)
    return total


async def _forget_refused(database: Database, *, before: datetime) -> int:
    total = 0
    while True:
        async with database.connection() as connection:
            gone = await outbox.delete_refused(connection, before=before, limit=_AT_ONCE)
        total += gone
        if gone < _AT_ONCE:
            return total

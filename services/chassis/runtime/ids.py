"""Ids: 63 bits that sort by time and say which bucket they belong to.

    41 bits milliseconds since EPOCH | 9 bits bucket | 6 bits worker | 7 bits sequence

The bucket comes from the author, so that a post's id alone leads to its shard. The worker number
is leased by one process at a time (`worker_lease`), so no two processes make the same id.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import Unavailable

EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
BUCKETS = 512
# Processes that make ids in one database at a time.
WORKERS = 64
SEQUENCES = 128
MAX_ID = (1 << 63) - 1

_WORKER_SHIFT = 7
_BUCKET_SHIFT = 13
_TIME_SHIFT = 22
_MAX_MILLISECONDS = (1 << 41) - 1

# A clock that was set back a little is waited for; one that is far off is a fault to be seen.
MAX_WAIT_MILLISECONDS = 2_000


class IdsUnavailable(Unavailable):
    """No id can be made at this moment; none was made wrongly."""

    reason = "DEPENDENCY_UNAVAILABLE"


class WorkerLost(IdsUnavailable):
    """This process holds no worker number now, so another may be using its last one."""


class ClockWentBack(IdsUnavailable):
    """The clock is far behind the last id that was made."""


class Worker(Protocol):
    """The right to make ids with one worker number."""

    def number(self, now: int) -> int:
        """The number, 0 to 63, for ids of the millisecond `now` since EPOCH.

        Raises WorkerLost while none is held.
        """
        ...

    def floor(self) -> int:
        """Milliseconds since EPOCH at or before which ids of this number are already used."""
        ...


class FixedWorker:
    """A fixed worker number: for tests, and tools that run alone."""

    def __init__(self, number: int = 0) -> None:
        self._number = number

    def number(self, now: int) -> int:
        return self._number

    def floor(self) -> int:
        """Nothing is used yet."""
        return 0


class IdGenerator:
    """Makes ids for one process: each greater than the one before, in whatever bucket order.

    That is, `id >> 22` never decreases, and no id is made twice, also where the clock jumps back.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        worker: Worker,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._worker = worker
        self._sleep = sleep
        self._number = -1
        self._last = 0
        self._sequence = SEQUENCES

    async def make(self, bucket: int) -> int:
        """A new id in the bucket.

        At most 128 are made in a millisecond; more wait for the next. A clock that jumped back
        by up to 2 s is waited for. Raises ClockWentBack beyond that, and WorkerLost.
        """
        if not 0 <= bucket < BUCKETS:
            raise ValueError(f"there is no bucket {bucket}")
        while True:
            made = self._try(bucket)
            if made is not None:
                return made
            behind = self._last - milliseconds_at(self._clock.now())
            if behind > MAX_WAIT_MILLISECONDS:
                raise ClockWentBack
            await self._sleep((max(behind, 0) + 1) / 1000)

    def _try(self, bucket: int) -> int | None:
        """The next id if there is one in the clock's millisecond. Never yields to other tasks."""
        now = milliseconds_at(self._clock.now())
        number = self._worker.number(now)
        if number != self._number:
            self._number = number
            # The sequence counts as used up: the first id is later than what is used already.
            self._last = max(self._last, self._worker.floor())
            self._sequence = SEQUENCES
        if now > self._last:
            self._last, self._sequence = now, 0
        elif now < self._last or self._sequence >= SEQUENCES:
            return None
        made = _joined(self._last, bucket, number, self._sequence)
        self._sequence += 1
        return made


def bucket_of(id_: int) -> int:
    """The bucket that an id belongs to."""
    return (id_ >> _BUCKET_SHIFT) & (BUCKETS - 1)


def time_of(id_: int) -> datetime:
    """When an id was made, to the millisecond."""
    return EPOCH + timedelta(milliseconds=id_ >> _TIME_SHIFT)


def first_id_at(moment: datetime) -> int:
    """The lowest id of a moment: `id >= first_id_at(t)` selects what was made at t or later."""
    return min(max(milliseconds_at(moment), 0), _MAX_MILLISECONDS) << _TIME_SHIFT


def milliseconds_at(moment: datetime) -> int:
    """Whole milliseconds from EPOCH to the moment."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def _joined(milliseconds: int, bucket: int, worker: int, sequence: int) -> int:
    return (
        milliseconds << _TIME_SHIFT | bucket << _BUCKET_SHIFT | worker << _WORKER_SHIFT | sequence
    )

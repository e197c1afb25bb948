"""Ids sort by time, say their bucket, and are never made twice."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.runtime import ids
from services.chassis.runtime.clock import ManualClock, SystemClock
from services.chassis.runtime.ids import (
    ClockWentBack,
    FixedWorker,
    IdGenerator,
    WorkerLost,
)


class FreeClock(ManualClock):
    """A clock that can be set to any time, as an operator may set a machine's."""

    def set(self, moment: datetime) -> None:
        self._now = moment


class TakenWorker(FixedWorker):
    """A worker number of which ids are used up to some millisecond, and which can be lost."""

    def __init__(self, number: int = 0, *, floor: int = 0) -> None:
        super().__init__(number)
        self._floor = floor
        self.held = True

    def number(self, now: int) -> int:
        if not self.held:
            raise WorkerLost
        return super().number(now)

    def floor(self) -> int:
        return self._floor


def generator(clock: ManualClock, worker: FixedWorker | None = None) -> IdGenerator:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    return IdGenerator(clock=clock, worker=worker or FixedWorker(), sleep=sleep)


async def test_an_id_says_its_time_and_its_bucket() -> None:
    clock = ManualClock(datetime(2026, 3, 1, 10, 30, 0, 123_000, tzinfo=UTC))

    made = await generator(clock, FixedWorker(63)).make(511)

    assert ids.time_of(made) == clock.now()
    assert ids.bucket_of(made) == 511
    assert made >> 7 & 63 == 63
    assert 0 < made <= ids.MAX_ID


async def test_ids_of_later_milliseconds_are_greater_whatever_their_bucket() -> None:
    clock = ManualClock()
    make = generator(clock).make

    early = await make(511)
    clock.advance(0.001)
    late = await make(0)

    assert late > early


async def test_sequence_that_overflows_goes_on_in_the_next_millisecond() -> None:
    clock = ManualClock()
    start = clock.now()
    make = generator(clock).make

    made = [await make(7) for _ in range(300)]

    assert made == sorted(set(made))
    assert [ids.time_of(each) - start for each in (made[127], made[128], made[299])] == [
        timedelta(milliseconds=0),
        timedelta(milliseconds=1),
        timedelta(milliseconds=2),
    ]


async def test_clock_that_jumps_back_a_little_is_waited_for() -> None:
    clock = FreeClock()
    make = generator(clock).make
    before = await make(1)

    clock.set(clock.now() - timedelta(milliseconds=500))
    after = await make(1)

    assert after > before


async def test_clock_that_jumps_back_far_makes_no_ids_until_it_is_right_again() -> None:
    clock = FreeClock()
    make = generator(clock).make
    right = clock.now()
    before = await make(1)

    clock.set(right - timedelta(minutes=5))
    with pytest.raises(ClockWentBack):
        await make(1)

    clock.set(right + timedelta(milliseconds=1))
    assert await make(1) > before


async def test_worker_number_that_was_used_before_begins_after_its_last_millisecond() -> None:
    clock = ManualClock()
    used = ids.milliseconds_at(clock.now()) + 40

    made = await generator(clock, TakenWorker(3, floor=used)).make(1)

    assert made >> 22 > used


async def test_lost_worker_number_stops_ids_with_a_clear_error() -> None:
    worker = TakenWorker()
    make = generator(ManualClock(), worker).make
    await make(1)

    worker.held = False

    with pytest.raises(WorkerLost):
        await make(1)


async def test_ids_made_by_many_tasks_at_once_all_differ() -> None:
    make = IdGenerator(clock=SystemClock(), worker=FixedWorker()).make

    async def several() -> list[int]:
        return [await make(5) for _ in range(40)]

    made = [each for some in await asyncio.gather(*(several() for _ in range(50))) for each in some]

    assert len(set(made)) == 2000


async def test_bucket_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="512"):
        await generator(ManualClock()).make(512)


def test_first_id_of_a_moment_parts_what_came_before_from_what_came_after() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    milliseconds = ids.milliseconds_at(moment)

    first = ids.first_id_at(moment)

    assert (milliseconds - 1) << 22 | (1 << 22) - 1 < first
    assert ids.time_of(first) == moment
    assert ids.first_id_at(ids.EPOCH - timedelta(days=1)) == 0


@given(
    jumps=st.lists(st.integers(-1500, 1500), max_size=60),
    buckets=st.lists(st.integers(0, 511), min_size=1, max_size=5),
)
async def test_no_id_comes_twice_or_earlier_however_the_clock_wanders(
    jumps: list[int], buckets: list[int]
) -> None:
    clock = FreeClock()
    make = generator(clock).make

    made = []
    for jump in [0, *jumps]:
        clock.set(clock.now() + timedelta(milliseconds=jump))
        made += [await make(bucket) for bucket in buckets]

    assert len(set(made)) == len(made)
    times = [each >> 22 for each in made]
    assert times == sorted(times)

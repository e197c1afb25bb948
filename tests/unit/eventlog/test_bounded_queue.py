"""The items that wait for a stream."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from services.eventlog.domain.bounded_queue import BoundedQueue
from services.eventlog.domain.errors import Stopping
from services.eventlog.domain.model import Gap, LogEntry

NOW = datetime(2025, 6, 1, tzinfo=UTC)


def entry(sequence: int) -> LogEntry:
    return LogEntry(1, sequence, NOW, b"")


class Rooms:
    """Counts the calls of `room`."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


async def test_steps_are_taken_in_order() -> None:
    queue = BoundedQueue(room=Rooms())
    for sequence in range(1, 6):
        queue.offer(entry(sequence))

    assert await queue.take(3) == [entry(1), entry(2), entry(3)]
    assert await queue.take(3) == [entry(4), entry(5)]


async def test_taking_waits_for_a_step() -> None:
    queue = BoundedQueue(room=Rooms())
    taking = asyncio.create_task(queue.take(3))
    await asyncio.sleep(0)
    assert not taking.done()

    queue.offer(entry(1))

    assert await taking == [entry(1)]


async def test_a_full_outlet_refuses_until_half_of_it_is_free() -> None:
    rooms = Rooms()
    queue = BoundedQueue(room=rooms, limit=4)
    taken = [queue.offer(entry(sequence)) for sequence in range(1, 6)]
    full = queue.has_room

    await queue.take(1)
    less = (queue.has_room, rooms.times)
    await queue.take(1)

    assert taken == [True, True, True, True, False]
    assert not full
    assert less == (False, 0)
    assert (queue.has_room, rooms.times) == (True, 1)
    await queue.take(2)
    assert rooms.times == 1


async def test_items_that_must_not_be_lost_are_always_added() -> None:
    queue = BoundedQueue(room=Rooms(), limit=1)
    queue.offer(entry(1))

    queue.put(Gap(1, 9))

    assert await queue.take(9) == [entry(1), Gap(1, 9)]


async def test_an_end_comes_after_what_waits() -> None:
    queue = BoundedQueue(room=Rooms())
    queue.offer(entry(1))
    queue.end()

    assert [await queue.take(9), await queue.take(9)] == [[entry(1)], []]


async def test_a_failure_comes_first_and_stays() -> None:
    queue = BoundedQueue(room=Rooms())
    queue.offer(entry(1))
    queue.end(Stopping())
    queue.end()

    with pytest.raises(Stopping):
        await queue.take(9)

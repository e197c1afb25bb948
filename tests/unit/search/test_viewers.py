"""The relations of viewers: how long they are used, and how many readings there are."""

from __future__ import annotations

import asyncio

import pytest

from services.chassis.runtime import deadline
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.search.domain import viewers as module
from services.search.domain.posts.model import ANONYMOUS, Viewer
from services.search.domain.viewers import LIFETIME_SECONDS, Viewers
from tests.waiting import eventually


class FakeRelations:
    """Relations that a test changes, holds back or makes fail."""

    def __init__(self) -> None:
        self.viewers: dict[int, Viewer] = {}
        self.reads: list[int] = []
        self.open = asyncio.Event()
        self.open.set()
        self.is_away = False

    async def of(self, user_id: int) -> Viewer:
        self.reads.append(user_id)
        found = self.viewers.get(user_id, Viewer(user_id=user_id))
        await self.open.wait()
        if self.is_away:
            raise Unavailable
        return found


@pytest.fixture
def relations() -> FakeRelations:
    return FakeRelations()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def viewers(relations: FakeRelations, clock: ManualClock) -> Viewers:
    return Viewers(relations, clock=clock)


async def test_an_anonymous_viewer_is_not_read(viewers: Viewers, relations: FakeRelations) -> None:
    assert await viewers.get(None) == ANONYMOUS
    assert relations.reads == []


async def test_relations_are_read_again_after_their_lifetime(
    viewers: Viewers, relations: FakeRelations, clock: ManualClock
) -> None:
    await viewers.get(1)
    clock.advance(LIFETIME_SECONDS - 1)
    await viewers.get(1)
    assert relations.reads == [1]

    clock.advance(1)
    await viewers.get(1)
    assert relations.reads == [1, 1]


async def test_the_lifetime_begins_with_the_reading(
    viewers: Viewers, relations: FakeRelations, clock: ManualClock
) -> None:
    relations.open.clear()
    first = asyncio.create_task(viewers.get(1))
    await eventually(lambda: relations.reads == [1])
    clock.advance(LIFETIME_SECONDS)
    relations.open.set()
    await first

    await viewers.get(1)

    assert relations.reads == [1, 1]


async def test_callers_at_one_time_share_a_reading(
    viewers: Viewers, relations: FakeRelations
) -> None:
    found = await asyncio.gather(*(viewers.get(1) for _ in range(20)))

    assert relations.reads == [1]
    assert len({id(each) for each in found}) == 1


async def test_a_caller_who_gives_up_leaves_the_reading_to_others(
    viewers: Viewers, relations: FakeRelations
) -> None:
    relations.open.clear()
    impatient = asyncio.create_task(viewers.get(1))
    other = asyncio.create_task(viewers.get(1))
    await eventually(lambda: relations.reads == [1])
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    relations.open.set()

    assert (await other).user_id == 1
    assert relations.reads == [1]


async def test_a_caller_waits_no_longer_than_its_deadline(
    viewers: Viewers, relations: FakeRelations
) -> None:
    relations.open.clear()
    with deadline.within(0.01), pytest.raises(DeadlineExceeded):
        await viewers.get(1)
    relations.open.set()

    assert (await viewers.get(1)).user_id == 1
    assert relations.reads == [1]


async def test_a_failure_is_not_kept(viewers: Viewers, relations: FakeRelations) -> None:
    relations.is_away = True
    with pytest.raises(Unavailable):
        await viewers.get(1)

    relations.is_away = False
    assert (await viewers.get(1)).user_id == 1


async def test_relations_that_are_too_old_are_not_used_while_they_cannot_be_read(
    viewers: Viewers, relations: FakeRelations, clock: ManualClock
) -> None:
    await viewers.get(1)
    relations.is_away = True
    clock.advance(LIFETIME_SECONDS)

    with pytest.raises(Unavailable):
        await viewers.get(1)


async def test_forgotten_relations_are_read_again(
    viewers: Viewers, relations: FakeRelations
) -> None:
    await viewers.get(1)
    await viewers.get(2)

    viewers.forget([1, 7])
    await viewers.get(1)
    await viewers.get(2)

    assert relations.reads == [1, 2, 1]


async def test_a_reading_that_began_before_a_change_is_not_kept(
    viewers: Viewers, relations: FakeRelations
) -> None:
    relations.open.clear()
    early = asyncio.create_task(viewers.get(1))
    await eventually(lambda: relations.reads == [1])
    relations.viewers[1] = Viewer(user_id=1, blocked=frozenset({9}))
    viewers.forget([1])
    late = asyncio.create_task(viewers.get(1))
    await eventually(lambda: relations.reads == [1, 1])
    relations.open.set()

    await early
    assert 9 in (await late).blocked
    assert 9 in (await viewers.get(1)).blocked
    assert relations.reads == [1, 1]


async def test_the_least_recently_used_are_dropped_when_there_are_too_many_ids(
    viewers: Viewers, relations: FakeRelations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_IDS", 400)
    for user_id in (1, 2, 3):
        following = frozenset(range(100, 200))
        relations.viewers[user_id] = Viewer(user_id=user_id, following=following)
        await viewers.get(user_id)
    await viewers.get(1)
    await viewers.get(4)
    relations.viewers[5] = Viewer(user_id=5, following=frozenset(range(100, 200)))
    await viewers.get(5)
    relations.reads.clear()

    await viewers.get(1)
    await viewers.get(3)
    await viewers.get(2)

    assert relations.reads == [2]


async def test_closing_ends_readings(viewers: Viewers, relations: FakeRelations) -> None:
    relations.open.clear()
    waiting = asyncio.create_task(viewers.get(1))
    await eventually(lambda: relations.reads == [1])

    await viewers.close()

    with pytest.raises(asyncio.CancelledError):
        await waiting

"""One suite for every implementation of the Timeline service's store."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.storage import postgres
from services.timeline.adapters.memory import MemoryTimelineStore
from services.timeline.adapters.postgres import PostgresTimelineStore
from services.timeline.domain.model import TOP, Marker, PublicEntry
from services.timeline.domain.store import TimelineStore

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
ALICE, BOB, CAROL = 1, 2, 3


@pytest.fixture(params=["memory", "postgres"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[TimelineStore]:
    if request.param == "memory":
        yield MemoryTimelineStore()
        return
    url = request.getfixturevalue("database")("timeline")
    async with postgres.connect(url) as database:
        yield PostgresTimelineStore(database)


async def advance(store: TimelineStore, entry_id: int, now: datetime) -> tuple[Marker, bool]:
    async with store.transaction() as transaction:
        return await transaction.advance_marker(ALICE, entry_id, now)


async def public_ids(store: TimelineStore, *, before: int = TOP, limit: int = 10) -> list[int]:
    return [entry.post_id for entry in await store.public(before=before, limit=limit)]


async def test_nobody_has_a_marker_at_first(store: TimelineStore) -> None:
    assert await store.marker(ALICE) is None


async def test_a_marker_moves_forward_and_never_back(store: TimelineStore) -> None:
    first = await advance(store, 10, NOW)
    back = await advance(store, 5, LATER)
    same = await advance(store, 10, LATER)
    forward = await advance(store, 11, LATER)

    assert first == (Marker(10, NOW), True)
    assert back == same == (Marker(10, NOW), False)
    assert forward == (Marker(11, LATER), True)
    assert await store.marker(ALICE) == Marker(11, LATER)


async def test_celebrities_are_counted_once(store: TimelineStore) -> None:
    await store.add_celebrity(ALICE, followers=11, now=NOW)
    await store.add_celebrity(ALICE, followers=12, now=LATER)
    await store.add_celebrity(BOB, followers=11, now=NOW)

    assert await store.celebrities() == {ALICE, BOB}
    assert await store.count_celebrities() == 2
    assert await store.is_celebrity(BOB)
    assert not await store.is_celebrity(CAROL)


async def test_mutes_come_and_go(store: TimelineStore) -> None:
    await store.add_mute(ALICE, BOB)
    await store.add_mute(ALICE, BOB)
    await store.add_mute(ALICE, CAROL)
    await store.add_mute(BOB, ALICE)

    await store.remove_mute(ALICE, CAROL)
    await store.remove_mute(ALICE, CAROL)

    assert await store.muted_by(ALICE) == [BOB]
    assert await store.muted_by(CAROL) == []


async def test_a_deleted_person_leaves_neither_marker_nor_mutes(store: TimelineStore) -> None:
    await advance(store, 10, NOW)
    await store.add_mute(ALICE, BOB)
    await store.add_mute(BOB, ALICE)

    await store.delete_user(ALICE)

    assert await store.marker(ALICE) is None
    assert await store.muted_by(ALICE) == []
    assert await store.muted_by(BOB) == [ALICE]


async def test_public_posts_are_paged_newest_first(store: TimelineStore) -> None:
    await store.add_public([PublicEntry(post_id, ALICE) for post_id in (1, 5, 3)])
    await store.add_public([PublicEntry(5, ALICE), PublicEntry(4, BOB)])

    assert await store.public(before=TOP, limit=2) == [PublicEntry(5, ALICE), PublicEntry(4, BOB)]
    assert await public_ids(store, before=4) == [3, 1]


async def test_removed_posts_are_not_public(store: TimelineStore) -> None:
    await store.add_public([PublicEntry(1, ALICE), PublicEntry(2, ALICE)])

    await store.remove_public([2, 99])

    assert await public_ids(store) == [1]


async def test_a_protected_authors_posts_are_public_again_when_protection_ends(
    store: TimelineStore,
) -> None:
    await store.add_public([PublicEntry(1, ALICE), PublicEntry(2, BOB)])

    await store.set_protected(BOB, protected=True)
    await store.set_protected(BOB, protected=True)
    await store.add_public([PublicEntry(3, BOB)])
    protected = await public_ids(store)
    await store.set_protected(BOB, protected=False)

    assert protected == [1]
    assert await public_ids(store) == [3, 2, 1]


async def test_a_deleted_authors_posts_never_come_back(store: TimelineStore) -> None:
    await store.add_public([PublicEntry(1, ALICE), PublicEntry(2, BOB)])
    await store.set_protected(BOB, protected=True)

    await store.close_author(BOB)
    await store.set_protected(BOB, protected=False)
    await store.add_public([PublicEntry(3, BOB)])

    assert await public_ids(store) == [1]


async def test_pruning_keeps_the_newest(store: TimelineStore) -> None:
    await store.add_public([PublicEntry(post_id, ALICE) for post_id in range(1, 8)])

    gone = await store.prune_public(keep=3)
    again = await store.prune_public(keep=3)

    assert (gone, again) == (4, 0)
    assert await public_ids(store) == [7, 6, 5]

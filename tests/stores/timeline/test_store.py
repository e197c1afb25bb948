"""One suite for every implementation of the Timeline service's store."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.storage import postgres
from services.timeline.adapters.memory import MemoryTimelineStore
from services.timeline.adapters.postgres import PostgresTimelineStore
from services.timeline.domain.errors import TooManyHashtags
from services.timeline.domain.model import TOP, FollowedHashtag, HashtagEntry, Marker, PublicEntry
from services.timeline.domain.store import MAX_HASHTAGS, TimelineStore

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


async def follow_hashtags(store: TimelineStore, user_id: int, *tags: str) -> None:
    async with store.transaction() as transaction:
        for tag in tags:
            await transaction.follow_hashtag(user_id, tag, NOW)


async def hashtag_post_ids(store: TimelineStore, *tags: str, before: int = TOP) -> list[int]:
    entries = await store.hashtag_entries(tags, before=before, limit=10)
    assert all(entry.by_hashtag for entry in entries)
    return [entry.post_id for entry in entries]


async def test_a_follow_of_a_hashtag_keeps_its_first_time(store: TimelineStore) -> None:
    async with store.transaction() as transaction:
        first = await transaction.follow_hashtag(ALICE, "a", NOW)
        second = await transaction.follow_hashtag(ALICE, "a", LATER)

    assert first == (FollowedHashtag("a", NOW), True)
    assert second == (FollowedHashtag("a", NOW), False)
    assert await store.hashtags_of(ALICE) == ["a"]


async def test_an_unfollowed_hashtag_is_gone_from_both_sides(store: TimelineStore) -> None:
    await follow_hashtags(store, ALICE, "a")
    async with store.transaction() as transaction:
        ended = await transaction.unfollow_hashtag(ALICE, "a")
        again = await transaction.unfollow_hashtag(ALICE, "a")

    assert (ended, again) == (True, False)
    assert await store.hashtags_of(ALICE) == []
    assert await store.hashtag_followers(["a"], after=0, limit=10) == []
    assert await store.followed_among(["a"]) == frozenset()


async def test_a_user_follows_so_many_hashtags_at_most(store: TimelineStore) -> None:
    await follow_hashtags(store, ALICE, *(f"t{number}" for number in range(MAX_HASHTAGS)))

    with pytest.raises(TooManyHashtags):
        await follow_hashtags(store, ALICE, "another")
    await follow_hashtags(store, ALICE, "t1")

    assert len(await store.hashtags_of(ALICE)) == MAX_HASHTAGS


async def test_followed_hashtags_are_paged_by_time_and_name(store: TimelineStore) -> None:
    async with store.transaction() as transaction:
        await transaction.follow_hashtag(ALICE, "old", NOW)
        for tag in ("d", "a", "c"):
            await transaction.follow_hashtag(ALICE, tag, LATER)

    pages: list[str] = []
    last: FollowedHashtag | None = None
    while page := await store.followed_hashtags(ALICE, before=last, limit=2):
        pages += [each.tag for each in page]
        last = page[-1]

    assert pages == ["a", "c", "d", "old"]


async def test_followers_of_several_hashtags_are_listed_once_and_page_by_page(
    store: TimelineStore,
) -> None:
    await follow_hashtags(store, ALICE, "a", "b")
    await follow_hashtags(store, BOB, "b")
    await follow_hashtags(store, CAROL, "a", "c")

    assert await store.hashtag_followers(["a", "b"], after=0, limit=2) == [ALICE, BOB]
    assert await store.hashtag_followers(["a", "b"], after=BOB, limit=2) == [CAROL]
    assert await store.followed_among(["a", "x", "c"]) == {"a", "c"}
    assert await store.hashtags_followed_by(ALICE, ["a", "c"]) == {"a"}


async def test_posts_of_hashtags_are_listed_once_newest_first(store: TimelineStore) -> None:
    await store.add_hashtag_entries(
        [HashtagEntry("a", 1, ALICE), HashtagEntry("b", 1, ALICE), HashtagEntry("b", 3, BOB)]
    )
    await store.add_hashtag_entries([HashtagEntry("b", 3, BOB), HashtagEntry("日本", 2, BOB)])

    assert await hashtag_post_ids(store, "a", "b", "日本") == [3, 2, 1]
    assert await hashtag_post_ids(store, "a", "b", before=3) == [1]


async def test_posts_of_closed_authors_are_not_listed_under_hashtags(store: TimelineStore) -> None:
    await store.add_hashtag_entries([HashtagEntry("a", 1, ALICE), HashtagEntry("a", 2, BOB)])
    await store.set_protected(ALICE, protected=True)
    closed = await hashtag_post_ids(store, "a")
    await store.set_protected(ALICE, protected=False)
    await store.close_author(BOB)

    assert closed == [2]
    assert await hashtag_post_ids(store, "a") == [1]


async def test_an_edit_replaces_the_hashtags_of_a_post(store: TimelineStore) -> None:
    await store.add_hashtag_entries([HashtagEntry("a", 1, ALICE), HashtagEntry("b", 1, ALICE)])

    removed = await store.replace_hashtags(1, ALICE, ["b", "c"])

    assert removed == ["a"]
    assert [await hashtag_post_ids(store, tag) for tag in "abc"] == [[], [1], [1]]
    assert sorted(await store.replace_hashtags(1, ALICE, [])) == ["b", "c"]


async def test_deleted_posts_leave_their_hashtags(store: TimelineStore) -> None:
    await store.add_hashtag_entries([HashtagEntry("a", 1, ALICE), HashtagEntry("a", 2, ALICE)])

    await store.remove_hashtag_entries([1])

    assert await hashtag_post_ids(store, "a") == [2]


async def test_old_posts_of_hashtags_are_pruned(store: TimelineStore) -> None:
    await follow_hashtags(store, ALICE, "followed")
    await store.add_hashtag_entries(
        [HashtagEntry(tag, post_id, BOB) for tag in ("followed", "other") for post_id in (1, 2, 9)]
    )

    pruned = await store.prune_hashtag_entries(keep=2, below=9)

    assert pruned == 3
    assert await hashtag_post_ids(store, "followed") == [9, 2]
    assert await hashtag_post_ids(store, "other") == [9]


async def test_a_deleted_user_follows_no_hashtag(store: TimelineStore) -> None:
    await follow_hashtags(store, ALICE, "a", "b")
    await follow_hashtags(store, BOB, "a")

    await store.delete_user(ALICE)

    assert await store.hashtags_of(ALICE) == []
    assert await store.hashtag_followers(["a", "b"], after=0, limit=10) == [BOB]

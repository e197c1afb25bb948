"""Posts with followed hashtags: which are on homes, and to whom they are announced."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from roost.post.v1 import post_events_pb2, post_pb2
from roost.timeline.v1 import timeline_events_pb2

from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.timeline.domain import hashtags
from services.timeline.domain.fanout import Delivered, RemainingSteps
from services.timeline.domain.model import TOP, HashtagEntry, entry_by_hashtag
from services.timeline.rpc.events import remaining_to_proto
from services.timeline.worker.consumer import HashtagTimelines
from tests.unit.timeline.scenario import Scenario

ALICE, BOB, CAROL = 1, 2, 3


class World(Scenario):
    """Hashtags behind the consumer of events."""

    def __init__(self) -> None:
        super().__init__()
        self.announced: list[Delivered] = []
        self.handle = HashtagTimelines(hashtag_feeds=self.hashtag_feeds, announce=self.announce)

    async def announce(self, steps: Sequence[Delivered]) -> None:
        self.announced += steps

    async def listed(self, tag: str) -> list[int]:
        entries = await self.store.hashtag_entries([tag], before=TOP, limit=100)
        return [entry.post_id for entry in entries]


@pytest.fixture
def world() -> World:
    return World()


def event(body: Any) -> Event:
    message = OutboxMessage.of(topic="test", key=BOB, body=body)
    return Event.from_message(message, time=ManualClock().now(), traceparent=None)


def post(post_id: int, *tags: str, **fields: Any) -> post_pb2.Post:
    fields.setdefault("visibility", post_pb2.VISIBILITY_PUBLIC)
    entities = [post_pb2.Entity(hashtag=post_pb2.Hashtag(tag=tag)) for tag in tags]
    return post_pb2.Post(id=post_id, author_id=BOB, entities=entities, **fields)


def created(*args: Any, **fields: Any) -> Event:
    return event(post_events_pb2.PostCreated(post=post(*args, **fields)))


def edited(*args: Any, **fields: Any) -> Event:
    return event(post_events_pb2.PostUpdated(post=post(*args, **fields)))


@pytest.mark.parametrize(
    ("fields", "listed"),
    [
        ({}, True),
        ({"visibility": post_pb2.VISIBILITY_FOLLOWERS}, False),
        ({"visibility": post_pb2.VISIBILITY_MENTIONED}, False),
        ({"reply_to_post_id": 5, "reply_to_author_id": CAROL}, False),
        ({"reply_to_post_id": 5, "reply_to_author_id": BOB}, False),
    ],
)
async def test_public_posts_that_reply_to_nothing_are_listed(
    world: World, fields: dict[str, Any], listed: bool
) -> None:
    await world.handle([created(10, "a", **fields)])
    await world.handle([edited(10, "a", "b", **fields)])

    assert await world.listed("a") == ([10] if listed else [])
    assert await world.listed("b") == ([10] if listed else [])


async def test_a_post_reaches_a_home_that_was_read_before(world: World) -> None:
    await world.follow_or_unfollow_hashtag(ALICE, "a")
    assert await world.home(ALICE) == []

    await world.handle([created(10, "a", "b"), created(11, "b")])

    assert await world.home(ALICE) == [entry_by_hashtag(10, BOB)]


async def test_an_edit_brings_a_post_and_takes_it_away(world: World) -> None:
    await world.follow_or_unfollow_hashtag(ALICE, "a")
    await world.handle([created(10)])
    before = await world.home(ALICE)
    await world.handle([edited(10, "a")])
    tagged = await world.home(ALICE)
    await world.handle([edited(10)])
    untagged = await world.home(ALICE)
    await world.handle([edited(10, "a")])

    assert (before, tagged, untagged) == ([], [entry_by_hashtag(10, BOB)], [])
    assert await world.home(ALICE) == [entry_by_hashtag(10, BOB)]


async def test_a_post_that_is_deleted_in_the_same_batch_is_not_listed(world: World) -> None:
    gone = event(post_events_pb2.PostDeleted(post_id=10, author_id=BOB))

    await world.handle([created(10, "a"), edited(10, "a", "b"), gone])

    assert await world.listed("a") == await world.listed("b") == []


async def test_new_posts_are_announced_to_followers_of_any_of_their_hashtags(
    world: World,
) -> None:
    await world.follow_or_unfollow_hashtag(ALICE, "a")
    await world.follow_or_unfollow_hashtag(CAROL, "a")
    await world.follow_or_unfollow_hashtag(CAROL, "b")
    await world.follow_or_unfollow_hashtag(BOB, "b")

    await world.handle([created(10, "a", "b"), created(11, "unfollowed")])

    assert world.announced == [Delivered(entry_by_hashtag(10, BOB), 0, [ALICE, CAROL])]


async def test_an_edit_is_not_announced(world: World) -> None:
    await world.follow_or_unfollow_hashtag(ALICE, "a")

    await world.handle([edited(10, "a")])

    assert world.announced == []


async def test_many_followers_are_announced_to_page_by_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashtags, "_PAGE", 2)
    followers = [11, 12, 13, 14, 15]
    for user_id in followers:
        await world.follow_or_unfollow_hashtag(user_id, "a")

    await world.handle([created(10, "a")])
    while world.rests:
        await world.handle([event(remaining_to_proto(world.rests.pop(0)))])

    assert [step.user_ids for step in world.announced] == [[11, 12], [13, 14], [15]]


async def test_remaining_steps_of_a_hashtag_are_not_taken_for_those_of_its_author() -> None:
    remaining = RemainingSteps(entry_by_hashtag(10, BOB), 7, removal=False, tags=("a", "b"))
    body = timeline_events_pb2.FanOutContinued.FromString(
        remaining_to_proto(remaining).SerializeToString()
    )

    assert body.entry.by_hashtag
    assert list(body.tags) == ["a", "b"]


async def test_entries_of_a_hashtag_are_stored_before_a_feed_takes_them(world: World) -> None:
    """Otherwise a feed that is built in between would lack the post until it is built again."""
    await world.follow_or_unfollow_hashtag(ALICE, "a")
    order: list[str] = []
    add, store = world.feeds.add, world.store.add_hashtag_entries

    async def note_add(*args: Any) -> int:
        order.append("feed")
        return await add(*args)

    async def note_store(entries: Sequence[HashtagEntry]) -> None:
        order.append("store")
        await store(entries)

    world.feeds.add = note_add  # type: ignore[method-assign]
    world.store.add_hashtag_entries = note_store  # type: ignore[method-assign]

    await world.handle([created(10, "a")])

    assert order == ["store", "feed"]

"""A page of a home stays the same until a check reports one of its dependencies."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import pytest
from roost.timeline.v1.invalidation_service_pb2 import WatchRequest, WatchResponse
from roost.timeline.v1.invalidation_service_pb2_grpc import (
    InvalidationServiceStub,
    add_InvalidationServiceServicer_to_server,
)
from roost.timeline.v1.timeline_pb2 import HOME_ORDER_RELEVANT
from roost.timeline.v1.timeline_service_pb2 import (
    FollowHashtagRequest,
    GetHomeTimelineRequest,
    GetHomeTimelineResponse,
    RebuildHomeTimelineRequest,
    UnfollowHashtagRequest,
)

from services.chassis.auth.caller import ServiceCaller
from services.chassis.cache import redis_client
from services.chassis.cache.redis_client import RedisClient
from services.chassis.rpc.invalidation import InvalidationServicer
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import ManualClock
from services.timeline.adapters.clients import MeshGraph, MeshPosts
from services.timeline.adapters.feeds_valkey import ValkeyFeeds, change_log
from services.timeline.adapters.timeline_cache_valkey import ValkeyTimelineCache
from services.timeline.domain.fanout import FanOut, RemainingSteps
from services.timeline.domain.follows import Follows
from services.timeline.domain.hashtags import HashtagFeeds
from services.timeline.domain.model import Entry, HashtagEntry, home_of, posts_of, posts_with
from tests.servicers.timeline.conftest import MAX_HOME, Timeline, a_timeline
from tests.servicers.watching import Watch, watching
from tests.waiting import LIMIT

ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4
THRESHOLD = 3
Write = Callable[["World"], Awaitable[object]]


class World:
    """Alice follows bob and the hashtag cats, and reads her home. The events of writes are handled
    as the worker does."""

    def __init__(self, timeline: Timeline, server: RedisClient) -> None:
        self.timeline, self.server = timeline, server
        self.ids = count(100)
        graph, posts = MeshGraph(timeline.mesh), MeshPosts(timeline.mesh)
        self.fan_out = FanOut(
            feeds=timeline.feeds,
            graph=graph,
            celebrities=timeline.celebrities,
            threshold=THRESHOLD,
            publish=self.continue_fan_out,
            clock=timeline.clock,
        )
        self.follows = Follows(
            feeds=timeline.feeds,
            graph=graph,
            posts=posts,
            store=timeline.store,
            celebrities=timeline.celebrities,
            max_entries=MAX_HOME,
        )
        self.hashtags = HashtagFeeds(
            store=timeline.store, feeds=timeline.feeds, publish=self.continue_fan_out
        )

    async def prepare(self) -> World:
        self.timeline.peers.follow(ALICE, BOB)
        for _ in range(3):
            self.timeline.peers.post(next(self.ids), BOB)
        await self.timeline.of(ALICE).FollowHashtag(FollowHashtagRequest(tag="cats"))
        await self.tag(DAVE)
        return self

    async def continue_fan_out(self, remaining: RemainingSteps) -> None:
        await self.fan_out.continue_fan_out(remaining)

    async def read(self, **given: Any) -> GetHomeTimelineResponse:
        request = GetHomeTimelineRequest(include_dependencies=True, **given)
        response: GetHomeTimelineResponse = await self.timeline.of(ALICE).GetHomeTimeline(request)
        return response

    async def post(self, author: int) -> Entry:
        entry = self.timeline.peers.post(next(self.ids), author)
        await self.fan_out.deliver(entry)
        return entry

    async def repost(self, actor: int) -> Entry:
        entry = Entry(next(self.ids), actor, 50, DAVE)
        self.timeline.peers.entries.append(entry)
        await self.fan_out.deliver(entry)
        return entry

    async def undo_repost(self) -> None:
        entry = await self.repost(BOB)
        self.timeline.peers.entries.remove(entry)
        await self.fan_out.withdraw(entry)

    async def follow(self, followee: int) -> None:
        self.timeline.peers.follow(ALICE, followee)
        await self.follows.followed(ALICE, followee)

    async def unfollow(self, followee: int) -> None:
        self.timeline.peers.edges.discard((ALICE, followee))
        await self.follows.unfollowed(ALICE, followee)

    async def tag(self, author: int) -> None:
        entry = HashtagEntry("cats", next(self.ids), author)
        await self.hashtags.add([entry], lambda _: None)

    async def retag(self) -> None:
        post_id = next(self.ids)
        await self.hashtags.add([HashtagEntry("cats", post_id, DAVE)], lambda _: None)
        await self.read()
        await self.hashtags.replace(post_id, DAVE, [])

    async def change_hashtag(self, *, follow: bool) -> None:
        stub = self.timeline.of(ALICE)
        if follow:
            await stub.FollowHashtag(FollowHashtagRequest(tag="cats"))
        else:
            await stub.UnfollowHashtag(UnfollowHashtagRequest(tag="cats"))
        await self.follows.hashtags_changed(ALICE)

    async def promote(self, author: int) -> None:
        for fan in range(10, 10 + THRESHOLD + 1):
            self.timeline.peers.follow(fan, author)
        await self.post(author)

    async def rebuild(self) -> None:
        late = self.timeline.peers.post(next(self.ids), BOB)
        await self.server.execute("DEL", f"rebuilt:{ALICE}")
        await self.timeline.of(ALICE).RebuildHomeTimeline(RebuildHomeTimelineRequest())
        await self.fan_out.deliver(late)

    async def lose(self, feed: str) -> None:
        """Valkey evicts a feed."""
        await self.server.execute("DEL", f"feed:{{{feed}}}", f"note:{{{feed}}}")

    async def lose_and_post(self) -> None:
        await self.lose(home_of(ALICE))
        await self.post(BOB)


# Whether the write changes alice's home.
WRITES: dict[str, tuple[Write, bool]] = {
    "post of a followed user": (lambda w: w.post(BOB), True),
    "own post": (lambda w: w.post(ALICE), True),
    "post of another user": (lambda w: w.post(CAROL), False),
    "repost": (lambda w: w.repost(BOB), True),
    "undone repost": (lambda w: w.undo_repost(), False),
    "follow of a user with posts": (lambda w: w.follow(CAROL), True),
    "unfollow": (lambda w: w.unfollow(BOB), True),
    "mute": (lambda w: w.follows.muted(ALICE, BOB), True),
    "post with a followed hashtag": (lambda w: w.tag(DAVE), True),
    "edit that removes the hashtag": (lambda w: w.retag(), False),
    "unfollow of a hashtag": (lambda w: w.change_hashtag(follow=False), True),
    "promotion to a celebrity": (lambda w: w.promote(BOB), True),
    "rebuild before a post is delivered": (lambda w: w.rebuild(), True),
    "post after the home was evicted": (lambda w: w.lose_and_post(), True),
    "deleted account": (lambda w: w.follows.left(ALICE), True),
}
MORE_WRITES: dict[str, Write] = {
    "unmute": lambda w: w.follows.unmuted(ALICE, BOB),
    "follow again": lambda w: w.follow(BOB),
    "unfollow of the other": lambda w: w.unfollow(CAROL),
    "follow of a hashtag": lambda w: w.change_hashtag(follow=True),
    "post of a celebrity's feed evicted": lambda w: w.lose(posts_of(BOB)),
    "hashtag evicted": lambda w: w.lose(posts_with("cats")),
}


@pytest.fixture
async def world(valkey: str) -> AsyncIterator[World]:
    async with redis_client.connect(valkey, call_seconds=LIMIT) as server:
        changes = change_log(server)
        servicer = InvalidationServicer(changes, WatchResponse)
        async with a_timeline(
            ValkeyFeeds(server, changes=changes, max_entries=MAX_HOME),
            ValkeyTimelineCache(server, changes=changes),
            ManualClock(),
            MountedServicer(add_InvalidationServiceServicer_to_server, servicer),
        ) as timeline:
            world = await World(timeline, server).prepare()
            world.timeline.peers.post(next(world.ids), CAROL)
            yield world


def watch_of(world: World) -> Any:
    stub = world.timeline.served.stub(InvalidationServiceStub, caller=ServiceCaller("gateway"))
    return watching(stub, WatchRequest)


async def reported(watch: Watch) -> set[int]:
    response = await watch.check()
    assert not response.reset
    return set(response.changed)


def shown(response: GetHomeTimelineResponse) -> bytes:
    """The response without its dependencies."""
    copy = GetHomeTimelineResponse()
    copy.CopyFrom(response)
    copy.ClearField("dependencies")
    return copy.SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_reports_a_dependency_of_the_page_that_it_changes(
    world: World, name: str
) -> None:
    write, changes_it = WRITES[name]
    async with watch_of(world) as watch:
        kept = await world.read()
        assert kept.dependencies
        await watch.check()

        await write(world)

        changed = await reported(watch)
        fresh = await world.read()
    if changes_it:
        assert shown(fresh) != shown(kept)
        assert changed & set(kept.dependencies)
    else:
        assert shown(fresh) == shown(kept)


@pytest.mark.parametrize("seed", range(3))
async def test_a_kept_page_is_current_after_random_writes(world: World, seed: int) -> None:
    chosen = random.Random(seed)
    every = {**{name: write for name, (write, _) in WRITES.items()}, **MORE_WRITES}
    del every["deleted account"]
    kept: GetHomeTimelineResponse | None = None
    done = []
    async with watch_of(world) as watch:
        for _ in range(30):
            name = chosen.choice(sorted(every))
            done.append(name)
            if kept is None:
                kept = await world.read(page_size=5)
            await watch.check()
            await every[name](world)
            changed = await reported(watch)
            if not kept.dependencies or changed & set(kept.dependencies):
                kept = None
            else:
                assert shown(await world.read(page_size=5)) == shown(kept), done


async def test_a_repeated_event_reports_its_change_again(world: World) -> None:
    """The process that handled it first may have died before it appended to the log."""
    kept = await world.read()
    entry = await world.post(BOB)
    async with watch_of(world) as watch:
        await world.fan_out.deliver(entry)
        delivered = await reported(watch)
        await world.fan_out.withdraw(entry)
        await watch.check()
        await world.fan_out.withdraw(entry)
        withdrawn = await reported(watch)

    assert delivered & set(kept.dependencies)
    assert withdrawn & set(kept.dependencies)


async def test_a_home_that_does_not_take_an_entry_is_not_reported(world: World) -> None:
    await world.follows.muted(ALICE, BOB)
    # The first delivery of a process announces the celebrities.
    await world.post(CAROL)
    kept = await world.read()
    async with watch_of(world) as watch:
        await world.post(BOB)
        changed = await reported(watch)

    assert kept.dependencies
    assert changed
    assert not changed & set(kept.dependencies)


async def test_a_page_after_a_promotion_uses_the_new_version(world: World) -> None:
    """Without dependencies a process uses a version for 0.25 s; the clock stands still here."""
    await world.read()
    await world.promote(BOB)
    await world.read()

    assert (await world.read()).entries[0].author_id == BOB


async def test_a_relevant_page_and_one_of_older_entries_have_no_dependencies(world: World) -> None:
    for _ in range(2 * MAX_HOME):
        world.timeline.peers.post(next(world.ids), BOB)
    await world.rebuild()
    relevant = await world.read(order=HOME_ORDER_RELEVANT)
    page = await world.read(page_size=MAX_HOME - 10)
    older = await world.read(page_size=MAX_HOME, page_token=page.next_page_token)

    assert page.dependencies
    assert not relevant.dependencies
    assert not older.dependencies


async def test_page_tokens_do_not_depend_on_dependencies(world: World) -> None:
    home = world.timeline.of(ALICE).GetHomeTimeline
    plain = await home(GetHomeTimelineRequest(page_size=2))
    named = await world.read(page_size=2)

    assert plain.next_page_token == named.next_page_token
    assert not plain.dependencies
    second = await world.read(page_size=2, page_token=plain.next_page_token)
    same = await home(GetHomeTimelineRequest(page_size=2, page_token=named.next_page_token))
    assert second.entries == same.entries

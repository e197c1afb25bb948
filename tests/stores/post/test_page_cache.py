"""Cached pages are served only while every entry that they were computed from is unchanged."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from roost.post.v1.post_service_pb2 import BatchGetPostsResponse
from roost.user.v1.graph_service_pb2 import (
    BatchGetPairRelationshipsRequest,
    BatchGetPairRelationshipsResponse,
)
from roost.user.v1.user_service_pb2 import BatchGetUsersRequest, BatchGetUsersResponse

from services.chassis.cache import redis_client
from services.chassis.cache.batch_lookup import BatchLookupResult
from services.chassis.cache.cache_aside import TTL_SECONDS
from services.chassis.cache.change_log import ChangeLog
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime.clock import ManualClock
from services.post.adapters.user_client import MeshProfiles
from services.post.domain.model import EngagementKind, Post
from services.post.domain.store import ChangedIds
from services.post.rpc.read_cache import state_cache as states_module
from services.post.rpc.read_cache.body_cache import PostBodyCache
from services.post.rpc.read_cache.hydration import (
    Hydration,
    HydrationRequest,
    PageCache,
    ResolvedPosts,
)
from services.post.rpc.read_cache.profile_cache import ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache
from tests.builders.posts import a_medium
from tests.servicers.fakes.users import FakeGraph, FakeUsers
from tests.stores.post.conftest import Scenario
from tests.waiting import eventually


class UsersStub:
    """The User service, without a channel to it."""

    def __init__(self, users: FakeUsers) -> None:
        self._users = users

    async def BatchGetUsers(self, request: BatchGetUsersRequest) -> BatchGetUsersResponse:
        return await self._users.BatchGetUsers(request, None)

    async def BatchGetPairRelationships(
        self, request: BatchGetPairRelationshipsRequest
    ) -> BatchGetPairRelationshipsResponse:
        return await FakeGraph(self._users).BatchGetPairRelationships(request, None)


class CountingHydration(Hydration):
    """Records how many pages are computed."""

    made = 0

    async def resolve(self, request: HydrationRequest, lookup: BatchLookupResult) -> ResolvedPosts:
        self.made += 1
        return await super().resolve(request, lookup)


class Process:
    """One process of the service, and what it does for a viewer."""

    def __init__(self, scenario: Scenario, server: RedisClient, *, limit: int = 10) -> None:
        self.clock = ManualClock()
        self.users = FakeUsers()
        for user_id, handle in (
            (scenario.alice, "alice"),
            (scenario.bob, "bob"),
            (scenario.carol, "carol"),
        ):
            self.users.add(user_id, handle)
        stub = UsersStub(self.users)
        profiles = MeshProfiles(stub, stub)  # type: ignore[arg-type]
        changes = ChangeLog(server, "post")
        self.states = PostStateCache(
            store=scenario.store, redis=server, changes=changes, clock=self.clock
        )
        self.profiles = ProfileCache(
            profiles=profiles, redis=server, changes=changes, clock=self.clock
        )
        self.bodies = PostBodyCache(
            store=scenario.store,
            redis=server,
            clock=self.clock,
        )
        self.hydration = CountingHydration(
            states=self.states, bodies=self.bodies, profiles=self.profiles
        )
        self.pages = PageCache(self.hydration, limit=limit)

    async def read(self, viewer_id: int, *posts: Post) -> BatchGetPostsResponse:
        ids = tuple(post.id for post in posts)
        packed = await self.pages.read(ids, viewer_id=viewer_id, user_ids=(), dependencies=False)
        return BatchGetPostsResponse.FromString(packed)

    async def caches(self, viewer_id: int, *posts: Post) -> None:
        """Reads the page until it is served without being computed."""

        async def is_cached() -> bool:
            before = self.hydration.made
            await self.read(viewer_id, *posts)
            return self.hydration.made == before

        await eventually(is_cached)

    async def close(self) -> None:
        for each in (self.states, self.profiles, self.bodies):
            await each.close()


@pytest.fixture
async def server(valkey_servers: str) -> AsyncIterator[RedisClient]:
    async with redis_client.connect(valkey_servers) as client:
        yield client


@pytest.fixture
async def process(scenario: Scenario, server: RedisClient) -> AsyncIterator[Process]:
    process = Process(scenario, server)
    scenario.store.on_change(process.states.invalidate)
    yield process
    await process.close()


async def test_a_cached_page_is_the_same_to_the_byte(scenario: Scenario, process: Process) -> None:
    quoted = await scenario.post(scenario.carol)
    post = await scenario.post(scenario.alice, quotes=quoted)
    await scenario.engage(EngagementKind.LIKE, scenario.bob, post)
    first = await process.read(scenario.bob, post)
    await process.caches(scenario.bob, post)

    again = await process.read(scenario.bob, post)

    assert again.SerializeToString() == first.SerializeToString()
    assert [each.viewer_state.liked for each in again.posts] == [True]
    assert [each.id for each in again.includes.quoted_posts] == [quoted.id]
    assert [each.id for each in again.includes.users] == [scenario.alice, scenario.carol]


Act = Callable[[Scenario, Process, Post], Awaitable[object]]
Check = Callable[[Any], bool]


async def own_like(scenario: Scenario, _: Process, post: Post) -> None:
    await scenario.engage(EngagementKind.LIKE, scenario.bob, post)


async def another_ones_repost(scenario: Scenario, _: Process, post: Post) -> None:
    await scenario.engage(EngagementKind.REPOST, scenario.carol, post)


async def edit(scenario: Scenario, _: Process, post: Post) -> None:
    async with scenario.store.transaction() as transaction:
        locked = await transaction.lock_post(post.id)
        assert locked is not None
        await transaction.edit(locked, replace(locked, text="better", revision=2))


async def another_alt_text(scenario: Scenario, _: Process, post: Post) -> None:
    changed = a_medium(post.media_ids[0], version=2, alt_text="a fox")
    async with scenario.store.transaction() as transaction:
        await transaction.replace_medium(post.id, changed)


async def deletion_of_the_medium(scenario: Scenario, _: Process, post: Post) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.remove_medium(post.id, post.media_ids[0])


async def deletion(scenario: Scenario, _: Process, post: Post) -> None:
    await scenario.delete(post)


async def block(scenario: Scenario, process: Process, _: Post) -> None:
    process.users.block(scenario.alice, scenario.bob)
    await process.profiles.invalidate((), [(scenario.alice, scenario.bob)])


async def protection(scenario: Scenario, process: Process, _: Post) -> None:
    process.users.protect(scenario.alice)
    await process.profiles.invalidate([scenario.alice], ())


async def mute(scenario: Scenario, process: Process, _: Post) -> None:
    process.users.mute(scenario.bob, scenario.alice)
    await process.profiles.invalidate((), [(scenario.bob, scenario.alice)])


CHANGES: dict[str, tuple[Act, Check]] = {
    "one's own like": (own_like, lambda page: page.posts[0].viewer_state.liked),
    "another one's repost": (another_ones_repost, lambda page: page.posts[0].counts.reposts == 1),
    "another alt text": (
        another_alt_text,
        lambda page: page.posts[0].media[0].alt_text == "a fox",
    ),
    "the deletion of the medium": (
        deletion_of_the_medium,
        lambda page: not page.posts[0].media and not page.posts[0].media_ids,
    ),
    "an edit": (edit, lambda page: page.posts[0].text == "better"),
    "a deletion": (deletion, lambda page: len(page.posts) == 0),
    "a block": (block, lambda page: len(page.posts) == 0),
    "a protected account": (protection, lambda page: len(page.posts) == 0),
    "a mute": (mute, lambda page: page.includes.users[0].viewer_relationship.muting),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_is_visible_at_once_on_a_cached_page(
    scenario: Scenario, process: Process, change: str
) -> None:
    act, shows = CHANGES[change]
    post = await scenario.post(scenario.alice, media=(a_medium(5),))
    await process.caches(scenario.bob, post)
    assert not shows(await process.read(scenario.bob, post))

    await act(scenario, process, post)

    assert shows(await process.read(scenario.bob, post))


async def test_a_block_between_two_others_hides_a_quote_on_a_cached_page(
    scenario: Scenario, process: Process
) -> None:
    quoted = await scenario.post(scenario.carol)
    post = await scenario.post(scenario.alice, quotes=quoted)
    await process.caches(scenario.bob, post)
    assert len((await process.read(scenario.bob, post)).includes.quoted_posts) == 1

    process.users.block(scenario.carol, scenario.alice)
    await process.profiles.invalidate((), [(scenario.carol, scenario.alice)])

    page = await process.read(scenario.bob, post)
    assert page.posts[0].quote_hidden
    assert list(page.includes.quoted_posts) == []
    await process.caches(scenario.bob, post)


async def test_a_removed_like_is_invisible_at_once(scenario: Scenario, process: Process) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(EngagementKind.LIKE, scenario.bob, post)
    await process.caches(scenario.bob, post)

    await scenario.withdraw(EngagementKind.LIKE, scenario.bob, post)

    (shown,) = (await process.read(scenario.bob, post)).posts
    assert (shown.viewer_state.liked, shown.counts.likes) == (False, 0)


async def test_a_change_made_by_another_process_shows_at_once(
    scenario: Scenario, server: RedisClient, process: Process
) -> None:
    post = await scenario.post(scenario.alice)
    elsewhere = Process(scenario, server)
    await elsewhere.caches(scenario.bob, post)

    await scenario.delete(post)

    assert not (await elsewhere.read(scenario.bob, post)).posts
    await elsewhere.close()


async def test_what_a_dying_writer_did_not_invalidate_is_visible_once_its_event_is_handled(
    scenario: Scenario, server: RedisClient
) -> None:
    post = await scenario.post(scenario.alice)
    process = Process(scenario, server)
    await process.caches(scenario.bob, post)

    await scenario.delete(post)
    await PostStateCache(
        store=scenario.store, redis=server, changes=ChangeLog(server, "post"), clock=ManualClock()
    ).invalidate(ChangedIds({post.id}))

    assert not (await process.read(scenario.bob, post)).posts
    await process.close()


async def test_each_viewer_gets_pages_of_their_own(scenario: Scenario, process: Process) -> None:
    post = await scenario.post(scenario.alice)
    await scenario.engage(EngagementKind.BOOKMARK, scenario.bob, post)
    for viewer in (scenario.bob, scenario.carol, 0):
        await process.caches(viewer, post)

    (his,) = (await process.read(scenario.bob, post)).posts
    (hers,) = (await process.read(scenario.carol, post)).posts
    (anonymous,) = (await process.read(0, post)).posts

    assert his.viewer_state.bookmarked
    assert not hers.viewer_state.bookmarked
    assert not anonymous.HasField("viewer_state")


async def test_a_page_is_computed_again_after_its_entries_expire(
    scenario: Scenario, process: Process
) -> None:
    post = await scenario.post(scenario.alice)
    await process.caches(scenario.bob, post)
    before = process.hydration.made

    # Times to live vary by a tenth, so that entries do not expire together.
    process.clock.advance(timedelta(seconds=1.2 * TTL_SECONDS))
    await process.read(scenario.bob, post)

    assert process.hydration.made == before + 1


async def changed_without_invalidation(
    scenario: Scenario, server: RedisClient
) -> tuple[Process, Post]:
    """A process whose Redis has a page as it was before a change of a medium: the process that
    made the change died after its commit, or could not reach Redis."""
    process = Process(scenario, server)
    post = await scenario.post(scenario.alice, media=(a_medium(5),))
    await process.caches(scenario.bob, post)
    await another_alt_text(scenario, process, post)
    (shown,) = (await process.read(scenario.bob, post)).posts
    assert shown.media[0].alt_text == "medium 5, version 1"
    return process, post


async def test_the_repeated_event_of_a_medium_invalidates_what_it_did_not_change(
    scenario: Scenario, server: RedisClient
) -> None:
    process, post = await changed_without_invalidation(scenario, server)
    scenario.store.on_change(process.states.invalidate)

    await another_alt_text(scenario, process, post)

    (shown,) = (await process.read(scenario.bob, post)).posts
    assert shown.media[0].alt_text == "a fox"
    await process.close()


async def test_an_older_body_is_not_served_after_its_state_expired(
    scenario: Scenario, server: RedisClient
) -> None:
    process, post = await changed_without_invalidation(scenario, server)

    # The body is still in this process and in Redis.
    process.clock.advance(timedelta(seconds=1.2 * TTL_SECONDS))

    async def is_shown() -> bool:
        (shown,) = (await process.read(scenario.bob, post)).posts
        return shown.media[0].alt_text == "a fox"

    # One reader loads an expired entry again; until then others get it.
    await eventually(is_shown)
    await process.close()


async def test_a_page_that_needed_the_database_is_not_cached(
    scenario: Scenario, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states_module, "MAX_ENGAGEMENTS", 1)
    old, new = [await scenario.post(scenario.alice) for _ in range(2)]
    await scenario.engage(EngagementKind.LIKE, scenario.bob, new)
    await process.read(scenario.bob, old, new)

    for _ in range(3):
        before = process.hydration.made
        await process.read(scenario.bob, old, new)
        assert process.hydration.made == before + 1


async def test_the_number_of_cached_pages_is_bounded(
    scenario: Scenario, server: RedisClient
) -> None:
    one, other = [await scenario.post(scenario.alice) for _ in range(2)]
    process = Process(scenario, server, limit=1)
    await process.caches(scenario.bob, one)
    await process.caches(scenario.bob, other)
    before = process.hydration.made

    await process.read(scenario.bob, one)

    assert process.hydration.made == before + 1
    await process.close()


async def test_without_redis_nothing_is_cached_and_everything_is_visible(
    scenario: Scenario,
) -> None:
    post = await scenario.post(scenario.alice)
    async with redis_client.connect("redis://127.0.0.1:1") as nowhere:
        process = Process(scenario, nowhere)
        for _ in range(2):
            assert [each.id for each in (await process.read(scenario.bob, post)).posts] == [post.id]

        await scenario.delete(post)

        assert not (await process.read(scenario.bob, post)).posts
        await process.close()


async def test_a_cached_page_is_not_served_while_redis_is_away(
    scenario: Scenario, process: Process, server: RedisClient
) -> None:
    post = await scenario.post(scenario.alice)
    await process.caches(scenario.bob, post)

    await server.close()
    await scenario.delete(post)

    assert not (await process.read(scenario.bob, post)).posts

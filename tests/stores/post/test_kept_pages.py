"""Pages that are given again: only while every entry that they were made of still stands."""

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

from services.chassis import redis
from services.chassis.cache import TTL_SECONDS
from services.chassis.cache_lookups import Look
from services.chassis.clock import ManualClock
from services.chassis.redis import RedisClient
from services.post import states as states_module
from services.post.cache import Bodies
from services.post.convert import look_into, pack
from services.post.hydration import Hydration, Question, Shown
from services.post.kept_pages import KeptPages
from services.post.known_people import KnownPeople
from services.post.model import Post, ResponseKind
from services.post.people import MeshPeople
from services.post.states import States
from services.post.store import Changed
from tests.servicers.fakes.users import FakeGraph, FakeUsers
from tests.stores.post.conftest import Scene
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
    """Notes how many pages are put together."""

    made = 0

    async def answer(self, question: Question, look: Look) -> Shown:
        self.made += 1
        return await super().answer(question, look)


class Process:
    """One process of the service, and what it does for a viewer."""

    def __init__(self, scene: Scene, server: RedisClient, *, limit: int = 10) -> None:
        self.clock = ManualClock()
        self.users = FakeUsers()
        for user_id, handle in ((scene.alice, "alice"), (scene.bob, "bob"), (scene.carol, "carol")):
            self.users.add(user_id, handle)
        stub = UsersStub(self.users)
        people = MeshPeople(stub, stub)  # type: ignore[arg-type]
        self.states = States(store=scene.store, redis=server, clock=self.clock)
        self.people = KnownPeople(people=people, redis=server, clock=self.clock)
        self.bodies = Bodies(
            store=scene.store, redis=server, clock=self.clock, pack=pack, look_into=look_into
        )
        self.hydration = CountingHydration(
            states=self.states, bodies=self.bodies, people=self.people
        )
        self.pages = KeptPages(self.hydration, limit=limit)

    async def read(self, viewer_id: int, *posts: Post) -> BatchGetPostsResponse:
        ids = tuple(post.id for post in posts)
        packed = await self.pages.read(ids, viewer_id=viewer_id, user_ids=())
        return BatchGetPostsResponse.FromString(packed)

    async def keeps(self, viewer_id: int, *posts: Post) -> None:
        """Reads the page until it is given without being put together."""

        async def given_again() -> bool:
            before = self.hydration.made
            await self.read(viewer_id, *posts)
            return self.hydration.made == before

        await eventually(given_again)

    async def close(self) -> None:
        for each in (self.states, self.people, self.bodies):
            await each.close()


@pytest.fixture
async def server(valkey: str) -> AsyncIterator[RedisClient]:
    async with redis.connect(valkey) as client:
        yield client


@pytest.fixture
async def process(scene: Scene, server: RedisClient) -> AsyncIterator[Process]:
    process = Process(scene, server)
    scene.store.watch(process.states.forget)
    yield process
    await process.close()


async def test_a_page_given_again_is_the_same_to_the_byte(scene: Scene, process: Process) -> None:
    quoted = await scene.post(scene.carol)
    post = await scene.post(scene.alice, quotes=quoted)
    await scene.respond(ResponseKind.LIKE, scene.bob, post)
    first = await process.read(scene.bob, post)
    await process.keeps(scene.bob, post)

    again = await process.read(scene.bob, post)

    assert again.SerializeToString() == first.SerializeToString()
    assert [each.viewer_state.liked for each in again.posts] == [True]
    assert [each.id for each in again.includes.quoted_posts] == [quoted.id]
    assert [each.id for each in again.includes.users] == [scene.alice, scene.carol]


Act = Callable[[Scene, Process, Post], Awaitable[object]]
Check = Callable[[Any], bool]


async def own_like(scene: Scene, _: Process, post: Post) -> None:
    await scene.respond(ResponseKind.LIKE, scene.bob, post)


async def another_ones_repost(scene: Scene, _: Process, post: Post) -> None:
    await scene.respond(ResponseKind.REPOST, scene.carol, post)


async def edit(scene: Scene, _: Process, post: Post) -> None:
    async with scene.store.transaction() as transaction:
        locked = await transaction.lock_post(post.id)
        assert locked is not None
        await transaction.edit(locked, replace(locked, text="better", revision=2))


async def deletion(scene: Scene, _: Process, post: Post) -> None:
    await scene.delete(post)


async def block(scene: Scene, process: Process, _: Post) -> None:
    process.users.block(scene.alice, scene.bob)
    await process.people.forget((), [(scene.alice, scene.bob)])


async def protection(scene: Scene, process: Process, _: Post) -> None:
    process.users.protect(scene.alice)
    await process.people.forget([scene.alice], ())


async def mute(scene: Scene, process: Process, _: Post) -> None:
    process.users.mute(scene.bob, scene.alice)
    await process.people.forget((), [(scene.bob, scene.alice)])


CHANGES: dict[str, tuple[Act, Check]] = {
    "one's own like": (own_like, lambda page: page.posts[0].viewer_state.liked),
    "another one's repost": (another_ones_repost, lambda page: page.posts[0].counts.reposts == 1),
    "an edit": (edit, lambda page: page.posts[0].text == "better"),
    "a deletion": (deletion, lambda page: len(page.posts) == 0),
    "a block": (block, lambda page: len(page.posts) == 0),
    "a protected account": (protection, lambda page: len(page.posts) == 0),
    "a mute": (mute, lambda page: page.includes.users[0].viewer_relationship.muting),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_shows_at_once_on_a_page_that_was_kept(
    scene: Scene, process: Process, change: str
) -> None:
    act, shows = CHANGES[change]
    post = await scene.post(scene.alice)
    await process.keeps(scene.bob, post)
    assert not shows(await process.read(scene.bob, post))

    await act(scene, process, post)

    assert shows(await process.read(scene.bob, post))


async def test_a_block_between_two_others_withdraws_a_quote_on_a_page_that_was_kept(
    scene: Scene, process: Process
) -> None:
    quoted = await scene.post(scene.carol)
    post = await scene.post(scene.alice, quotes=quoted)
    await process.keeps(scene.bob, post)
    assert len((await process.read(scene.bob, post)).includes.quoted_posts) == 1

    process.users.block(scene.carol, scene.alice)
    await process.people.forget((), [(scene.carol, scene.alice)])

    page = await process.read(scene.bob, post)
    assert page.posts[0].quote_hidden
    assert list(page.includes.quoted_posts) == []
    await process.keeps(scene.bob, post)


async def test_a_like_taken_back_is_gone_at_once(scene: Scene, process: Process) -> None:
    post = await scene.post(scene.alice)
    await scene.respond(ResponseKind.LIKE, scene.bob, post)
    await process.keeps(scene.bob, post)

    await scene.withdraw(ResponseKind.LIKE, scene.bob, post)

    (shown,) = (await process.read(scene.bob, post)).posts
    assert (shown.viewer_state.liked, shown.counts.likes) == (False, 0)


async def test_a_change_made_by_another_process_shows_at_once(
    scene: Scene, server: RedisClient, process: Process
) -> None:
    post = await scene.post(scene.alice)
    elsewhere = Process(scene, server)
    await elsewhere.keeps(scene.bob, post)

    await scene.delete(post)

    assert not (await elsewhere.read(scene.bob, post)).posts
    await elsewhere.close()


async def test_what_a_dying_writer_did_not_forget_shows_once_its_event_is_handled(
    scene: Scene, server: RedisClient
) -> None:
    post = await scene.post(scene.alice)
    process = Process(scene, server)
    await process.keeps(scene.bob, post)

    await scene.delete(post)
    await States(store=scene.store, redis=server, clock=ManualClock()).forget(Changed({post.id}))

    assert not (await process.read(scene.bob, post)).posts
    await process.close()


async def test_viewers_are_given_pages_of_their_own(scene: Scene, process: Process) -> None:
    post = await scene.post(scene.alice)
    await scene.respond(ResponseKind.BOOKMARK, scene.bob, post)
    for viewer in (scene.bob, scene.carol, 0):
        await process.keeps(viewer, post)

    (his,) = (await process.read(scene.bob, post)).posts
    (hers,) = (await process.read(scene.carol, post)).posts
    (strangers,) = (await process.read(0, post)).posts

    assert his.viewer_state.bookmarked
    assert not hers.viewer_state.bookmarked
    assert not strangers.HasField("viewer_state")


async def test_past_the_time_of_its_entries_a_page_is_put_together_anew(
    scene: Scene, process: Process
) -> None:
    post = await scene.post(scene.alice)
    await process.keeps(scene.bob, post)
    before = process.hydration.made

    # Times vary by a tenth, so that what was stored together does not end together.
    process.clock.advance(timedelta(seconds=1.2 * TTL_SECONDS))
    await process.read(scene.bob, post)

    assert process.hydration.made == before + 1


async def test_a_page_for_which_the_database_was_asked_is_not_kept(
    scene: Scene, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states_module, "MAX_RESPONSES", 1)
    old, new = [await scene.post(scene.alice) for _ in range(2)]
    await scene.respond(ResponseKind.LIKE, scene.bob, new)
    await process.read(scene.bob, old, new)

    for _ in range(3):
        before = process.hydration.made
        await process.read(scene.bob, old, new)
        assert process.hydration.made == before + 1


async def test_so_many_pages_are_kept_and_no_more(scene: Scene, server: RedisClient) -> None:
    one, other = [await scene.post(scene.alice) for _ in range(2)]
    process = Process(scene, server, limit=1)
    await process.keeps(scene.bob, one)
    await process.keeps(scene.bob, other)
    before = process.hydration.made

    await process.read(scene.bob, one)

    assert process.hydration.made == before + 1
    await process.close()


async def test_without_redis_nothing_is_kept_and_everything_shows(scene: Scene) -> None:
    post = await scene.post(scene.alice)
    async with redis.connect("redis://127.0.0.1:1") as nowhere:
        process = Process(scene, nowhere)
        for _ in range(2):
            assert [each.id for each in (await process.read(scene.bob, post)).posts] == [post.id]

        await scene.delete(post)

        assert not (await process.read(scene.bob, post)).posts
        await process.close()


async def test_a_kept_page_is_not_given_while_redis_is_away(
    scene: Scene, process: Process, server: RedisClient
) -> None:
    post = await scene.post(scene.alice)
    await process.keeps(scene.bob, post)

    await server.close()
    await scene.delete(post)

    assert not (await process.read(scene.bob, post)).posts

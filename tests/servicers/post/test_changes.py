"""A response of BatchGetPosts stays the same until a check reports one of its dependencies."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from roost.post.v1 import engagement_service_pb2 as engagement_rpc
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.invalidation_service_pb2 import WatchRequest
from roost.post.v1.profile_cache_service_pb2 import InvalidateProfilesRequest, UserPair

from services.chassis.auth.caller import ServiceCaller
from services.chassis.cache import redis_client
from services.chassis.runtime.errors import Invalid, RoostError, Unavailable
from tests.builders.posts import a_medium
from tests.servicers.post.conftest import Scenario, a_scenario
from tests.servicers.watching import Watch, watching
from tests.waiting import LIMIT, eventually

GATEWAY = ServiceCaller("gateway")
Write = Callable[["World"], Awaitable[object]]


class World:
    """A service with its cache: a post of alice that mentions and quotes carol, another of alice,
    a reply of carol to it, and writes."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.alice, self.bob, self.carol = scenario.alice, scenario.bob, scenario.carol
        self.quoted = self.post = self.plain = self.reply = 0
        self.edits = 0

    async def prepare(self) -> World:
        write = self.scenario.write
        self.quoted = (await write(self.carol, "a quoted post")).id
        self.post = (await write(self.alice, "for @carol", quoted_post_id=self.quoted)).id
        self.plain = (await write(self.alice, "plain")).id
        self.reply = (await write(self.carol, "a reply", reply_to_post_id=self.plain)).id
        return self

    @property
    def post_ids(self) -> list[int]:
        return [self.post, self.plain, self.reply]

    async def read(self, viewer: int | None) -> rpc.BatchGetPostsResponse:
        request = rpc.BatchGetPostsRequest(
            post_ids=self.post_ids, include_user_ids=[self.carol], include_dependencies=True
        )
        response: rpc.BatchGetPostsResponse = await self.scenario.posts(viewer).BatchGetPosts(
            request
        )
        return response

    async def keep(self, viewer: int | None) -> rpc.BatchGetPostsResponse:
        """Reads until every part has dependencies: until everything is in Redis."""
        read = None

        async def is_complete() -> bool:
            nonlocal read
            read = await self.read(viewer)
            return all(each.ids for each in (*read.post_dependencies, *read.user_dependencies))

        await eventually(is_complete)
        assert read is not None
        return read

    async def engage(self, verb: str, who: int, post_id: int) -> None:
        request = getattr(engagement_rpc, f"{verb}Request")(post_id=post_id)
        await getattr(self.scenario.engagement(who), verb)(request)

    async def edit(self, post_id: int) -> None:
        self.edits += 1
        request = rpc.UpdatePostRequest(post_id=post_id, text=f"edit {self.edits}")
        await self.scenario.posts(self.alice).UpdatePost(request)

    async def change_medium(self) -> None:
        async with self.scenario.store.transaction() as transaction:
            await transaction.replace_medium(self.plain, a_medium(5, version=2, alt_text="a fox"))

    async def user_changed(self, *user_ids: int, pairs: tuple[tuple[int, int], ...] = ()) -> None:
        """What the User service calls before it answers a write."""
        await self.scenario.profiles(ServiceCaller("user")).InvalidateProfiles(
            InvalidateProfilesRequest(
                user_ids=user_ids,
                pairs=[UserPair(user_id=one, other_user_id=other) for one, other in pairs],
            )
        )

    async def pair(self, verb: str, one: int, other: int) -> None:
        getattr(self.scenario.users, verb)(one, other)
        await self.user_changed(pairs=((one, other),))

    async def protect(self, user_id: int) -> None:
        self.scenario.users.protect(user_id)
        await self.user_changed(user_id)

    async def count(self, user_id: int, number: int) -> None:
        self.scenario.users.count(user_id, number)
        await self.user_changed(user_id)

    async def delete_account(self, user_id: int) -> None:
        self.scenario.users.delete(user_id)
        await self.user_changed(user_id)


# Whether the write changes what bob sees.
WRITES: dict[str, tuple[Write, bool]] = {
    "own like": (lambda w: w.engage("Like", w.bob, w.post), True),
    "own like of the reply": (lambda w: w.engage("Like", w.bob, w.reply), True),
    "another's like": (lambda w: w.engage("Like", w.carol, w.post), True),
    "like of the quoted post": (lambda w: w.engage("Like", w.alice, w.quoted), True),
    "another's bookmark": (lambda w: w.engage("Bookmark", w.carol, w.post), False),
    "own bookmark": (lambda w: w.engage("Bookmark", w.bob, w.plain), True),
    "repost": (lambda w: w.engage("Repost", w.bob, w.plain), True),
    "reply": (lambda w: w.scenario.write(w.carol, "more", reply_to_post_id=w.plain), True),
    "quote": (lambda w: w.scenario.write(w.carol, "look", quoted_post_id=w.plain), True),
    "edit": (lambda w: w.edit(w.post), True),
    "deletion": (lambda w: w.scenario.delete(w.alice, w.plain), True),
    "deletion of the quoted post": (lambda w: w.scenario.delete(w.carol, w.quoted), True),
    "block": (lambda w: w.pair("block", w.bob, w.alice), True),
    "block between two others": (lambda w: w.pair("block", w.carol, w.alice), True),
    "mute": (lambda w: w.pair("mute", w.bob, w.alice), True),
    "follow": (lambda w: w.pair("follow", w.bob, w.carol), True),
    "protection": (lambda w: w.protect(w.alice), True),
    "protection of the quoted author": (lambda w: w.protect(w.carol), True),
    "profile": (lambda w: w.count(w.carol, 7), True),
    "deletion of the account": (lambda w: w.delete_account(w.alice), True),
    "unrelated post": (lambda w: w.scenario.write(w.carol, "hello"), False),
}
# Of the writes that undo others.
REVERSALS: dict[str, Write] = {
    "unlike": lambda w: w.engage("Unlike", w.bob, w.post),
    "removed bookmark": lambda w: w.engage("RemoveBookmark", w.bob, w.plain),
    "undone repost": lambda w: w.engage("UndoRepost", w.bob, w.plain),
    "unblock": lambda w: w.pair("unblock", w.bob, w.alice),
    "unblock between two others": lambda w: w.pair("unblock", w.carol, w.alice),
    "unfollow": lambda w: w.pair("unfollow", w.bob, w.carol),
}


@pytest.fixture
async def world(valkey: str) -> AsyncIterator[World]:
    async with (
        redis_client.connect(valkey, call_seconds=LIMIT) as server,
        a_scenario(server) as scenario,
    ):
        yield await World(scenario).prepare()


def shown(response: rpc.BatchGetPostsResponse) -> bytes:
    """The response without its dependencies."""
    return rpc.BatchGetPostsResponse(
        posts=response.posts, includes=response.includes
    ).SerializeToString(deterministic=True)


def dependencies(response: rpc.BatchGetPostsResponse) -> set[int]:
    parts = (*response.post_dependencies, *response.user_dependencies)
    return {id_ for each in parts for id_ in each.ids}


def watch_of(world: World) -> Any:
    return watching(world.scenario.changes(GATEWAY), WatchRequest)


async def reported(watch: Watch) -> set[int]:
    response = await watch.check()
    assert not response.reset
    return set(response.changed)


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_reports_a_dependency_of_the_response_that_it_changes(
    world: World, name: str
) -> None:
    write, changes_it = WRITES[name]
    async with watch_of(world) as watch:
        kept = await world.keep(world.bob)
        await watch.check()

        await write(world)

        changed = await reported(watch)
        fresh = await world.read(world.bob)
    assert (shown(fresh) != shown(kept)) is changes_it
    if changes_it:
        assert dependencies(kept) & changed


@pytest.mark.parametrize("seed", range(3))
async def test_a_kept_response_is_current_after_random_writes(world: World, seed: int) -> None:
    chosen = random.Random(seed)
    every = {**{name: write for name, (write, _) in WRITES.items()}, **REVERSALS}
    # They cannot happen twice.
    once = {name for name in every if "deletion" in name or "protection" in name}
    viewers = (world.bob, world.carol, None)
    kept: dict[int | None, rpc.BatchGetPostsResponse] = {}
    done = []
    async with watch_of(world) as watch:
        for _ in range(25):
            name = chosen.choice(sorted(every))
            done.append(name)
            for viewer in viewers:
                if viewer not in kept:
                    kept[viewer] = await world.read(viewer)
            await watch.check()
            try:
                await every[name](world)
            except RoostError as refusal:
                # An earlier write may forbid it: a block, a deletion.
                done[-1] += f" ({refusal.reason})"
            if name in once:
                del every[name]
            if name == "deletion of the account":
                every.pop("protection", None)
            changed = await reported(watch)
            for viewer, response in list(kept.items()):
                parts = (*response.post_dependencies, *response.user_dependencies)
                if not all(each.ids for each in parts) or dependencies(response) & changed:
                    del kept[viewer]
                else:
                    assert shown(await world.read(viewer)) == shown(response), done


async def test_a_change_that_was_answered_before_a_check_is_in_its_response(world: World) -> None:
    async with watch_of(world) as watch, watch_of(world) as other:
        kept = await world.keep(world.bob)
        for each in (watch, other):
            await each.check()
        await world.engage("Like", world.bob, world.post)

        changed, as_well = await reported(watch), await reported(other)
        nothing = await reported(watch)

    assert changed == as_well != set()
    assert changed <= dependencies(kept)
    assert nothing == set()


async def test_checks_are_answered_in_order_one_response_each(world: World) -> None:
    async with watch_of(world) as watch:
        await world.engage("Like", world.bob, world.post)
        for _ in range(20):
            watch.send()

        responses = [await watch.receive() for _ in range(20)]

    assert [each.check for each in responses] == list(range(2, 22))
    assert responses[0].changed


async def test_what_a_read_loads_has_the_dependencies_of_what_it_finds(world: World) -> None:
    first = await world.read(world.bob)
    kept = await world.keep(world.bob)

    assert len(first.post_dependencies) == len(world.post_ids)
    # The process has the bodies of new posts, so the read foresees all that it needs.
    assert [set(each.ids) for each in first.post_dependencies] == [
        set(each.ids) for each in kept.post_dependencies
    ]
    assert shown(kept) == shown(first)


async def test_a_write_that_is_answered_during_a_load_is_reported(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = world.scenario.store
    states, loads, goes_on = store.states, asyncio.Event(), asyncio.Event()

    async def held(*args: Any) -> Any:
        found = await states(*args)
        loads.set()
        await goes_on.wait()
        return found

    monkeypatch.setattr(store, "states", held)
    async with watch_of(world) as watch:
        await watch.check()
        reading = asyncio.create_task(world.read(world.bob))
        await loads.wait()
        monkeypatch.setattr(store, "states", states)
        await world.engage("Like", world.carol, world.post)
        goes_on.set()
        read = await reading
        changed = await reported(watch)

    assert set(read.post_dependencies[0].ids) & changed
    assert (await world.read(world.bob)).posts[0].counts.likes == 1


async def test_dependencies_are_returned_on_request_only(world: World) -> None:
    await world.keep(world.bob)
    request = rpc.BatchGetPostsRequest(post_ids=world.post_ids)

    response = await world.scenario.posts(world.bob).BatchGetPosts(request)

    assert not response.post_dependencies
    assert not response.user_dependencies


async def test_a_post_that_does_not_exist_has_no_dependencies(world: World) -> None:
    request = rpc.BatchGetPostsRequest(post_ids=[7, world.plain], include_dependencies=True)
    posts = world.scenario.posts(world.bob)
    parts: list[Any] = []

    async def has_those_of_the_other() -> bool:
        parts[:] = (await posts.BatchGetPosts(request)).post_dependencies
        return bool(parts[1].ids)

    await eventually(has_those_of_the_other)

    assert not parts[0].ids


async def test_a_tombstone_has_no_dependencies(world: World) -> None:
    await world.keep(world.bob)
    await world.scenario.delete(world.alice, world.plain)
    request = rpc.BatchGetPostsRequest(
        post_ids=[world.plain], include_tombstones=True, include_dependencies=True
    )

    response = await world.scenario.posts(world.bob).BatchGetPosts(request)

    assert response.posts[0].deleted
    assert [list(each.ids) for each in response.post_dependencies] == [[]]


async def test_checks_begin_with_one(world: World) -> None:
    watch = Watch(world.scenario.changes(GATEWAY), lambda check: WatchRequest(check=0))
    watch.send()
    with pytest.raises(Invalid):
        await watch.receive()


async def test_streams_end_when_the_service_stops(world: World) -> None:
    async with watch_of(world) as watch:
        world.scenario.invalidation.stop()
        with pytest.raises(Unavailable):
            await watch.receive()
    with pytest.raises(Unavailable):
        async with watch_of(world):
            pass


async def test_without_redis_watch_is_unavailable_and_nothing_has_dependencies(
    scenario: Scenario,
) -> None:
    post = await scenario.write(scenario.alice)
    request = rpc.BatchGetPostsRequest(post_ids=[post.id], include_dependencies=True)

    response = await scenario.posts(scenario.bob).BatchGetPosts(request)

    assert [list(each.ids) for each in response.post_dependencies] == [[]]
    with pytest.raises(Unavailable):
        async with watching(scenario.changes(GATEWAY), WatchRequest):
            pass

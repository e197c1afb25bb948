"""A write reports its changes once, and its events report nothing unless the write did not."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from google.protobuf.message import Message
from roost.post.v1 import post_service_pb2 as rpc
from roost.post.v1.invalidation_service_pb2 import WatchRequest
from roost.post.v1.profile_cache_service_pb2 import InvalidateProfilesRequest, UserPair
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1.user_pb2 import User

from services.chassis.auth.caller import ServiceCaller
from services.chassis.cache import redis_client
from services.chassis.cache.redis_client import RedisClient
from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.errors import Invalid
from tests.servicers.post.conftest import Scenario, a_scenario
from tests.servicers.post.test_changes import GATEWAY, WRITES, World, dependencies, shown
from tests.servicers.watching import watching
from tests.waiting import LIMIT

USER = ServiceCaller("user")
OF_USERS = {"block", "mute", "follow", "protection", "profile", "account"}
# Of this service. A post without a reply changes nothing that is cached.
OWN_WRITES = [name for name in WRITES if not OF_USERS & set(name.split())]
OWN_WRITES.remove("unrelated post")


class Counted(World):
    """A world that counts the entries of the change log."""

    def __init__(self, scenario: Scenario, server: RedisClient) -> None:
        super().__init__(scenario)
        self.server = server

    async def entries(self) -> int:
        length: int = await self.server.execute("XLEN", "changes:post")
        return length

    async def events_after(self, count: int) -> list[Event]:
        return self.scenario.store.database.published[count:]

    async def invalidate(self, event: Event | None, **given: object) -> None:
        """What the User service calls after a change that has this event."""
        request = InvalidateProfilesRequest(
            event_ids=[event.event_id.bytes] if event else [],
            **given,  # type: ignore[arg-type]
        )
        await self.scenario.profiles(USER).InvalidateProfiles(request)


@pytest.fixture
async def world(valkey: str) -> AsyncIterator[Counted]:
    async with (
        redis_client.connect(valkey, call_seconds=LIMIT) as server,
        a_scenario(server) as scenario,
    ):
        made = Counted(scenario, server)
        await made.prepare()
        yield made


def event_of(body: Message) -> Event:
    message = OutboxMessage.of(topic="roost.user.v1", key=1, body=body)
    return Event.from_message(message, time=SystemClock().now(), traceparent=None)


@pytest.mark.parametrize("name", OWN_WRITES)
async def test_a_write_is_one_entry_and_its_events_are_none(world: Counted, name: str) -> None:
    write, _ = WRITES[name]
    known, before = len(world.scenario.store.database.published), await world.entries()

    await write(world)

    once = await world.entries()
    events = await world.events_after(known)
    await world.scenario.handle(*events, *events)
    assert once == before + 1
    assert await world.entries() == once
    assert bool(events) is ("bookmark" not in name)


@pytest.mark.parametrize("name", [name for name in OWN_WRITES if "bookmark" not in name])
async def test_the_event_of_a_write_whose_process_died_reports_it(
    world: Counted, name: str
) -> None:
    write, changes_it = WRITES[name]
    async with watching(world.scenario.changes(GATEWAY), WatchRequest) as watch:
        kept = await world.keep(world.bob)
        known = len(world.scenario.store.database.published)
        # It dies between commit and invalidation.
        world.scenario.store._listeners.clear()
        await write(world)
        assert not (await watch.check()).changed

        await world.scenario.handle(*await world.events_after(known))

        changed = set((await watch.check()).changed)
        fresh = await world.read(world.bob)
    assert dependencies(kept) & changed
    assert (shown(fresh) != shown(kept)) is changes_it


ON_PAIRS = {
    "follow": lambda one, other: users.FollowCreated(follower_id=one, followee_id=other),
    "unfollow": lambda one, other: users.FollowRemoved(follower_id=one, followee_id=other),
    "block": lambda one, other: users.BlockCreated(blocker_id=one, blocked_id=other),
    "mute": lambda one, other: users.MuteCreated(muter_id=one, muted_id=other),
}


@pytest.mark.parametrize("verb", ON_PAIRS)
async def test_a_change_of_a_pair_that_the_user_service_named_is_reported_once(
    world: Counted, verb: str
) -> None:
    event = event_of(ON_PAIRS[verb](world.bob, world.alice))
    pair = UserPair(user_id=world.bob, other_user_id=world.alice)
    before = await world.entries()

    await world.invalidate(event, pairs=[pair])
    await world.scenario.handle(event)
    once = await world.entries()
    # An event of a change that was not named: the User service died before.
    await world.scenario.handle(event_of(ON_PAIRS[verb](world.bob, world.alice)))

    assert (once, await world.entries()) == (before + 1, before + 2)


async def test_a_changed_profile_that_the_user_service_named_is_reported_once(
    world: Counted,
) -> None:
    event = event_of(users.UserUpdated(user=User(id=world.alice)))
    before = await world.entries()

    await world.invalidate(event, user_ids=[world.alice])
    await world.scenario.handle(event)
    once = await world.entries()
    await world.invalidate(None, user_ids=[world.alice])
    await world.scenario.handle(event_of(users.UserUpdated(user=User(id=world.alice))))

    assert (once, await world.entries()) == (before + 1, before + 3)


async def test_a_count_shows_at_once_and_is_reported_with_others_later(world: Counted) -> None:
    async with watching(world.scenario.changes(GATEWAY), WatchRequest) as watch:
        kept = await world.keep(world.bob)
        await watch.check()
        for each in (world.alice, world.carol):
            world.scenario.users.count(each, 7)
            await world.invalidate(None, user_ids=[each], counts_only=True)

        fresh = await world.read(world.bob)
        before = await watch.check()
        await world.scenario.change_log.append_due()
        after = await watch.check()

    assert {each.posts_count for each in fresh.includes.users} == {7}
    assert list(before.changed) == []
    assert len(set(after.changed) & dependencies(kept)) == 2


async def test_pairs_are_reported_at_once_whatever_is_said_of_counts(world: Counted) -> None:
    before = await world.entries()
    pair = UserPair(user_id=world.bob, other_user_id=world.alice)

    await world.invalidate(None, user_ids=[world.alice], pairs=[pair], counts_only=True)

    assert await world.entries() == before + 1


async def test_an_event_id_has_16_bytes(world: Counted) -> None:
    request = InvalidateProfilesRequest(user_ids=[world.alice], event_ids=[b"short"])
    with pytest.raises(Invalid):
        await world.scenario.profiles(USER).InvalidateProfiles(request)


async def test_a_kept_page_outlives_the_events_of_a_like(world: Counted) -> None:
    """The reports of one like discard the pages with the post once, not twice."""
    await world.engage("Like", world.carol, world.post)
    kept = await world.keep(world.bob)
    async with watching(world.scenario.changes(GATEWAY), WatchRequest) as watch:
        await world.scenario.handle(*world.scenario.published("PostLiked"))

        changed = set((await watch.check()).changed)

    assert not dependencies(kept) & changed
    request = rpc.BatchGetPostsRequest(post_ids=world.post_ids, include_user_ids=[world.carol])
    response = await world.scenario.posts(world.bob).BatchGetPosts(request)
    assert shown(response) == shown(kept)

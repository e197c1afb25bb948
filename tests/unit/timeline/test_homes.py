"""Homes as their owners see them."""

import asyncio
from typing import cast

import pytest

from services.chassis.cache.redis_client import RedisAway
from services.timeline.domain.feeds import (
    Feeds,
    State,
    home_of,
    posts_of,
)
from services.timeline.domain.homes import Homes
from services.timeline.domain.model import TOP, Entry
from tests.unit.timeline.world import World

ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4


@pytest.fixture
def world() -> World:
    return World()


async def kept(world: World, viewer: int) -> list[int]:
    reading = await world.feeds.read(home_of(viewer), before=TOP, limit=100)
    assert reading.state is State.READY
    return [entry.entry_id for entry in reading.entries]


async def test_a_missing_home_is_built_and_answered_in_the_same_call(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.post(10, BOB)
    await world.post(11, ALICE)
    await world.post(12, CAROL)

    page = await world.homes.latest(ALICE, limit=10)

    assert [entry.entry_id for entry in page.entries] == [11, 10]
    assert page.next_entry is None
    assert await kept(world, ALICE) == [11, 10]


async def test_a_ready_home_asks_no_other_service(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.home(ALICE)
    await world.post(10, BOB)
    world.truth.calls.clear()

    assert [entry.entry_id for entry in await world.home(ALICE)] == [10]

    assert world.truth.calls == []


async def test_an_empty_home_is_built_once(world: World) -> None:
    await world.home(ALICE)
    world.truth.calls.clear()

    assert await world.home(ALICE) == []

    assert world.truth.calls == []


async def test_reposts_stand_beside_the_post_itself(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.follow(ALICE, CAROL)
    await world.home(ALICE)
    original = await world.post(10, BOB)

    repost = await world.enter(Entry(20, CAROL, 10, BOB))

    assert await world.home(ALICE) == [repost, original]
    assert (repost.reposter_id, original.reposter_id) == (CAROL, 0)


async def test_reposting_ones_own_post_is_a_repost(world: World) -> None:
    own = await world.enter(Entry(20, BOB, 10, BOB))

    assert own.reposter_id == BOB


async def test_full_history_is_reachable_below_what_is_kept(world: World) -> None:
    await world.follow(ALICE, BOB)
    for entry_id in range(1, 31):
        await world.post(entry_id, BOB)

    home = await world.home(ALICE)

    assert [entry.entry_id for entry in home] == list(range(30, 0, -1))
    assert len(await kept(world, ALICE)) < 30


async def test_pages_do_not_move_while_new_posts_arrive(world: World) -> None:
    await world.follow(ALICE, BOB)
    for entry_id in range(10, 20):
        await world.post(entry_id, BOB)

    first = await world.homes.latest(ALICE, limit=4)
    for entry_id in range(20, 40):
        await world.post(entry_id, BOB)
    second = await world.homes.latest(ALICE, before=first.entries[-1].entry_id, limit=4)

    assert [entry.entry_id for entry in first.entries] == [19, 18, 17, 16]
    assert [entry.entry_id for entry in second.entries] == [15, 14, 13, 12]


async def test_a_follow_brings_older_posts_in(world: World) -> None:
    await world.post(10, BOB)
    await world.post(11, ALICE)
    await world.home(ALICE)

    await world.follow(ALICE, BOB)

    assert await kept(world, ALICE) == [11, 10]


async def test_an_unfollow_takes_posts_and_reposts_out(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.home(ALICE)
    await world.post(10, BOB)
    await world.enter(Entry(11, BOB, 5, CAROL))

    await world.unfollow(ALICE, BOB)

    assert await kept(world, ALICE) == []


async def test_following_again_brings_everything_back(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.home(ALICE)
    await world.post(10, BOB)
    await world.unfollow(ALICE, BOB)
    await world.post(11, BOB)

    await world.follow(ALICE, BOB)
    await world.post(12, BOB)

    assert await kept(world, ALICE) == [12, 11, 10]


async def test_a_muted_person_disappears_and_comes_back(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.home(ALICE)
    await world.post(10, BOB)

    await world.mute(ALICE, BOB)
    await world.post(11, BOB)
    muted = await kept(world, ALICE)
    await world.unmute(ALICE, BOB)
    await world.post(12, BOB)

    assert muted == []
    assert await kept(world, ALICE) == [12, 11, 10]


async def test_a_mute_outlives_the_home(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.mute(ALICE, BOB)
    await world.post(10, BOB)
    await world.feeds.drop(home_of(ALICE))

    await world.home(ALICE)
    await world.post(11, BOB)

    assert await world.home(ALICE) == []


async def test_following_somebody_muted_shows_nothing(world: World) -> None:
    await world.post(10, BOB)
    await world.mute(ALICE, BOB)
    await world.home(ALICE)

    await world.follow(ALICE, BOB)
    await world.post(11, BOB)

    assert await world.home(ALICE) == []


async def test_unmuting_somebody_not_followed_shows_nothing(world: World) -> None:
    await world.post(10, BOB)
    await world.home(ALICE)
    await world.mute(ALICE, BOB)

    await world.unmute(ALICE, BOB)

    assert await world.home(ALICE) == []


async def test_an_undone_repost_leaves_every_home(world: World) -> None:
    fans = [ALICE, CAROL, DAVE, 5, 6]
    for fan in fans:
        await world.follow(fan, BOB)
        await world.home(fan)
    repost = await world.enter(Entry(20, BOB, 10, 9))

    await world.undo(repost)

    assert [await kept(world, fan) for fan in [*fans, BOB][:5]] == [[]] * 5


async def test_a_home_that_is_not_read_for_a_week_is_dropped_and_built_again(
    world: World,
) -> None:
    await world.follow(ALICE, BOB)
    await world.home(ALICE)
    world.clock.advance(7 * 24 * 3600)

    delivered = await world.feeds.add(Entry(10, BOB, 10, BOB), [home_of(ALICE)])
    world.truth.entries.add(Entry(10, BOB, 10, BOB))

    assert delivered == 0
    assert [entry.entry_id for entry in await world.home(ALICE)] == [10]


async def test_reading_keeps_a_home_alive(world: World) -> None:
    await world.home(ALICE)
    for _ in range(3):
        world.clock.advance(5 * 24 * 3600)
        await world.home(ALICE)

    assert await kept(world, ALICE) == []


async def test_somebody_who_left_has_no_home(world: World) -> None:
    await world.home(ALICE)
    await world.store.add_mute(ALICE, BOB)

    await world.follows.left(ALICE)

    assert (await world.feeds.read(home_of(ALICE), before=TOP, limit=1)).state is State.MISSING
    assert await world.store.muted_by(ALICE) == []


class AwayFeeds:
    """Feeds that cannot be reached."""

    async def read(self, *_: object, **__: object) -> None:
        raise RedisAway


async def test_without_valkey_a_home_is_read_from_the_truth(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.follow(ALICE, CAROL)
    await world.mute(ALICE, CAROL)
    for entry_id in range(1, 12):
        await world.post(entry_id, BOB)
        await world.post(100 + entry_id, CAROL)
    world.homes = Homes(
        feeds=cast(Feeds, AwayFeeds()),
        posts=world.truth,
        circles=world.circles,
        celebrities=world.celebrities,
        builds=world.builds,
    )

    home = await world.home(ALICE)

    assert [entry.entry_id for entry in home] == list(range(11, 0, -1))


async def test_readers_wait_for_one_build(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.post(10, BOB)
    world.truth.calls.clear()

    pages = await asyncio.gather(*(world.homes.latest(ALICE, limit=5) for _ in range(20)))

    assert {len(page.entries) for page in pages} == {1}
    assert world.truth.calls.count("newest") == 1


async def test_a_home_that_somebody_else_builds_is_answered_from_the_truth(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.post(10, BOB)
    await world.feeds.begin(home_of(ALICE), b"elsewhere".ljust(16))

    assert [entry.entry_id for entry in await world.home(ALICE)] == [10]


async def test_rebuilding_anew_counts_the_entries(world: World) -> None:
    await world.follow(ALICE, BOB)
    await world.post(10, BOB)
    await world.home(ALICE)
    await world.feeds.add(Entry(99, CAROL, 99, CAROL), [home_of(ALICE)])

    assert await world.builds.home_anew(ALICE) == 1

    assert await kept(world, ALICE) == [10]


class TestCelebrities:
    """Authors over the threshold, here of two followers."""

    @pytest.fixture
    def world(self) -> World:
        return World(threshold=2)

    async def make_famous(self, world: World) -> None:
        for fan in (ALICE, CAROL, DAVE):
            await world.follow(fan, BOB)

    async def test_posts_are_merged_instead_of_delivered(self, world: World) -> None:
        await self.make_famous(world)
        await world.home(ALICE)

        await world.post(10, BOB)
        await world.post(11, ALICE)

        assert await kept(world, ALICE) == [11]
        assert [entry.entry_id for entry in await world.home(ALICE)] == [11, 10]

    async def test_posts_of_before_and_after_the_promotion_appear_once(self, world: World) -> None:
        await world.follow(ALICE, BOB)
        await world.home(ALICE)
        await world.post(10, BOB)
        await self.make_famous(world)

        await world.post(11, BOB)
        await world.post(12, BOB)

        assert await kept(world, ALICE) == [10]
        assert [entry.entry_id for entry in await world.home(ALICE)] == [12, 11, 10]

    async def test_a_ready_home_costs_no_rpc_with_celebrities_either(self, world: World) -> None:
        await self.make_famous(world)
        await world.post(10, BOB)
        await world.home(ALICE)
        world.truth.calls.clear()

        await world.home(ALICE)

        assert world.truth.calls == []

    async def test_own_posts_of_a_celebrity_stand_on_the_own_home(self, world: World) -> None:
        await self.make_famous(world)
        await world.home(BOB)

        await world.post(10, BOB)

        assert [entry.entry_id for entry in await world.home(BOB)] == [10]

    async def test_a_new_follower_sees_a_celebrity_and_a_former_one_does_not(
        self, world: World
    ) -> None:
        await self.make_famous(world)
        await world.post(10, BOB)
        await world.home(5)

        await world.follow(5, BOB)
        following = await world.home(5)
        await world.unfollow(5, BOB)

        assert [entry.entry_id for entry in following] == [10]
        assert await world.home(5) == []

    async def test_a_muted_celebrity_disappears_and_comes_back(self, world: World) -> None:
        await self.make_famous(world)
        await world.post(10, BOB)
        await world.home(ALICE)

        await world.mute(ALICE, BOB)
        muted = await world.home(ALICE)
        await world.unmute(ALICE, BOB)

        assert muted == []
        assert [entry.entry_id for entry in await world.home(ALICE)] == [10]

    async def test_whoever_was_famous_once_stays_merged(self, world: World) -> None:
        await self.make_famous(world)
        await world.home(ALICE)
        await world.post(10, BOB)
        await world.unfollow(CAROL, BOB)
        await world.unfollow(DAVE, BOB)

        await world.post(11, BOB)

        assert [entry.entry_id for entry in await world.home(ALICE)] == [11, 10]

    async def test_a_celebritys_repost_can_be_undone(self, world: World) -> None:
        await self.make_famous(world)
        await world.home(ALICE)
        repost = await world.enter(Entry(20, BOB, 5, 9))
        await world.home(ALICE)

        await world.undo(repost)

        assert await world.home(ALICE) == []

    async def test_full_history_of_a_celebrity_is_reachable(self, world: World) -> None:
        await self.make_famous(world)
        for entry_id in range(1, 40):
            await world.post(entry_id, BOB if entry_id % 2 else ALICE)

        home = await world.home(ALICE)

        assert [entry.entry_id for entry in home] == list(range(39, 0, -1))

    async def test_a_lost_feed_of_a_celebrity_is_built_again(self, world: World) -> None:
        await self.make_famous(world)
        await world.post(10, BOB)
        await world.home(ALICE)
        await world.feeds.drop(posts_of(BOB))

        assert [entry.entry_id for entry in await world.home(ALICE)] == [10]

    async def test_a_deleted_post_leaves_the_celebritys_feed(self, world: World) -> None:
        await self.make_famous(world)
        await world.post(9, BOB)
        gone = await world.post(10, BOB)
        await world.home(ALICE)

        await world.fan_out.forget(gone)

        assert [entry.entry_id for entry in await world.home(ALICE)] == [9]

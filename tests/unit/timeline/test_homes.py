"""Homes as their owners see them."""

import asyncio
from typing import cast

import pytest

from services.chassis.cache.redis_client import RedisUnavailable
from services.timeline.domain.feeds import Feeds, State
from services.timeline.domain.homes import Homes
from services.timeline.domain.model import TOP, Entry, home_of, posts_of
from tests.unit.timeline.scenario import Scenario

ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


async def kept(scenario: Scenario, viewer: int) -> list[int]:
    reading = await scenario.feeds.read(home_of(viewer), before=TOP, limit=100)
    assert reading.state is State.READY
    return [entry.entry_id for entry in reading.entries]


async def test_a_missing_home_is_built_and_answered_in_the_same_call(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.post(10, BOB)
    await scenario.post(11, ALICE)
    await scenario.post(12, CAROL)

    page = await scenario.homes.latest(ALICE, limit=10)

    assert [entry.entry_id for entry in page.entries] == [11, 10]
    assert page.next_entry is None
    assert await kept(scenario, ALICE) == [11, 10]


async def test_a_ready_home_asks_no_other_service(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.home(ALICE)
    await scenario.post(10, BOB)
    scenario.truth.calls.clear()

    assert [entry.entry_id for entry in await scenario.home(ALICE)] == [10]

    assert scenario.truth.calls == []


async def test_an_empty_home_is_built_once(scenario: Scenario) -> None:
    await scenario.home(ALICE)
    scenario.truth.calls.clear()

    assert await scenario.home(ALICE) == []

    assert scenario.truth.calls == []


async def test_reposts_stand_beside_the_post_itself(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.follow(ALICE, CAROL)
    await scenario.home(ALICE)
    original = await scenario.post(10, BOB)

    repost = await scenario.enter(Entry(20, CAROL, 10, BOB))

    assert await scenario.home(ALICE) == [repost, original]
    assert (repost.reposter_id, original.reposter_id) == (CAROL, 0)


async def test_reposting_ones_own_post_is_a_repost(scenario: Scenario) -> None:
    own = await scenario.enter(Entry(20, BOB, 10, BOB))

    assert own.reposter_id == BOB


async def test_full_history_is_reachable_below_what_is_kept(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    for entry_id in range(1, 31):
        await scenario.post(entry_id, BOB)

    home = await scenario.home(ALICE)

    assert [entry.entry_id for entry in home] == list(range(30, 0, -1))
    assert len(await kept(scenario, ALICE)) < 30


async def test_pages_do_not_move_while_new_posts_arrive(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    for entry_id in range(10, 20):
        await scenario.post(entry_id, BOB)

    first = await scenario.homes.latest(ALICE, limit=4)
    for entry_id in range(20, 40):
        await scenario.post(entry_id, BOB)
    second = await scenario.homes.latest(ALICE, before=first.entries[-1].entry_id, limit=4)

    assert [entry.entry_id for entry in first.entries] == [19, 18, 17, 16]
    assert [entry.entry_id for entry in second.entries] == [15, 14, 13, 12]


async def test_a_follow_brings_older_posts_in(scenario: Scenario) -> None:
    await scenario.post(10, BOB)
    await scenario.post(11, ALICE)
    await scenario.home(ALICE)

    await scenario.follow(ALICE, BOB)

    assert await kept(scenario, ALICE) == [11, 10]


async def test_an_unfollow_takes_posts_and_reposts_out(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.home(ALICE)
    await scenario.post(10, BOB)
    await scenario.enter(Entry(11, BOB, 5, CAROL))

    await scenario.unfollow(ALICE, BOB)

    assert await kept(scenario, ALICE) == []


async def test_following_again_brings_everything_back(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.home(ALICE)
    await scenario.post(10, BOB)
    await scenario.unfollow(ALICE, BOB)
    await scenario.post(11, BOB)

    await scenario.follow(ALICE, BOB)
    await scenario.post(12, BOB)

    assert await kept(scenario, ALICE) == [12, 11, 10]


async def test_a_muted_person_disappears_and_comes_back(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.home(ALICE)
    await scenario.post(10, BOB)

    await scenario.mute(ALICE, BOB)
    await scenario.post(11, BOB)
    muted = await kept(scenario, ALICE)
    await scenario.unmute(ALICE, BOB)
    await scenario.post(12, BOB)

    assert muted == []
    assert await kept(scenario, ALICE) == [12, 11, 10]


async def test_a_mute_outlives_the_home(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.mute(ALICE, BOB)
    await scenario.post(10, BOB)
    await scenario.feeds.drop(home_of(ALICE))

    await scenario.home(ALICE)
    await scenario.post(11, BOB)

    assert await scenario.home(ALICE) == []


async def test_following_somebody_muted_shows_nothing(scenario: Scenario) -> None:
    await scenario.post(10, BOB)
    await scenario.mute(ALICE, BOB)
    await scenario.home(ALICE)

    await scenario.follow(ALICE, BOB)
    await scenario.post(11, BOB)

    assert await scenario.home(ALICE) == []


async def test_unmuting_somebody_not_followed_shows_nothing(scenario: Scenario) -> None:
    await scenario.post(10, BOB)
    await scenario.home(ALICE)
    await scenario.mute(ALICE, BOB)

    await scenario.unmute(ALICE, BOB)

    assert await scenario.home(ALICE) == []


async def test_an_undone_repost_leaves_every_home(scenario: Scenario) -> None:
    fans = [ALICE, CAROL, DAVE, 5, 6]
    for fan in fans:
        await scenario.follow(fan, BOB)
        await scenario.home(fan)
    repost = await scenario.enter(Entry(20, BOB, 10, 9))

    await scenario.undo(repost)

    assert [await kept(scenario, fan) for fan in [*fans, BOB][:5]] == [[]] * 5


async def test_a_home_that_is_not_read_for_a_week_is_dropped_and_built_again(
    scenario: Scenario,
) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.home(ALICE)
    scenario.clock.advance(7 * 24 * 3600)

    delivered = await scenario.feeds.add(Entry(10, BOB, 10, BOB), [home_of(ALICE)])
    scenario.truth.entries.add(Entry(10, BOB, 10, BOB))

    assert delivered == 0
    assert [entry.entry_id for entry in await scenario.home(ALICE)] == [10]


async def test_reading_keeps_a_home_alive(scenario: Scenario) -> None:
    await scenario.home(ALICE)
    for _ in range(3):
        scenario.clock.advance(5 * 24 * 3600)
        await scenario.home(ALICE)

    assert await kept(scenario, ALICE) == []


async def test_somebody_who_left_has_no_home(scenario: Scenario) -> None:
    await scenario.home(ALICE)
    await scenario.store.add_mute(ALICE, BOB)

    await scenario.follows.left(ALICE)

    assert (await scenario.feeds.read(home_of(ALICE), before=TOP, limit=1)).state is State.MISSING
    assert await scenario.store.muted_by(ALICE) == []


class AwayFeeds:
    """Feeds that cannot be reached."""

    async def read(self, *_: object, **__: object) -> None:
        raise RedisUnavailable


async def test_without_valkey_a_home_is_read_from_the_truth(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.follow(ALICE, CAROL)
    await scenario.mute(ALICE, CAROL)
    for entry_id in range(1, 12):
        await scenario.post(entry_id, BOB)
        await scenario.post(100 + entry_id, CAROL)
    scenario.homes = Homes(
        feeds=cast(Feeds, AwayFeeds()),
        posts=scenario.truth,
        store=scenario.store,
        home_sources=scenario.home_sources,
        celebrities=scenario.celebrities,
        feed_builder=scenario.feed_builder,
    )

    home = await scenario.home(ALICE)

    assert [entry.entry_id for entry in home] == list(range(11, 0, -1))


async def test_readers_wait_for_one_build(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.post(10, BOB)
    scenario.truth.calls.clear()

    pages = await asyncio.gather(*(scenario.homes.latest(ALICE, limit=5) for _ in range(20)))

    assert {len(page.entries) for page in pages} == {1}
    assert scenario.truth.calls.count("newest") == 1


async def test_a_home_that_somebody_else_builds_is_answered_from_the_truth(
    scenario: Scenario,
) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.post(10, BOB)
    await scenario.feeds.begin(home_of(ALICE), b"elsewhere".ljust(16))

    assert [entry.entry_id for entry in await scenario.home(ALICE)] == [10]


async def test_rebuilding_anew_counts_the_entries(scenario: Scenario) -> None:
    await scenario.follow(ALICE, BOB)
    await scenario.post(10, BOB)
    await scenario.home(ALICE)
    await scenario.feeds.add(Entry(99, CAROL, 99, CAROL), [home_of(ALICE)])

    assert await scenario.feed_builder.rebuild_home(ALICE) == 1

    assert await kept(scenario, ALICE) == [10]


class TestCelebrities:
    """Authors over the threshold, here of two followers."""

    @pytest.fixture
    def scenario(self) -> Scenario:
        return Scenario(threshold=2)

    async def make_famous(self, scenario: Scenario) -> None:
        for fan in (ALICE, CAROL, DAVE):
            await scenario.follow(fan, BOB)

    async def test_posts_are_merged_instead_of_delivered(self, scenario: Scenario) -> None:
        await self.make_famous(scenario)
        await scenario.home(ALICE)

        await scenario.post(10, BOB)
        await scenario.post(11, ALICE)

        assert await kept(scenario, ALICE) == [11]
        assert [entry.entry_id for entry in await scenario.home(ALICE)] == [11, 10]

    async def test_posts_of_before_and_after_the_promotion_appear_once(
        self, scenario: Scenario
    ) -> None:
        await scenario.follow(ALICE, BOB)
        await scenario.home(ALICE)
        await scenario.post(10, BOB)
        await self.make_famous(scenario)

        await scenario.post(11, BOB)
        await scenario.post(12, BOB)

        assert await kept(scenario, ALICE) == [10]
        assert [entry.entry_id for entry in await scenario.home(ALICE)] == [12, 11, 10]

    async def test_a_ready_home_costs_no_rpc_with_celebrities_either(
        self, scenario: Scenario
    ) -> None:
        await self.make_famous(scenario)
        await scenario.post(10, BOB)
        await scenario.home(ALICE)
        scenario.truth.calls.clear()

        await scenario.home(ALICE)

        assert scenario.truth.calls == []

    async def test_own_posts_of_a_celebrity_stand_on_the_own_home(self, scenario: Scenario) -> None:
        await self.make_famous(scenario)
        await scenario.home(BOB)

        await scenario.post(10, BOB)

        assert [entry.entry_id for entry in await scenario.home(BOB)] == [10]

    async def test_a_new_follower_sees_a_celebrity_and_a_former_one_does_not(
        self, scenario: Scenario
    ) -> None:
        await self.make_famous(scenario)
        await scenario.post(10, BOB)
        await scenario.home(5)

        await scenario.follow(5, BOB)
        following = await scenario.home(5)
        await scenario.unfollow(5, BOB)

        assert [entry.entry_id for entry in following] == [10]
        assert await scenario.home(5) == []

    async def test_a_muted_celebrity_disappears_and_comes_back(self, scenario: Scenario) -> None:
        await self.make_famous(scenario)
        await scenario.post(10, BOB)
        await scenario.home(ALICE)

        await scenario.mute(ALICE, BOB)
        muted = await scenario.home(ALICE)
        await scenario.unmute(ALICE, BOB)

        assert muted == []
        assert [entry.entry_id for entry in await scenario.home(ALICE)] == [10]

    async def test_whoever_was_famous_once_stays_merged(self, scenario: Scenario) -> None:
        await self.make_famous(scenario)
        await scenario.home(ALICE)
        await scenario.post(10, BOB)
        await scenario.unfollow(CAROL, BOB)
        await scenario.unfollow(DAVE, BOB)

        await scenario.post(11, BOB)

        assert [entry.entry_id for entry in await scenario.home(ALICE)] == [11, 10]

    async def test_a_celebritys_repost_can_be_undone(self, scenario: Scenario) -> None:
        await self.make_famous(scenario)
        await scenario.home(ALICE)
        repost = await scenario.enter(Entry(20, BOB, 5, 9))
        await scenario.home(ALICE)

        await scenario.undo(repost)

        assert await scenario.home(ALICE) == []

    async def test_full_history_of_a_celebrity_is_reachable(self, scenario: Scenario) -> None:
        await self.make_famous(scenario)
        for entry_id in range(1, 40):
            await scenario.post(entry_id, BOB if entry_id % 2 else ALICE)

        home = await scenario.home(ALICE)

        assert [entry.entry_id for entry in home] == list(range(39, 0, -1))

    async def test_a_lost_feed_of_a_celebrity_is_built_again(self, scenario: Scenario) -> None:
        await self.make_famous(scenario)
        await scenario.post(10, BOB)
        await scenario.home(ALICE)
        await scenario.feeds.drop(posts_of(BOB))

        assert [entry.entry_id for entry in await scenario.home(ALICE)] == [10]

    async def test_a_deleted_post_leaves_the_celebritys_feed(self, scenario: Scenario) -> None:
        await self.make_famous(scenario)
        await scenario.post(9, BOB)
        gone = await scenario.post(10, BOB)
        await scenario.home(ALICE)

        await scenario.fan_out.forget(gone)

        assert [entry.entry_id for entry in await scenario.home(ALICE)] == [9]

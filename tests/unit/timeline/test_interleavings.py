"""Things that happen at the same time, stopped at the very moment where they could go wrong.

Each test is one of the interleavings that services/timeline/README.md argues about.
"""

import pytest

from services.timeline.domain.feeds import State, home_of, posts_of
from services.timeline.domain.model import TOP, Entry
from tests.unit.timeline.stepping import Stepper
from tests.unit.timeline.world import World

ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4


@pytest.fixture
def stepper() -> Stepper:
    stepper = Stepper()
    stepper.free = True
    return stepper


@pytest.fixture
async def world(stepper: Stepper) -> World:
    world = World(threshold=2, pace=stepper.pace)
    await world.follow(ALICE, BOB)
    return world


def post(entry_id: int, author: int) -> Entry:
    return Entry(entry_id, author, entry_id, author)


async def check(world: World, stepper: Stepper, viewer: int = ALICE) -> None:
    """The home is what the truth says, and it is a kept one."""
    await stepper.finish()
    stepper.free = True
    await world.settle()
    assert await world.home(viewer) == world.truth.home(viewer)
    reading = await world.feeds.read(home_of(viewer), before=TOP, limit=100)
    assert reading.state is State.READY


async def test_a_post_is_delivered_between_the_builders_read_and_its_end(
    world: World, stepper: Stepper
) -> None:
    stepper.free = False
    await stepper.begin(world.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    world.truth.entries.add(post(10, BOB))
    await world.feeds.add(post(10, BOB), [home_of(ALICE)])

    await check(world, stepper)


async def test_a_post_is_delivered_just_before_the_builder_begins(
    world: World, stepper: Stepper
) -> None:
    stepper.free = False
    await stepper.begin(world.homes.latest(ALICE, limit=5))
    await stepper.until("begin")

    world.truth.entries.add(post(10, BOB))
    await world.feeds.add(post(10, BOB), [home_of(ALICE)])

    await check(world, stepper)


async def test_a_follow_is_handled_while_the_home_is_built(world: World, stepper: Stepper) -> None:
    world.truth.entries.add(post(10, CAROL))
    stepper.free = False
    await stepper.begin(world.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    stepper.free = True
    await world.follow(ALICE, CAROL)
    stepper.free = False

    await check(world, stepper)


async def test_an_unfollow_is_handled_while_the_home_is_built(
    world: World, stepper: Stepper
) -> None:
    world.truth.entries.add(post(10, BOB))
    stepper.free = False
    await stepper.begin(world.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    stepper.free = True
    await world.unfollow(ALICE, BOB)
    stepper.free = False

    await check(world, stepper)


async def test_an_unmute_is_handled_while_the_home_is_built(world: World, stepper: Stepper) -> None:
    world.truth.entries.add(post(10, BOB))
    await world.mute(ALICE, BOB)
    stepper.free = False
    await stepper.begin(world.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    stepper.free = True
    await world.unmute(ALICE, BOB)
    stepper.free = False

    await check(world, stepper)


async def test_a_delivery_that_listed_the_follower_comes_after_the_unfollow(
    world: World, stepper: Stepper
) -> None:
    await world.home(ALICE)
    world.truth.entries.add(post(10, BOB))
    stepper.free = False
    await stepper.begin(world.fan_out.deliver(post(10, BOB)))
    await stepper.until("add")

    stepper.free = True
    await world.unfollow(ALICE, BOB)
    stepper.free = False

    await check(world, stepper)


async def test_that_delivery_comes_after_unfollow_and_rebuild(
    world: World, stepper: Stepper
) -> None:
    world.truth.entries.add(post(10, BOB))
    stepper.free = False
    await stepper.begin(world.fan_out.deliver(post(10, BOB)))
    await stepper.until("add")

    stepper.free = True
    await world.unfollow(ALICE, BOB)
    await world.home(ALICE)
    stepper.free = False

    await check(world, stepper)


async def test_a_post_is_delivered_between_the_reading_and_the_writing_of_a_merge(
    world: World, stepper: Stepper
) -> None:
    await world.home(ALICE)
    world.truth.edges.add((ALICE, CAROL))
    stepper.free = False
    await stepper.begin(world.follows.followed(ALICE, CAROL))
    await stepper.until("merge")

    world.truth.entries.add(post(10, CAROL))
    await world.feeds.add(post(10, CAROL), [home_of(ALICE)])

    await check(world, stepper)


async def test_a_post_is_delivered_before_a_second_follow_is_noticed(
    world: World, stepper: Stepper
) -> None:
    await world.home(ALICE)
    await world.unfollow(ALICE, BOB)
    world.truth.edges.add((ALICE, BOB))
    await world.post(10, BOB)
    stepper.free = False

    await stepper.begin(world.follows.followed(ALICE, BOB))

    await check(world, stepper)


async def test_a_repost_is_undone_between_the_reading_and_the_writing_of_a_merge(
    world: World, stepper: Stepper
) -> None:
    repost = Entry(20, CAROL, 5, 9)
    world.truth.entries.add(repost)
    await world.home(ALICE)
    world.truth.edges.add((ALICE, CAROL))
    stepper.free = False
    await stepper.begin(world.follows.followed(ALICE, CAROL))
    await stepper.until("merge")

    stepper.free = True
    await world.undo(repost)
    stepper.free = False

    await check(world, stepper)


async def test_a_repost_is_undone_while_the_home_is_built(world: World, stepper: Stepper) -> None:
    repost = Entry(20, BOB, 5, 9)
    world.truth.entries.add(repost)
    stepper.free = False
    await stepper.begin(world.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    stepper.free = True
    await world.undo(repost)
    stepper.free = False

    await check(world, stepper)


async def test_a_removal_queues_up_behind_the_delivery_it_takes_back() -> None:
    world = World(page=2)
    fans = [11, 12, 13, 14, 15]
    for fan in fans:
        await world.follow(fan, BOB)
        await world.home(fan)
    repost = Entry(20, BOB, 5, 9)
    world.truth.entries.add(repost)
    await world.fan_out.deliver(repost)
    world.truth.entries.discard(repost)

    await world.fan_out.withdraw(repost)
    await world.settle()

    assert [await world.home(fan) for fan in fans] == [[]] * 5


async def test_a_follow_of_a_celebrity_is_handled_while_a_reader_finds_out_whom_to_merge(
    world: World, stepper: Stepper
) -> None:
    for fan in (ALICE, CAROL, DAVE):
        await world.follow(fan, 9)
    await world.post(10, 9)
    await world.home(ALICE)
    await world.unfollow(ALICE, 9)
    stepper.free = False
    await stepper.begin(world.homes.latest(ALICE, limit=5))
    await stepper.until("renew_note")

    stepper.free = True
    await world.follow(ALICE, 9)
    stepper.free = False

    await check(world, stepper)


async def test_an_author_becomes_a_celebrity_while_a_home_is_built(
    world: World, stepper: Stepper
) -> None:
    await world.follow(CAROL, BOB)
    stepper.free = False
    await stepper.begin(world.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    stepper.free = True
    await world.follow(DAVE, BOB)
    await world.post(10, BOB)
    stepper.free = False

    await check(world, stepper)


async def test_a_celebrity_posts_while_the_own_feed_is_built(
    world: World, stepper: Stepper
) -> None:
    await world.follow(CAROL, BOB)
    await world.follow(DAVE, BOB)
    await world.post(10, BOB)
    stepper.free = False
    reader = await stepper.begin(world.builds.author(BOB))
    await stepper.until("finish")

    stepper.free = True
    await world.post(11, BOB)
    stepper.free = False

    await check(world, stepper)
    reading = await world.feeds.read(posts_of(BOB), before=TOP, limit=5)
    assert reader.result()
    assert [entry.entry_id for entry in reading.entries] == [11, 10]


async def test_a_builder_that_is_disturbed_again_and_again_leaves_the_answer_to_the_truth(
    world: World, stepper: Stepper
) -> None:
    world.truth.entries.add(post(10, BOB))
    stepper.free = False
    reading = await stepper.begin(world.homes.latest(ALICE, limit=5))

    while not reading.done():
        if stepper.held == ["finish"]:
            await world.feeds.hide(home_of(ALICE), 99, for_good=False)
        await stepper.step()

    assert [entry.entry_id for entry in reading.result().entries] == [10]


async def test_a_reader_who_goes_away_does_not_stop_the_build(
    world: World, stepper: Stepper
) -> None:
    world.truth.entries.add(post(10, BOB))
    stepper.free = False
    impatient = await stepper.begin(world.homes.latest(ALICE, limit=5))
    await stepper.until("newest")
    patient = await stepper.begin(world.homes.latest(ALICE, limit=5))
    await stepper.step(1)

    impatient.cancel()
    while not patient.done():
        await stepper.step()

    assert [entry.entry_id for entry in patient.result().entries] == [10]

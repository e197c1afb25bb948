"""Things that happen at the same time, stopped at the very moment where they could go wrong.

Each test is one of the interleavings that services/timeline/README.md argues about.
"""

import pytest

from services.timeline.domain.feeds import State
from services.timeline.domain.model import TOP, Entry, home_of, posts_of
from tests.unit.timeline.scenario import Scenario
from tests.unit.timeline.stepping import Stepper

ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4


@pytest.fixture
def stepper() -> Stepper:
    stepper = Stepper()
    stepper.free = True
    return stepper


@pytest.fixture
async def scenario(stepper: Stepper) -> Scenario:
    scenario = Scenario(threshold=2, pace=stepper.pace)
    await scenario.follow(ALICE, BOB)
    return scenario


def post(entry_id: int, author: int) -> Entry:
    return Entry(entry_id, author, entry_id, author)


async def check(scenario: Scenario, stepper: Stepper, viewer: int = ALICE) -> None:
    """The home is what the truth says, and it is a kept one."""
    await stepper.finish()
    stepper.free = True
    await scenario.settle()
    assert await scenario.home(viewer) == scenario.truth.home(viewer)
    reading = await scenario.feeds.read(home_of(viewer), before=TOP, limit=100)
    assert reading.state is State.READY


async def test_a_post_is_delivered_between_the_builders_read_and_its_end(
    scenario: Scenario, stepper: Stepper
) -> None:
    stepper.free = False
    await stepper.begin(scenario.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    scenario.truth.entries.add(post(10, BOB))
    await scenario.feeds.add(post(10, BOB), [home_of(ALICE)])

    await check(scenario, stepper)


async def test_a_post_is_delivered_just_before_the_builder_begins(
    scenario: Scenario, stepper: Stepper
) -> None:
    stepper.free = False
    await stepper.begin(scenario.homes.latest(ALICE, limit=5))
    await stepper.until("begin")

    scenario.truth.entries.add(post(10, BOB))
    await scenario.feeds.add(post(10, BOB), [home_of(ALICE)])

    await check(scenario, stepper)


async def test_a_follow_is_handled_while_the_home_is_built(
    scenario: Scenario, stepper: Stepper
) -> None:
    scenario.truth.entries.add(post(10, CAROL))
    stepper.free = False
    await stepper.begin(scenario.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    stepper.free = True
    await scenario.follow(ALICE, CAROL)
    stepper.free = False

    await check(scenario, stepper)


async def test_an_unfollow_is_handled_while_the_home_is_built(
    scenario: Scenario, stepper: Stepper
) -> None:
    scenario.truth.entries.add(post(10, BOB))
    stepper.free = False
    await stepper.begin(scenario.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    stepper.free = True
    await scenario.unfollow(ALICE, BOB)
    stepper.free = False

    await check(scenario, stepper)


async def test_an_unmute_is_handled_while_the_home_is_built(
    scenario: Scenario, stepper: Stepper
) -> None:
    scenario.truth.entries.add(post(10, BOB))
    await scenario.mute(ALICE, BOB)
    stepper.free = False
    await stepper.begin(scenario.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    stepper.free = True
    await scenario.unmute(ALICE, BOB)
    stepper.free = False

    await check(scenario, stepper)


async def test_a_delivery_that_listed_the_follower_comes_after_the_unfollow(
    scenario: Scenario, stepper: Stepper
) -> None:
    await scenario.home(ALICE)
    scenario.truth.entries.add(post(10, BOB))
    stepper.free = False
    await stepper.begin(scenario.fan_out.deliver(post(10, BOB)))
    await stepper.until("add")

    stepper.free = True
    await scenario.unfollow(ALICE, BOB)
    stepper.free = False

    await check(scenario, stepper)


async def test_that_delivery_comes_after_unfollow_and_rebuild(
    scenario: Scenario, stepper: Stepper
) -> None:
    scenario.truth.entries.add(post(10, BOB))
    stepper.free = False
    await stepper.begin(scenario.fan_out.deliver(post(10, BOB)))
    await stepper.until("add")

    stepper.free = True
    await scenario.unfollow(ALICE, BOB)
    await scenario.home(ALICE)
    stepper.free = False

    await check(scenario, stepper)


async def test_a_post_is_delivered_between_the_reading_and_the_writing_of_a_merge(
    scenario: Scenario, stepper: Stepper
) -> None:
    await scenario.home(ALICE)
    scenario.truth.edges.add((ALICE, CAROL))
    stepper.free = False
    await stepper.begin(scenario.follows.followed(ALICE, CAROL))
    await stepper.until("merge")

    scenario.truth.entries.add(post(10, CAROL))
    await scenario.feeds.add(post(10, CAROL), [home_of(ALICE)])

    await check(scenario, stepper)


async def test_a_post_is_delivered_before_a_second_follow_is_noticed(
    scenario: Scenario, stepper: Stepper
) -> None:
    await scenario.home(ALICE)
    await scenario.unfollow(ALICE, BOB)
    scenario.truth.edges.add((ALICE, BOB))
    await scenario.post(10, BOB)
    stepper.free = False

    await stepper.begin(scenario.follows.followed(ALICE, BOB))

    await check(scenario, stepper)


async def test_a_repost_is_undone_between_the_reading_and_the_writing_of_a_merge(
    scenario: Scenario, stepper: Stepper
) -> None:
    repost = Entry(20, CAROL, 5, 9)
    scenario.truth.entries.add(repost)
    await scenario.home(ALICE)
    scenario.truth.edges.add((ALICE, CAROL))
    stepper.free = False
    await stepper.begin(scenario.follows.followed(ALICE, CAROL))
    await stepper.until("merge")

    stepper.free = True
    await scenario.undo(repost)
    stepper.free = False

    await check(scenario, stepper)


async def test_a_repost_is_undone_while_the_home_is_built(
    scenario: Scenario, stepper: Stepper
) -> None:
    repost = Entry(20, BOB, 5, 9)
    scenario.truth.entries.add(repost)
    stepper.free = False
    await stepper.begin(scenario.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    stepper.free = True
    await scenario.undo(repost)
    stepper.free = False

    await check(scenario, stepper)


async def test_a_removal_queues_up_behind_the_delivery_it_takes_back() -> None:
    scenario = Scenario(page=2)
    fans = [11, 12, 13, 14, 15]
    for fan in fans:
        await scenario.follow(fan, BOB)
        await scenario.home(fan)
    repost = Entry(20, BOB, 5, 9)
    scenario.truth.entries.add(repost)
    await scenario.fan_out.deliver(repost)
    scenario.truth.entries.discard(repost)

    await scenario.fan_out.withdraw(repost)
    await scenario.settle()

    assert [await scenario.home(fan) for fan in fans] == [[]] * 5


async def test_a_follow_of_a_celebrity_is_handled_while_a_reader_finds_out_whom_to_merge(
    scenario: Scenario, stepper: Stepper
) -> None:
    for fan in (ALICE, CAROL, DAVE):
        await scenario.follow(fan, 9)
    await scenario.post(10, 9)
    await scenario.home(ALICE)
    await scenario.unfollow(ALICE, 9)
    stepper.free = False
    await stepper.begin(scenario.homes.latest(ALICE, limit=5))
    await stepper.until("renew_merge_note")

    stepper.free = True
    await scenario.follow(ALICE, 9)
    stepper.free = False

    await check(scenario, stepper)


async def test_an_author_becomes_a_celebrity_while_a_home_is_built(
    scenario: Scenario, stepper: Stepper
) -> None:
    await scenario.follow(CAROL, BOB)
    stepper.free = False
    await stepper.begin(scenario.homes.latest(ALICE, limit=5))
    await stepper.until("finish")

    stepper.free = True
    await scenario.follow(DAVE, BOB)
    await scenario.post(10, BOB)
    stepper.free = False

    await check(scenario, stepper)


async def test_a_celebrity_posts_while_the_own_feed_is_built(
    scenario: Scenario, stepper: Stepper
) -> None:
    await scenario.follow(CAROL, BOB)
    await scenario.follow(DAVE, BOB)
    await scenario.post(10, BOB)
    stepper.free = False
    reader = await stepper.begin(scenario.feed_builder.author(BOB))
    await stepper.until("finish")

    stepper.free = True
    await scenario.post(11, BOB)
    stepper.free = False

    await check(scenario, stepper)
    reading = await scenario.feeds.read(posts_of(BOB), before=TOP, limit=5)
    assert reader.result()
    assert [entry.entry_id for entry in reading.entries] == [11, 10]


async def test_a_builder_that_is_disturbed_again_and_again_leaves_the_answer_to_the_truth(
    scenario: Scenario, stepper: Stepper
) -> None:
    scenario.truth.entries.add(post(10, BOB))
    stepper.free = False
    reading = await stepper.begin(scenario.homes.latest(ALICE, limit=5))

    while not reading.done():
        if stepper.held == ["finish"]:
            await scenario.feeds.hide(home_of(ALICE), 99, for_good=False)
        await stepper.step()

    assert [entry.entry_id for entry in reading.result().entries] == [10]


async def test_a_reader_who_goes_away_does_not_stop_the_build(
    scenario: Scenario, stepper: Stepper
) -> None:
    scenario.truth.entries.add(post(10, BOB))
    stepper.free = False
    impatient = await stepper.begin(scenario.homes.latest(ALICE, limit=5))
    await stepper.until("newest")
    patient = await stepper.begin(scenario.homes.latest(ALICE, limit=5))
    await stepper.step(1)

    impatient.cancel()
    while not patient.done():
        await stepper.step()

    assert [entry.entry_id for entry in patient.result().entries] == [10]

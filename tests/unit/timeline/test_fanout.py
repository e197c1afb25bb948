"""Fan-out, step by step."""

import pytest

from services.chassis.runtime.errors import Unavailable
from services.timeline.domain.fanout import Delivered, FanOut, Rest
from services.timeline.domain.feeds import home_of
from services.timeline.domain.model import TOP, Entry
from tests.unit.timeline.world import World

AUTHOR = 100
FANS = [1, 2, 3, 4, 5]
POST = Entry(50, AUTHOR, 50, AUTHOR)


@pytest.fixture
async def world() -> World:
    world = World(page=2)
    for fan in FANS:
        world.truth.edges.add((fan, AUTHOR))
        await world.home(fan)
    await world.home(AUTHOR)
    world.truth.entries.add(POST)
    world.truth.calls.clear()
    return world


async def reached(world: World) -> list[int]:
    found = []
    for person in [*FANS, AUTHOR]:
        reading = await world.feeds.read(home_of(person), before=TOP, limit=5)
        if POST in reading.entries:
            found.append(person)
    return found


async def test_a_step_reaches_one_page_and_leaves_the_rest(world: World) -> None:
    await world.fan_out.deliver(POST)
    first = await reached(world)
    await world.fan_out.go_on(world.rests.pop(0))
    second = await reached(world)
    await world.fan_out.go_on(world.rests.pop(0))

    assert first == [1, 2, AUTHOR]
    assert second == [1, 2, 3, 4, AUTHOR]
    assert await reached(world) == [*FANS, AUTHOR]
    assert world.rests == []


async def test_a_step_says_whom_it_reached(world: World) -> None:
    first = await world.fan_out.deliver(POST)
    second = await world.fan_out.go_on(world.rests.pop(0))
    third = await world.fan_out.go_on(world.rests.pop(0))

    assert first == Delivered(POST, 0, [AUTHOR, 1, 2])
    assert second == Delivered(POST, 2, [3, 4])
    assert third == Delivered(POST, 4, [5])


async def test_a_removal_delivers_nothing(world: World) -> None:
    await world.fan_out.withdraw(POST)

    assert await world.fan_out.go_on(world.rests.pop(0)) is None


async def test_a_step_that_comes_again_changes_nothing(world: World) -> None:
    await world.fan_out.deliver(POST)
    await world.fan_out.deliver(POST)
    await world.settle()

    assert await reached(world) == [*FANS, AUTHOR]
    assert await world.home(1) == [POST]


async def test_a_step_fails_if_the_rest_is_not_safe(world: World) -> None:
    async def lose(_: Rest) -> None:
        raise Unavailable

    fan_out = FanOut(
        feeds=world.feeds,
        graph=world.truth,
        celebrities=world.celebrities,
        threshold=1000,
        publish=lose,
    )

    with pytest.raises(Unavailable):
        await fan_out.deliver(POST)


async def test_a_celebrity_costs_one_look_at_the_followers_and_then_none(world: World) -> None:
    fan_out = FanOut(
        feeds=world.feeds,
        graph=world.truth,
        celebrities=world.celebrities,
        threshold=len(FANS) - 1,
        publish=world.rests.append,  # type: ignore[arg-type]
    )

    promoted = await fan_out.deliver(POST)
    known = await fan_out.deliver(Entry(51, AUTHOR, 51, AUTHOR))

    assert promoted.user_ids is None
    assert known.user_ids is None
    assert world.truth.calls.count("followers") == 1
    assert await reached(world) == [AUTHOR]
    assert world.rests == []


async def test_whoever_has_as_many_followers_as_the_threshold_is_fanned_out(world: World) -> None:
    fan_out = FanOut(
        feeds=world.feeds,
        graph=world.truth,
        celebrities=world.celebrities,
        threshold=len(FANS),
        publish=world.fan_out.go_on,
    )

    await fan_out.deliver(POST)

    assert AUTHOR not in await world.celebrities.known()


async def test_a_promotion_that_could_not_be_told_is_told_again(world: World) -> None:
    async def fail(_: int) -> None:
        raise Unavailable

    raise_version = world.cache.raise_celebrity_version
    world.cache.raise_celebrity_version = fail  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await world.celebrities.promote(AUTHOR, followers=5)
    world.cache.raise_celebrity_version = raise_version  # type: ignore[method-assign]

    assert AUTHOR in await world.celebrities.known()
    assert await world.cache.celebrity_version() == 1

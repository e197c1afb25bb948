"""Fan-out, step by step."""

from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.chassis.runtime.errors import Unavailable
from services.chassis.runtime.ids import first_id_at
from services.timeline.domain.fanout import Delivered, FanOut, RemainingSteps
from services.timeline.domain.model import TOP, Entry, home_of
from tests.unit.timeline.scenario import Scenario

AUTHOR = 100
FANS = [1, 2, 3, 4, 5]
POST = Entry(50, AUTHOR, 50, AUTHOR)


@pytest.fixture
async def scenario() -> Scenario:
    scenario = Scenario(page=2)
    for fan in FANS:
        scenario.truth.edges.add((fan, AUTHOR))
        await scenario.home(fan)
    await scenario.home(AUTHOR)
    scenario.truth.entries.add(POST)
    scenario.truth.calls.clear()
    return scenario


async def reached(scenario: Scenario) -> list[int]:
    found = []
    for person in [*FANS, AUTHOR]:
        reading = await scenario.feeds.read(home_of(person), before=TOP, limit=5)
        if POST in reading.entries:
            found.append(person)
    return found


async def test_a_step_reaches_one_page_and_leaves_the_rest(scenario: Scenario) -> None:
    await scenario.fan_out.deliver(POST)
    first = await reached(scenario)
    await scenario.fan_out.continue_fan_out(scenario.rests.pop(0))
    second = await reached(scenario)
    await scenario.fan_out.continue_fan_out(scenario.rests.pop(0))

    assert first == [1, 2, AUTHOR]
    assert second == [1, 2, 3, 4, AUTHOR]
    assert await reached(scenario) == [*FANS, AUTHOR]
    assert scenario.rests == []


async def test_each_step_that_delivers_notes_the_age_of_its_post(scenario: Scenario) -> None:
    made = scenario.clock.now() - timedelta(seconds=3)
    post = Entry(first_id_at(made), AUTHOR, 50, AUTHOR)
    steps, seconds = delays()

    await scenario.fan_out.deliver(post)
    scenario.clock.advance(4.0)
    await scenario.fan_out.continue_fan_out(scenario.rests.pop(0))
    await scenario.fan_out.withdraw(post)
    await scenario.fan_out.continue_fan_out(scenario.rests.pop())

    assert delays() == (steps + 2, pytest.approx(seconds + 3.0 + 7.0))


def delays() -> tuple[float, float]:
    name = "roost_timeline_fan_out_delay_seconds"
    count, total = (REGISTRY.get_sample_value(f"{name}_{each}") or 0.0 for each in ("count", "sum"))
    return count, total


async def test_a_step_says_whom_it_reached(scenario: Scenario) -> None:
    first = await scenario.fan_out.deliver(POST)
    second = await scenario.fan_out.continue_fan_out(scenario.rests.pop(0))
    third = await scenario.fan_out.continue_fan_out(scenario.rests.pop(0))

    assert first == Delivered(POST, 0, [AUTHOR, 1, 2])
    assert second == Delivered(POST, 2, [3, 4])
    assert third == Delivered(POST, 4, [5])


async def test_a_removal_delivers_nothing(scenario: Scenario) -> None:
    await scenario.fan_out.withdraw(POST)

    assert await scenario.fan_out.continue_fan_out(scenario.rests.pop(0)) is None


async def test_a_step_that_comes_again_changes_nothing(scenario: Scenario) -> None:
    await scenario.fan_out.deliver(POST)
    await scenario.fan_out.deliver(POST)
    await scenario.settle()

    assert await reached(scenario) == [*FANS, AUTHOR]
    assert await scenario.home(1) == [POST]


async def test_a_step_fails_if_the_rest_is_not_safe(scenario: Scenario) -> None:
    async def lose(_: RemainingSteps) -> None:
        raise Unavailable

    fan_out = FanOut(
        feeds=scenario.feeds,
        graph=scenario.truth,
        celebrities=scenario.celebrities,
        threshold=1000,
        publish=lose,
        clock=scenario.clock,
    )

    with pytest.raises(Unavailable):
        await fan_out.deliver(POST)


async def test_a_celebrity_costs_one_look_at_the_followers_and_then_none(
    scenario: Scenario,
) -> None:
    fan_out = FanOut(
        feeds=scenario.feeds,
        graph=scenario.truth,
        celebrities=scenario.celebrities,
        threshold=len(FANS) - 1,
        publish=scenario.rests.append,  # type: ignore[arg-type]
        clock=scenario.clock,
    )

    promoted = await fan_out.deliver(POST)
    known = await fan_out.deliver(Entry(51, AUTHOR, 51, AUTHOR))

    assert promoted.user_ids is None
    assert known.user_ids is None
    assert scenario.truth.calls.count("followers") == 1
    assert await reached(scenario) == [AUTHOR]
    assert scenario.rests == []


async def test_whoever_has_as_many_followers_as_the_threshold_is_fanned_out(
    scenario: Scenario,
) -> None:
    fan_out = FanOut(
        feeds=scenario.feeds,
        graph=scenario.truth,
        celebrities=scenario.celebrities,
        threshold=len(FANS),
        publish=scenario.fan_out.continue_fan_out,
        clock=scenario.clock,
    )

    await fan_out.deliver(POST)

    assert AUTHOR not in await scenario.celebrities.known()


async def test_a_promotion_that_could_not_be_told_is_told_again(scenario: Scenario) -> None:
    async def fail(_: int, *, announced: bool = False) -> None:
        raise Unavailable

    raise_version = scenario.cache.raise_celebrity_version
    scenario.cache.raise_celebrity_version = fail  # type: ignore[method-assign]
    with pytest.raises(Unavailable):
        await scenario.celebrities.promote(AUTHOR, followers=5)
    scenario.cache.raise_celebrity_version = raise_version  # type: ignore[method-assign]

    assert AUTHOR in await scenario.celebrities.known()
    assert await scenario.cache.celebrity_version() == 1

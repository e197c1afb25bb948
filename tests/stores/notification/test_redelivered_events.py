"""Events that are repeated, reordered, concurrent, or consumed by a process that dies."""

import asyncio

import pytest
from roost.post.v1.post_events_pb2 import PostLiked

from services.chassis.events.records import Event, Undecodable
from services.chassis.runtime.errors import Unavailable
from services.notification.worker.consumer import envelopes_of
from tests.stores.notification.scenario import (
    ALICE,
    BOB,
    CAROL,
    Scenario,
    blocked,
    created,
    deleted,
    followed,
    liked,
    muted,
    unliked,
    unmuted,
)


async def test_an_event_that_comes_again_does_nothing(scenario: Scenario) -> None:
    post = scenario.post(ALICE)
    events = [scenario.event(each) for each in (liked(BOB, post), unliked(BOB, post))]

    await scenario.consume([events[0], events[0]])
    once = await scenario.groups(ALICE)
    await scenario.consume(events)
    await scenario.consume(events[:1])

    assert [each.count for each in once] == [1]
    assert await scenario.listed(ALICE) == []


async def test_nothing_is_notified_while_the_graph_is_unavailable_and_all_of_it_later(
    scenario: Scenario,
) -> None:
    post = scenario.post(ALICE)
    events = [scenario.event(followed(BOB, ALICE)), scenario.event(liked(BOB, post))]

    async def away() -> None:
        raise Unavailable

    scenario.graph.before_answer = away
    with pytest.raises(Unavailable):
        await scenario.consume(events)
    in_between = await scenario.listed(ALICE)
    scenario.graph.before_answer = None
    await scenario.consume(events)

    assert in_between == []
    assert await scenario.listed(ALICE) == [("like", post.id, (BOB,)), ("follow", 0, (BOB,))]


async def test_a_process_that_is_killed_between_two_steps_leaves_nothing_behind(
    scenario: Scenario,
) -> None:
    post = scenario.post(ALICE, mentions=[BOB, CAROL])
    await scenario.handle(created(post))
    gone = scenario.event(deleted(post))

    # The transaction of the event is committed, and the cleanup after it never begins.
    envelopes = envelopes_of([gone])
    assert envelopes
    await scenario.notifier.handle(envelopes)
    halfway = await scenario.listed(BOB)
    await scenario.consume([gone])

    assert halfway != []
    assert [await scenario.listed(each) for each in (BOB, CAROL)] == [[], []]


async def test_a_block_is_not_missed_while_an_activity_is_added(scenario: Scenario) -> None:
    post = scenario.post(ALICE)
    blocking: list[asyncio.Task[list[Event]]] = []

    async def block() -> None:
        # The block begins after the answer, and its event arrives before the activity is stored.
        scenario.graph.before_answer = None
        scenario.graph.blocks.add((ALICE, BOB))
        blocking.append(asyncio.create_task(scenario.handle(blocked(ALICE, BOB))))
        await asyncio.sleep(0.05)

    scenario.graph.before_answer = block
    await scenario.handle(liked(BOB, post))
    await asyncio.gather(*blocking)

    assert await scenario.listed(ALICE) == []


async def test_a_mute_that_ends_while_an_activity_is_added_hides_nothing(
    scenario: Scenario,
) -> None:
    post = scenario.post(ALICE)
    await scenario.handle(muted(ALICE, BOB))
    scenario.graph.mutes.add((ALICE, BOB))
    ending: list[asyncio.Task[list[Event]]] = []

    async def unmute() -> None:
        scenario.graph.before_answer = None
        scenario.graph.mutes.clear()
        ending.append(asyncio.create_task(scenario.handle(unmuted(ALICE, BOB))))
        await asyncio.sleep(0.05)

    scenario.graph.before_answer = unmute
    await scenario.handle(liked(BOB, post))
    await asyncio.gather(*ending)

    assert await scenario.listed(ALICE) == [("like", post.id, (BOB,))]


async def test_two_workers_that_have_the_same_event_notify_once(scenario: Scenario) -> None:
    post = scenario.post(ALICE)
    events = [scenario.event(liked(each, post)) for each in (BOB, CAROL)]

    await asyncio.gather(*(scenario.consume(events) for _ in range(4)))

    (group,) = await scenario.groups(ALICE)
    assert group.count == 2


async def test_workers_with_the_same_people_do_not_wait_in_a_circle(scenario: Scenario) -> None:
    of_alice, of_bob = scenario.post(ALICE), scenario.post(BOB)

    async def work() -> None:
        await scenario.handle(
            liked(CAROL, of_alice), liked(CAROL, of_bob), unliked(CAROL, of_alice)
        )
        await scenario.handle(liked(CAROL, of_bob), liked(CAROL, of_alice), unliked(CAROL, of_bob))

    await asyncio.gather(*(work() for _ in range(4)))

    assert len(await scenario.groups(ALICE)) == 1


async def test_an_event_that_cannot_be_read_is_named(scenario: Scenario) -> None:
    broken = scenario.event(liked(BOB, scenario.post(ALICE)))
    object.__setattr__(broken, "payload", b"\xff\xff")

    with pytest.raises(Undecodable):
        await scenario.consume([broken])

    assert broken.type == PostLiked.DESCRIPTOR.full_name
    assert await scenario.listed(ALICE) == []

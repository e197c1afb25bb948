"""Events that come again, in another order, side by side, or to a process that dies."""

import asyncio

import pytest
from roost.post.v1.post_events_pb2 import PostLiked

from services.chassis.events.records import Event, Undecodable
from services.chassis.runtime.errors import Unavailable
from services.notification.worker.consumer import cause_of
from tests.stores.notification.world import (
    ALICE,
    BOB,
    CAROL,
    World,
    blocked,
    created,
    deleted,
    followed,
    liked,
    muted,
    unliked,
    unmuted,
)


async def test_an_event_that_comes_again_does_nothing(world: World) -> None:
    post = world.post(ALICE)
    events = [world.event(each) for each in (liked(BOB, post), unliked(BOB, post))]

    await world.causes([events[0], events[0]])
    once = await world.groups(ALICE)
    await world.causes(events)
    await world.causes(events[:1])

    assert [each.count for each in once] == [1]
    assert await world.told(ALICE) == []


async def test_nothing_is_told_while_the_graph_is_away_and_all_of_it_later(world: World) -> None:
    post = world.post(ALICE)
    events = [world.event(followed(BOB, ALICE)), world.event(liked(BOB, post))]

    async def away() -> None:
        raise Unavailable

    world.graph.meanwhile = away
    with pytest.raises(Unavailable):
        await world.causes(events)
    meanwhile = await world.told(ALICE)
    world.graph.meanwhile = None
    await world.causes(events)

    assert meanwhile == []
    assert await world.told(ALICE) == [("like", post.id, (BOB,)), ("follow", 0, (BOB,))]


async def test_a_process_that_is_killed_between_two_steps_leaves_nothing_behind(
    world: World,
) -> None:
    post = world.post(ALICE, mentions=[BOB, CAROL])
    await world.hear(created(post))
    gone = world.event(deleted(post))

    # The transaction of the event is committed, and the steps after it never begin.
    heard = cause_of(gone)
    assert heard is not None
    await world.telling.hear([heard])
    halfway = await world.told(BOB)
    await world.causes([gone])

    assert halfway != []
    assert [await world.told(each) for each in (BOB, CAROL)] == [[], []]


async def test_a_block_is_not_missed_while_a_deed_is_under_way(world: World) -> None:
    post = world.post(ALICE)
    blocking: list[asyncio.Task[list[Event]]] = []

    async def block() -> None:
        # It comes into force just after the answer, and its event arrives before the deed is in.
        world.graph.meanwhile = None
        world.graph.blocks.add((ALICE, BOB))
        blocking.append(asyncio.create_task(world.hear(blocked(ALICE, BOB))))
        await asyncio.sleep(0.05)

    world.graph.meanwhile = block
    await world.hear(liked(BOB, post))
    await asyncio.gather(*blocking)

    assert await world.told(ALICE) == []


async def test_a_mute_that_ends_while_a_deed_is_under_way_hides_nothing(world: World) -> None:
    post = world.post(ALICE)
    await world.hear(muted(ALICE, BOB))
    world.graph.mutes.add((ALICE, BOB))
    ending: list[asyncio.Task[list[Event]]] = []

    async def unmute() -> None:
        world.graph.meanwhile = None
        world.graph.mutes.clear()
        ending.append(asyncio.create_task(world.hear(unmuted(ALICE, BOB))))
        await asyncio.sleep(0.05)

    world.graph.meanwhile = unmute
    await world.hear(liked(BOB, post))
    await asyncio.gather(*ending)

    assert await world.told(ALICE) == [("like", post.id, (BOB,))]


async def test_two_workers_that_have_the_same_event_tell_once(world: World) -> None:
    post = world.post(ALICE)
    events = [world.event(liked(each, post)) for each in (BOB, CAROL)]

    await asyncio.gather(*(world.causes(events) for _ in range(4)))

    (group,) = await world.groups(ALICE)
    assert group.count == 2


async def test_workers_with_the_same_people_do_not_wait_in_a_circle(world: World) -> None:
    of_alice, of_bob = world.post(ALICE), world.post(BOB)

    async def work() -> None:
        await world.hear(liked(CAROL, of_alice), liked(CAROL, of_bob), unliked(CAROL, of_alice))
        await world.hear(liked(CAROL, of_bob), liked(CAROL, of_alice), unliked(CAROL, of_bob))

    await asyncio.gather(*(work() for _ in range(4)))

    assert len(await world.groups(ALICE)) == 1


async def test_an_event_that_cannot_be_read_is_named(world: World) -> None:
    broken = world.event(liked(BOB, world.post(ALICE)))
    object.__setattr__(broken, "payload", b"\xff\xff")

    with pytest.raises(Undecodable):
        await world.causes([broken])

    assert broken.type == PostLiked.DESCRIPTOR.full_name
    assert await world.told(ALICE) == []

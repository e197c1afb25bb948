"""Which event leads to what."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from roost.post.v1 import post_events_pb2, post_pb2
from roost.timeline.v1 import timeline_events_pb2
from roost.user.v1 import user_events_pb2, user_pb2

from services.chassis.events.bus import Routes
from services.chassis.events.records import Event, OutboxMessage, Undecodable
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unavailable
from services.timeline.domain.fanout import Delivered, RemainingSteps
from services.timeline.domain.model import TOP, Entry
from services.timeline.rpc.events import TimelineEvents, remaining_from_proto, remaining_to_proto
from services.timeline.worker.consumer import (
    HomeTimelines,
    PublicTimeline,
    by_key,
    together,
)
from tests.unit.timeline.scenario import Scenario

ALICE, BOB, CAROL, DAVE = 1, 2, 3, 4


def event(body: Any, key: int = 1) -> Event:
    message = OutboxMessage.of(topic="test", key=key, body=body)
    return Event.from_message(message, time=ManualClock().now(), traceparent=None)


def created(post_id: int, author: int = BOB, **fields: Any) -> Event:
    fields.setdefault("visibility", post_pb2.VISIBILITY_PUBLIC)
    post = post_pb2.Post(id=post_id, author_id=author, **fields)
    return event(post_events_pb2.PostCreated(post=post), key=author)


@pytest.fixture
async def scenario() -> Scenario:
    scenario = Scenario()
    await scenario.follow(ALICE, BOB)
    await scenario.home(ALICE)
    return scenario


class Announced:
    """Takes announcements, unless `away` is set."""

    def __init__(self) -> None:
        self.batches: list[list[Delivered]] = []
        self.away = False

    async def __call__(self, steps: Sequence[Delivered]) -> None:
        if self.away:
            raise Unavailable
        self.batches.append(list(steps))


def handler(scenario: Scenario, announced: Announced | None = None) -> HomeTimelines:
    return HomeTimelines(
        fan_out=scenario.fan_out, follows=scenario.follows, announce=announced or Announced()
    )


async def home(scenario: Scenario) -> list[int]:
    return [entry.entry_id for entry in (await scenario.homes.latest(ALICE, limit=50)).entries]


ANSWER_TO_OTHERS = {"reply_to_post_id": 5, "reply_to_author_id": CAROL}
OWN_THREAD = {"reply_to_post_id": 5, "reply_to_author_id": BOB}


@pytest.mark.parametrize(
    ("fields", "on_homes", "in_public"),
    [
        ({}, True, True),
        ({"visibility": post_pb2.VISIBILITY_FOLLOWERS}, True, False),
        ({"visibility": post_pb2.VISIBILITY_MENTIONED}, False, False),
        (ANSWER_TO_OTHERS, False, False),
        (OWN_THREAD, True, False),
        ({"quoted_post_id": 5}, True, True),
        (OWN_THREAD | {"visibility": post_pb2.VISIBILITY_MENTIONED}, False, False),
    ],
)
async def test_where_a_new_post_appears(
    scenario: Scenario, fields: dict[str, Any], on_homes: bool, in_public: bool
) -> None:
    await handler(scenario)([created(10, **fields)])
    await PublicTimeline(scenario.store)([created(10, **fields)])

    assert await home(scenario) == ([10] if on_homes else [])
    assert bool(await scenario.store.public(before=TOP, limit=5)) == in_public


async def test_reposts_come_and_go(scenario: Scenario) -> None:
    place = post_pb2.TimelineEntry(entry_id=20, post_id=5, author_id=CAROL, reposter_id=BOB)
    handle = handler(scenario)

    await handle([event(post_events_pb2.PostReposted(entry=place))])
    there = await home(scenario)
    await handle([event(post_events_pb2.RepostUndone(entry=place))])
    await scenario.settle()

    assert (there, await home(scenario)) == ([20], [])


async def test_the_rest_of_a_fan_out_travels_as_an_event(scenario: Scenario) -> None:
    remaining = RemainingSteps(Entry(20, BOB, 5, CAROL), 77, removal=True)
    own = RemainingSteps(Entry(21, BOB, 21, BOB), 0, removal=False)

    assert remaining_from_proto(remaining_to_proto(remaining)) == remaining
    assert remaining_from_proto(remaining_to_proto(own)) == own


async def test_continuations_reach_the_later_followers(scenario: Scenario) -> None:
    body = timeline_events_pb2.FanOutContinued(
        entry=post_pb2.TimelineEntry(entry_id=10, post_id=10, author_id=BOB)
    )

    await handler(scenario)([event(body)])

    assert await home(scenario) == [10]


async def test_graph_events_change_homes(scenario: Scenario) -> None:
    scenario.truth.edges |= {(ALICE, CAROL)}
    scenario.truth.entries |= {Entry(30, CAROL, 30, CAROL)}
    handle = handler(scenario)
    seen = []

    for body in (
        user_events_pb2.FollowCreated(follower_id=ALICE, followee_id=CAROL),
        user_events_pb2.MuteCreated(muter_id=ALICE, muted_id=CAROL),
        user_events_pb2.MuteRemoved(muter_id=ALICE, muted_id=CAROL),
        user_events_pb2.FollowRemoved(follower_id=ALICE, followee_id=CAROL),
    ):
        await handle([event(body)])
        seen.append(await home(scenario))

    assert seen == [[30], [], [30], []]


async def test_a_deleted_person_is_forgotten(scenario: Scenario) -> None:
    await scenario.store.add_mute(ALICE, BOB)

    handle = handler(scenario)
    await handle([event(user_events_pb2.UserDeleted(user_id=ALICE))])

    assert await scenario.store.muted_by(ALICE) == []


async def test_the_public_timeline_follows_a_batch_of_events(scenario: Scenario) -> None:
    public = PublicTimeline(scenario.store)

    await public(
        [
            created(10),
            created(11),
            created(12, author=CAROL),
            created(13, author=DAVE),
            event(post_events_pb2.PostDeleted(post_id=11, author_id=BOB)),
            event(user_events_pb2.UserUpdated(user=user_pb2.User(id=CAROL, protected=True))),
            event(user_events_pb2.UserDeleted(user_id=DAVE)),
        ]
    )

    assert [entry.post_id for entry in await scenario.store.public(before=TOP, limit=9)] == [10]


async def test_a_batch_that_comes_again_changes_nothing(scenario: Scenario) -> None:
    public = PublicTimeline(scenario.store)
    batch = [created(10), event(post_events_pb2.PostDeleted(post_id=10, author_id=BOB))]

    await public(batch)
    await public(batch)

    assert await scenario.store.public(before=TOP, limit=9) == []


async def test_what_cannot_be_read_is_said(scenario: Scenario) -> None:
    broken = created(10)
    broken = Event(**{name: getattr(broken, name) for name in broken.__slots__} | {"payload": b"x"})

    with pytest.raises(Undecodable):
        await PublicTimeline(scenario.store)([broken])
    with pytest.raises(Undecodable):
        await handler(scenario)([broken])


async def test_a_batch_goes_to_all_handlers_even_if_one_fails(scenario: Scenario) -> None:
    async def fail(_: object) -> None:
        raise Unavailable

    handle = together(fail, handler(scenario))

    with pytest.raises(Unavailable):
        await handle([created(10)])

    assert await home(scenario) == [10]


class TestAnnouncing:
    async def test_a_batch_is_announced_at_once(self, scenario: Scenario) -> None:
        announced = Announced()
        remaining = remaining_to_proto(RemainingSteps(Entry(12, BOB, 12, BOB), 0, removal=False))
        removal = remaining_to_proto(RemainingSteps(Entry(12, BOB, 12, BOB), 0, removal=True))

        await handler(scenario, announced)(
            [
                created(10),
                created(11, author=CAROL),
                event(remaining, key=BOB),
                event(removal, key=BOB),
                created(13, **ANSWER_TO_OTHERS),
            ]
        )

        (batch,) = announced.batches
        assert sorted((each.entry.entry_id, each.user_ids) for each in batch) == [
            (10, [BOB, ALICE]),
            (11, [CAROL]),
            (12, [ALICE]),
        ]

    async def test_nothing_is_announced_of_an_empty_page(self, scenario: Scenario) -> None:
        announced = Announced()
        remaining = remaining_to_proto(
            RemainingSteps(Entry(12, BOB, 12, BOB), ALICE, removal=False)
        )

        await handler(scenario, announced)([event(remaining)])

        assert announced.batches == []

    async def test_a_batch_fails_if_it_cannot_be_announced(self, scenario: Scenario) -> None:
        announced = Announced()
        announced.away = True

        with pytest.raises(Unavailable):
            await handler(scenario, announced)([created(10)])

    async def test_what_was_delivered_is_announced_even_if_another_key_fails(
        self, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def fail(*_: object) -> None:
            raise Unavailable

        monkeypatch.setattr(scenario.fan_out, "forget", fail)
        announced = Announced()
        deleted = event(post_events_pb2.PostDeleted(post_id=9, author_id=CAROL), key=CAROL)

        with pytest.raises(Unavailable):
            await handler(scenario, announced)([created(10), deleted])

        assert [each.entry.entry_id for batch in announced.batches for each in batch] == [10]

    async def test_a_step_is_told_again_under_the_same_id(self) -> None:
        broker = Broker()
        announce = TimelineEvents(publisher=broker, clock=ManualClock())  # type: ignore[arg-type]
        entry = Entry(20, BOB, 5, CAROL)
        step = Delivered(entry, 0, [BOB, ALICE])

        await announce.delivered([step])
        await announce.delivered([step, Delivered(entry, 1, [DAVE]), Delivered(entry, 0, None)])

        once, again, later_page, all_author_ids = broker.events
        assert once.event_id == again.event_id
        assert len({each.event_id for each in broker.events}) == 3
        assert {each.key for each in broker.events} == {str(BOB)}
        body = timeline_events_pb2.EntryDelivered.FromString(again.payload)
        assert (body.entry.reposter_id, body.user_ids) == (BOB, [BOB, ALICE])
        assert timeline_events_pb2.EntryDelivered.FromString(later_page.payload).user_ids == [DAVE]
        assert not timeline_events_pb2.EntryDelivered.FromString(all_author_ids.payload).user_ids


class Broker:
    """Keeps what is published."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def publish(self, events: Sequence[Event]) -> None:
        self.events.extend(events)


class TestByKey:
    async def test_keeps_the_order_within_a_key_and_finishes_the_others(self) -> None:
        seen: list[tuple[str, int]] = []

        async def handle(each: Event, body: post_events_pb2.PostCreated) -> None:
            if body.post.id == 2:
                raise Unavailable
            seen.append((each.key, body.post.id))

        made = Routes()
        made.on(post_events_pb2.PostCreated, handle)

        with pytest.raises(Unavailable):
            await by_key(
                [created(1), created(2), created(3), created(4, author=CAROL)],
                made,
                at_once=asyncio.Semaphore(1),
            )

        assert seen == [("2", 1), ("3", 4)]

    async def test_skips_what_has_no_route(self) -> None:
        deleted: list[Event] = []

        async def handle(each: Event, _: post_events_pb2.PostDeleted) -> None:
            deleted.append(each)

        made = Routes()
        made.on(post_events_pb2.PostDeleted, handle)

        await by_key([created(1)], made, at_once=asyncio.Semaphore(1))

        assert deleted == []

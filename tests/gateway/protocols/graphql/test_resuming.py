"""Subscriptions to the log: every event after a sequence, once and in order, or an explicit gap."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest
from roost.notification.v1.notification_pb2 import MarkerMoved, SessionEnded

from gateway.app import Gateway
from gateway.protocols.graphql.global_ids import global_id
from gateway.protocols.stream import connection
from tests.gateway.event_log import FakeEvents
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.graphql.sending import post_id, user_id
from tests.gateway.protocols.graphql.subscription_client import (
    HOME,
    Json,
    SubscriptionClient,
    let_in,
)
from tests.gateway.protocols.stream.stream_client import listening, opened
from tests.gateway.protocols.stream.test_stream import (
    Scenario,
    arrival,
    changed,
    liked,
    missed,
    notices,
)
from tests.gateway.samples import ALICE, BOB
from tests.waiting import eventually

EVENTS = """
subscription Log($topics: [Topic!]!, $after: Sequence) {
  events(topics: $topics, after: $after) {
    sequence
    at
    change {
      __typename
      ... on Arrival { item { post { text } } }
      ... on NotificationEvent { notification { kind } withdrawnId }
      ... on ResourceChange { resource id deleted }
      ... on MarkerMove { timeline lastReadId }
      ... on SessionEnd { sessionId }
      ... on SignIn { sessionId newNetwork }
      ... on PasswordReplaced { sessionId }
      ... on FailedSignIns { failures }
      ... on Gap { topics }
    }
  }
}
"""
ALL = ["HOME", "NOTIFICATIONS", "ACCOUNT"]


@pytest.fixture
def scenario(services: FakeServices) -> Scenario:
    return Scenario(services)


@pytest.fixture
async def address(gateway: Gateway, scenario: Scenario) -> AsyncIterator[str]:
    async with listening(gateway) as found:
        yield found


async def follow(
    client: SubscriptionClient, key: str = "1", *, after: int | None = None, topics: list[str] = ALL
) -> None:
    await client.subscribe(key, EVENTS, topics=topics, after=after)


async def event(client: SubscriptionClient, key: str = "1") -> Json:
    found: Json = (await client.data(key))["events"]
    return found


async def sequences(client: SubscriptionClient, count: int, key: str = "1") -> list[int]:
    """Of the next so many changes, none of which is a gap."""
    found = [await change(client, key) for _ in range(count)]
    assert all(each["change"]["__typename"] != "Gap" for each in found), found
    return [each["sequence"] for each in found]


async def change(client: SubscriptionClient, key: str = "1") -> Json:
    """The next event with a change."""
    while (found := await event(client, key))["change"] is None:
        pass
    return found


def sent_up_to(sequence: int) -> Json:
    return {"sequence": sequence, "at": None, "change": None}


def gap_up_to(sequence: int, topics: list[str] = ALL) -> Json:
    gap = {"__typename": "Gap", "topics": topics}
    return {"sequence": sequence, "at": None, "change": gap}


async def test_a_medium_whose_processing_ended_is_a_change_of_its_owner(
    address: str, events: FakeEvents
) -> None:
    async with let_in(address) as client:
        await follow(client, topics=["ACCOUNT"], after=0)
        events.add(ALICE, **changed(7, "medium"))

        found = (await change(client))["change"]

    assert found == {
        "__typename": "ResourceChange",
        "resource": "MEDIUM",
        "id": global_id("Medium", 7),
        "deleted": False,
    }


async def test_without_a_sequence_it_begins_now_and_says_where_that_is(
    address: str, events: FakeEvents
) -> None:
    for number in range(1, 4):
        events.add(ALICE, **changed(number))

    async with let_in(address) as client:
        await follow(client)
        first = await event(client)
        events.add(ALICE, **changed(4))
        found = await sequences(client, 1)

    assert first == sent_up_to(3)
    assert found == [4]


async def test_all_that_the_log_tells_is_told(address: str, events: FakeEvents) -> None:
    events.add(ALICE, **arrival(100))
    events.add(ALICE, **liked(7))
    events.add(ALICE, **changed(BOB, "block"))
    events.add(ALICE, **changed(100))
    events.add(ALICE, marker=MarkerMoved(timeline="home", last_read_id=100))
    events.add(ALICE, session=SessionEnded(session_id=9))
    for notice in notices(9):
        events.add(ALICE, security=notice)

    async with let_in(address) as client:
        await follow(client, after=0)
        found = [await event(client) for _ in range(9)]

    assert all(each["at"] for each in found)
    assert [each["change"] for each in found] == [
        {"__typename": "Arrival", "item": {"post": {"text": "Post 100"}}},
        {
            "__typename": "NotificationEvent",
            "notification": {"kind": "LIKE"},
            "withdrawnId": None,
        },
        {"__typename": "ResourceChange", "resource": "BLOCK", "id": user_id(BOB), "deleted": False},
        {"__typename": "ResourceChange", "resource": "LIKE", "id": post_id(100), "deleted": False},
        {
            "__typename": "MarkerMove",
            "timeline": "HOME",
            "lastReadId": global_id("TimelineItem", 100),
        },
        {"__typename": "SessionEnd", "sessionId": global_id("Session", 9)},
        {
            "__typename": "SignIn",
            "sessionId": global_id("Session", 9),
            "newNetwork": True,
        },
        {"__typename": "PasswordReplaced", "sessionId": global_id("Session", 9)},
        {"__typename": "FailedSignIns", "failures": 20},
    ]


async def test_what_a_newer_service_tells_is_left_out(address: str, events: FakeEvents) -> None:
    async with let_in(address) as client:
        await follow(client)
        await event(client)
        events.add(ALICE, **changed(1, "sandcastle"))
        events.add(ALICE, marker=MarkerMoved(timeline="shells", last_read_id=1))
        events.add(ALICE, **changed(1))

        assert await sequences(client, 1) == [3]


async def test_a_client_goes_on_after_what_it_had(address: str, events: FakeEvents) -> None:
    for number in range(1, 501):
        events.add(ALICE, **changed(number))

    async with let_in(address) as client:
        await follow(client, after=20)
        found = await sequences(client, 480)
        here = await event(client)
        events.add(ALICE, **changed(501))
        found += await sequences(client, 1)

    assert found == list(range(21, 502))
    assert here == sent_up_to(500)


async def test_events_during_the_resumption_come_once_and_in_order(
    address: str, events: FakeEvents
) -> None:
    for number in range(1, 1001):
        events.add(ALICE, **changed(number))

    async def go_on() -> None:
        for number in range(1001, 1201):
            events.add(ALICE, **changed(number))
            await asyncio.sleep(0)

    async with let_in(address) as client:
        await follow(client, after=0)
        going = asyncio.create_task(go_on())
        found: list[int] = []
        while len(found) < 1200:
            each = await event(client)
            found += [each["sequence"]] if each["change"] else []
        await going

    assert found == list(range(1, 1201))


async def test_connections_that_are_lost_again_and_again_lose_no_event(
    address: str, events: FakeEvents
) -> None:
    chance = random.Random(7)
    found: list[int] = []
    after = last = 0
    for _ in range(30):
        last = events.add(ALICE, **changed(1))  # while nobody is there
        async with let_in(address, max_queue=None) as client:
            await follow(client, after=after)
            for _ in range(chance.randrange(6)):
                events.add(ALICE, announced=chance.random() < 0.7, **changed(1))
                last = events.add(ALICE, **changed(1))
            # It goes away in the midst of them.
            until = chance.randint(after, last)
            while after < until:
                each = await event(client)
                found += [each["sequence"]] if each["change"] else []
                after = each["sequence"]
    async with let_in(address) as client:
        await follow(client, after=after)
        found += await sequences(client, last - after)

    assert found == list(range(1, last + 1))


async def test_each_subscription_goes_on_from_its_own_place(
    address: str, events: FakeEvents
) -> None:
    for number in range(1, 4):
        events.add(ALICE, **changed(number))
        events.add(ALICE, **arrival(100 + number))

    async with let_in(address) as client:
        await follow(client, "all", after=4)
        all_ = [*await sequences(client, 2, "all"), await event(client, "all")]
        await follow(client, "home", after=0, topics=["HOME"])
        home = [*await sequences(client, 3, "home"), await event(client, "home")]
        events.add(ALICE, **arrival(104))
        both = [await client.next(), await client.next()]

    assert all_ == [5, 6, sent_up_to(6)]
    assert home == [2, 4, 6, sent_up_to(6)]
    assert {each["id"] for each in both} == {"all", "home"}
    assert [each["payload"]["data"]["events"]["sequence"] for each in both] == [7, 7]


async def test_what_rules_leave_out_is_passed_over(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    for number in range(100, 103):
        events.add(ALICE, **arrival(number))
    scenario.hidden.add(101)

    async with let_in(address) as client:
        await follow(client, after=0)
        assert await sequences(client, 2) == [1, 3]


async def test_events_that_are_gone_are_a_gap(address: str, events: FakeEvents) -> None:
    for number in range(1, 11):
        events.add(ALICE, **changed(number))
    events.forget(ALICE, before=8)

    async with let_in(address) as client:
        await follow(client, after=3, topics=["HOME", "ACCOUNT"])
        gap = await event(client)
        found = await sequences(client, 3)

    assert gap == gap_up_to(7, ["HOME", "ACCOUNT"])
    assert found == [8, 9, 10]


async def test_a_long_absence_is_a_gap_of_the_home_alone(address: str, events: FakeEvents) -> None:
    events.add(ALICE, **changed(1))
    events.add(ALICE, **missed())

    async with let_in(address) as client:
        await follow(client, after=0)
        before = await sequences(client, 1)
        gap = await event(client)
        events.add(ALICE, **missed())
        live = await change(client)
        await follow(client, "account", after=0, topics=["ACCOUNT"])
        others = [*await sequences(client, 1, "account"), await event(client, "account")]

    assert before == [1]
    assert [(each["sequence"], each["change"]["topics"]) for each in (gap, live)] == [
        (2, ["HOME"]),
        (3, ["HOME"]),
    ]
    assert others == [1, sent_up_to(3)]


async def test_a_client_ahead_of_the_log_is_told_so(address: str, events: FakeEvents) -> None:
    events.add(ALICE, **changed(1))

    async with let_in(address) as client:
        await follow(client, after=99)
        assert await event(client) == gap_up_to(1)
        events.add(ALICE, **changed(2))
        assert await sequences(client, 1) == [2]


async def test_what_the_process_itself_has_lost_is_a_gap(address: str, events: FakeEvents) -> None:
    async with let_in(address) as client:
        await follow(client)
        await event(client)
        events.cut()
        await eventually(lambda: not events.streams)
        for number in range(1, 6):
            events.add(ALICE, **changed(number))
        events.forget(ALICE, before=4)
        gap = await event(client)
        found = await sequences(client, 2)

    assert gap == gap_up_to(3)
    assert found == [4, 5]


async def test_silence_is_broken_by_how_far_it_is(
    address: str, events: FakeEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with let_in(address) as client:
        await follow(client, topics=["ACCOUNT"])
        monkeypatch.setattr(connection.frames, "HEARTBEAT_SECONDS", 0.1)
        events.add(ALICE, **arrival(100))
        sent: list[Json] = []
        while sent_up_to(1) not in sent:
            message = await client.next()
            if message["type"] == "next":
                sent.append(message["payload"]["data"]["events"])

    assert all(each["change"] is None for each in sent)


async def test_an_id_that_is_used_again_hears_nothing_of_the_one_before(
    address: str, events: FakeEvents
) -> None:
    for number in range(1, 400):
        events.add(ALICE, **changed(number))

    async with let_in(address) as client:
        await follow(client, after=0)
        await event(client)
        await client.send("complete", id="1")
        await client.subscribe("1", HOME)
        await client.send("ping")
        while (await client.next())["type"] != "pong":
            pass
        events.add(ALICE, **arrival(100))

        assert (await client.data("1"))["homeArrivals"]["post"]["text"] == "Post 100"


@pytest.mark.parametrize("after", [-1, 2**53, 1.5, "1", True])
async def test_a_sequence_that_is_none_is_refused(address: str, after: object) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", EVENTS, topics=["HOME"], after=after)

        assert (await client.refusal("1"))["reason"] == "DOCUMENT_INVALID"


async def test_a_topic_at_least_is_named(address: str) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", EVENTS, topics=[])

        refusal = await client.refusal("1")

    assert refusal["reason"] == "PARAMETER_INVALID"
    assert refusal["violations"][0]["field"] == "topics"


async def test_the_stream_goes_on_where_a_subscription_stopped(
    address: str, events: FakeEvents
) -> None:
    for number in range(1, 6):
        events.add(ALICE, **changed(number))
    async with let_in(address) as client:
        await follow(client, after=0)
        (*_, last) = await sequences(client, 3)

    async with opened(address) as stream:
        await stream.next()
        await stream.send("resume", after_sequence=last)
        await stream.subscribe("account")

        assert [each["sequence"] for each in await stream.events(2)] == [4, 5]

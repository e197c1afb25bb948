"""Subscriptions over real sockets and channels, by `graphql-transport-ws` and nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from roost.notification.v1.event_service_pb2 import PostActivity
from roost.notification.v1.notification_pb2 import ResourceChanged, SessionEnded
from roost.post.v1.post_pb2 import PostCounts
from roost.post.v1.post_service_pb2 import BatchGetPostsRequest, BatchGetPostsResponse
from roost.user.v1.auth_service_pb2 import IssueStreamTicketResponse
from websockets.exceptions import InvalidStatus

from gateway.app import Gateway
from gateway.core.state import State
from gateway.protocols.graphql.global_ids import global_id
from gateway.protocols.graphql.subscriptions import handshake, quota
from local.edge import Account, Edge, Refused
from local.graphql import subscribed
from services.chassis.auth.caller import UserCaller
from services.chassis.runtime.errors import Unavailable
from tests.gateway.conftest import SESSION, counted
from tests.gateway.event_log import FakeEvents
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.graphql.documentation import SUBSCRIPTIONS
from tests.gateway.protocols.graphql.sending import post_id
from tests.gateway.protocols.graphql.subscription_client import (
    HASHTAG,
    HOME,
    NOTIFICATIONS,
    POST,
    SubscriptionClient,
    connected,
    let_in,
)
from tests.gateway.protocols.stream.stream_client import listening
from tests.gateway.protocols.stream.test_stream import (
    Scenario,
    arrival,
    liked,
    missed,
)
from tests.gateway.samples import (
    ALICE,
    BOB,
    CAROL,
    includes,
    person,
    post,
)
from tests.servicers.grpc_server import token_of
from tests.waiting import eventually


@pytest.fixture
def scenario(services: FakeServices) -> Scenario:
    return Scenario(services)


@pytest.fixture
async def address(gateway: Gateway, scenario: Scenario) -> AsyncIterator[str]:
    async with listening(gateway) as found:
        yield found


def sample(state: State, name: str) -> float:
    return state.registry.get_sample_value(name) or 0.0


async def test_an_arrival_is_shown_as_it_was_asked_for(address: str, events: FakeEvents) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", HOME)
        await client.heard()
        events.add(ALICE, **arrival(100))

        data = await client.data("1")

    shown = {"text": "Post 100", "author": {"handle": "bob"}}
    assert data == {"homeArrivals": {"post": shown, "repostedBy": None}}


@pytest.mark.parametrize("text", SUBSCRIPTIONS)
async def test_a_subscription_of_the_documentation_is_told_what_happens(
    address: str, events: FakeEvents, scenario: Scenario, text: str
) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", text, **({"id": post_id(100)} if "$id" in text else {}))
        if "$" in text:
            await client.data("1")  # how it stands
        else:
            await client.heard()
        if "hashtagActivity" in text:
            await eventually(lambda: events.streams[0].hashtags == {"roost"})
        events.posted("roost", 100)
        scenario.replies_to[101] = 100
        events.add(ALICE, **arrival(100))
        events.add(ALICE, **liked(7))
        events.happened(PostActivity(post_id=100, reply_post_id=101))

        sent = json.dumps(await client.data("1"))

    assert "Post 10" in sent or '"LIKE"' in sent


async def test_what_the_rules_of_a_home_leave_out_is_not_told(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", HOME)
        await client.heard()
        scenario.hidden.add(100)
        events.add(ALICE, **arrival(100))
        events.add(ALICE, **arrival(101))

        data = await client.data("1")

    assert data["homeArrivals"]["post"]["text"] == "Post 101"


async def test_notifications_come_and_go(address: str, events: FakeEvents) -> None:
    async with let_in(address) as client:
        await client.subscribe("n", NOTIFICATIONS)
        await client.heard()
        events.add(ALICE, **liked(7))
        events.add(ALICE, **liked(7, withdrawn=True))

        sent = [(await client.data("n"))["notifications"] for _ in range(2)]

    assert sent == [
        {"notification": {"kind": "LIKE", "count": 1}, "replacesId": None, "withdrawnId": None},
        {"notification": None, "replacesId": None, "withdrawnId": global_id("Notification", 7)},
    ]


async def test_a_notification_that_grows_takes_the_place_of_what_it_was(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    async with let_in(address) as client:
        await client.subscribe("n", NOTIFICATIONS)
        await client.heard()
        events.add(ALICE, **liked(8, previous_id=7))
        grown = (await client.data("n"))["notifications"]
        scenario.stands[CAROL] = {"muting": True}
        events.add(ALICE, **liked(9, previous_id=8))
        hidden = (await client.data("n"))["notifications"]

    assert (grown["replacesId"], grown["withdrawnId"]) == (global_id("Notification", 7), None)
    assert (hidden["notification"], hidden["replacesId"]) == (None, None)
    assert hidden["withdrawnId"] == global_id("Notification", 8)


async def test_arrivals_that_were_missed_end_subscriptions_to_the_home_alone(
    address: str, events: FakeEvents
) -> None:
    async with let_in(address) as client:
        await client.subscribe("h", HOME)
        await client.subscribe("n", NOTIFICATIONS)
        await client.heard()
        events.add(ALICE, **missed())
        events.add(ALICE, **liked(7))
        refusal = await client.refusal("h")
        sent = await client.data("n")

    assert refusal["reason"] == "EVENTS_EXPIRED"
    assert sent["notifications"]["notification"]["kind"] == "LIKE"


async def test_a_post_is_shown_as_it_is_and_with_its_new_replies(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    async with let_in(address) as client:
        await client.subscribe("p", POST, id=post_id(100))
        first = await client.data("p")
        scenario.replies_to[101] = 100
        events.happened(PostActivity(post_id=100, reply_post_id=101))

        then = await client.data("p")

    assert first["postActivity"] == {
        "post": {"text": "Post 100", "counts": {"likes": 1}},
        "replies": [],
    }
    assert then["postActivity"]["replies"] == [{"text": "Post 101"}]


async def test_a_long_subscription_never_shows_stale_data(
    address: str, events: FakeEvents, services: FakeServices, scenario: Scenario
) -> None:
    likes = 0

    def bodies(_: BatchGetPostsRequest) -> BatchGetPostsResponse:
        found = post(100, BOB, viewer=ALICE, counts=PostCounts(likes=likes))
        return BatchGetPostsResponse(posts=[found], includes=includes(person(BOB, viewer=ALICE)))

    services.answer("BatchGetPosts", bodies)
    deep = POST.replace("replies {", "again: post { replyTo { text counts { likes } } } replies {")
    async with let_in(address) as client:
        await client.subscribe("p", deep, id=post_id(100))
        seen = [(await client.data("p"))["postActivity"]["post"]["counts"]["likes"]]
        for likes in range(1, 4):  # noqa: B007 - the service answers with it
            events.happened(PostActivity(post_id=100))
            seen.append((await client.data("p"))["postActivity"]["post"]["counts"]["likes"])

    assert seen == [0, 1, 2, 3]


async def test_what_fields_load_is_loaded_anew_for_every_event(
    address: str, events: FakeEvents, services: FakeServices, scenario: Scenario
) -> None:
    scenario.replies_to = {100: 50, 101: 50}
    asks_more = "subscription { homeArrivals { post { replyTo { text } } } }"
    async with let_in(address) as client:
        await client.subscribe("1", asks_more)
        await client.heard()
        with counted(services) as calls:
            for number in (100, 101):
                events.add(ALICE, **arrival(number))
                assert (await client.data("1"))["homeArrivals"]["post"]["replyTo"] == {
                    "text": "Post 50"
                }

    assert calls == ["BatchGetPosts"] * 4


async def test_a_post_that_goes_ends_its_subscription(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    async with let_in(address) as client:
        await client.subscribe("p", POST, id=post_id(100))
        await client.data("p")
        scenario.hidden.add(100)
        events.happened(PostActivity(post_id=100))

        last = await client.data("p")
        end = await client.next()

    assert last["postActivity"] == {"post": None, "replies": []}
    assert end == {"type": "complete", "id": "p"}


async def test_a_post_that_may_not_be_seen_is_refused(address: str, scenario: Scenario) -> None:
    scenario.hidden.add(100)
    async with let_in(address) as client:
        await client.subscribe("p", POST, id=post_id(100))

        assert (await client.refusal("p"))["reason"] == "POST_NOT_FOUND"


async def test_new_posts_with_a_hashtag_come_to_each_that_watches_it(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    scenario.hidden.add(100)
    async with let_in(address) as client:
        for key, tag in (("1", "roost"), ("2", "Roost"), ("3", "heron")):
            await client.subscribe(key, HASHTAG, tag=tag)
        await eventually(lambda: events.streams[0].hashtags == {"roost", "heron"})
        for number in (100, 101, 101):
            events.posted("roost", number)
        shown = [await client.data("1"), await client.data("2")]
        await client.send("complete", id="1")
        await client.heard()
        events.posted("roost", 101)
        events.posted("roost", 102)
        last = await client.data("2")
        await client.send("complete", id="2")
        await eventually(lambda: events.streams[0].hashtags == {"heron"})

    assert shown == [{"hashtagActivity": {"posts": [{"text": "Post 101"}]}}] * 2
    assert last == {"hashtagActivity": {"posts": [{"text": "Post 102"}]}}


async def test_what_is_no_hashtag_cannot_be_watched(address: str) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", HASHTAG, tag="123")

        refusal = await client.refusal("1")

    assert (refusal["reason"], refusal["status"]) == ("HASHTAG_INVALID", 422)


async def test_follows_of_hashtags_are_events_of_the_account(
    address: str, events: FakeEvents
) -> None:
    text = (
        "subscription { events(topics: [ACCOUNT]) { change { "
        "... on HashtagFollowChange { tag deleted } } } }"
    )
    async with let_in(address) as client:
        await client.subscribe("1", text)
        await client.data("1")  # where the log is
        change = ResourceChanged(resource="hashtag_follow", tag="roost", deleted=True)
        events.add(ALICE, resource=change)

        data = await client.data("1")

    assert data["events"]["change"] == {"tag": "roost", "deleted": True}


async def test_complete_ends_a_subscription(address: str, events: FakeEvents) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", HOME)
        await client.subscribe("2", HOME)
        await client.send("complete", id="1")
        await client.heard()
        events.add(ALICE, **arrival(100))

        data = await client.data("2")
        await client.heard()

    assert data["homeArrivals"]["post"]["text"] == "Post 100"


async def test_lost_events_end_the_subscriptions_to_lists(address: str, events: FakeEvents) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", HOME)
        await client.heard()
        for number in range(5):
            events.add(ALICE, announced=False, **arrival(100 + number))
        events.forget(ALICE, before=4)
        events.cut()

        assert (await client.refusal("1"))["reason"] == "EVENTS_EXPIRED"


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("{ me { id } }", "DOCUMENT_INVALID"),
        ('mutation { like(postId: "x") { error { reason } } }', "DOCUMENT_INVALID"),
        ("subscription { nothing }", "DOCUMENT_INVALID"),
        ("subscription {", "DOCUMENT_INVALID"),
        ('subscription { postActivity(id: "x") { post { id } } }', "PARAMETER_INVALID"),
        ("subscription { homeArrivals { post { ...F } } } fragment F on Post { ...F }", None),
    ],
)
async def test_what_cannot_be_subscribed_to_is_refused(
    address: str, query: str, reason: str | None
) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", query)

        found = (await client.refusal("1"))["reason"]
        await client.heard()

    assert found == reason or reason is None


async def test_variables_that_do_not_fit_are_refused(address: str) -> None:
    async with let_in(address) as client:
        await client.subscribe("p", POST)

        assert (await client.refusal("p"))["reason"] == "DOCUMENT_INVALID"


async def test_our_own_client_says_why_it_was_refused(address: str, services: FakeServices) -> None:
    services.answer("IssueStreamTicket", IssueStreamTicketResponse(ticket="good", expires_in=30))
    alice = Account("", "alice", token_of(UserCaller(ALICE, SESSION)) or "", "")
    async with Edge(f"http://{address}") as edge:
        with pytest.raises(Refused) as refusal:
            async with subscribed(edge, alice, "subscription { nothing }"):
                pass

    assert refusal.value.reason == "DOCUMENT_INVALID"


async def test_a_connection_has_so_many_subscriptions(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "MAX_OF_CONNECTION", 2)
    async with let_in(address) as client:
        for key in ("1", "2", "3"):
            await client.subscribe(key, HOME)

        assert (await client.refusal("3"))["reason"] == "TOO_MANY_SUBSCRIPTIONS"
        await client.send("complete", id="1")
        await client.subscribe("4", HOME)
        await client.heard()


async def test_subscriptions_of_a_connection_cost_no_more_than_a_document(address: str) -> None:
    replies = "replies(first: 100) { nodes { id } }"
    costly = f"subscription {{ homeArrivals {{ post {{ {replies} a: {replies} b: {replies} }} }} }}"
    async with let_in(address) as client:
        for key in ("1", "2", "3", "4"):
            await client.subscribe(key, costly)

        assert (await client.refusal("4"))["metadata"]["limit"] == "cost"
        await client.send("complete", id="1")
        await client.subscribe("5", costly)
        await client.heard()


async def test_a_person_has_so_many_subscriptions_on_all_connections(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "MAX_OF_PERSON", 2)
    async with let_in(address) as one:
        await one.subscribe("1", HOME)
        await one.heard()
        async with let_in(address) as other:
            await other.subscribe("1", HOME)
            await other.heard()
            await one.subscribe("2", HOME)
            assert (await one.refusal("2"))["reason"] == "TOO_MANY_SUBSCRIPTIONS"
        await eventually(lambda: _taken(one))


async def _taken(client: SubscriptionClient) -> bool:
    """Whether there is room again, now that the other connection is gone."""
    await client.subscribe("2", HOME)
    await client.send("ping")
    return await client.next() == {"type": "pong"}


@pytest.mark.parametrize("subprotocol", ["graphql-ws", "roost.v1"])
async def test_other_subprotocols_are_refused_before_the_upgrade(
    address: str, subprotocol: str
) -> None:
    with pytest.raises(InvalidStatus) as refusal:
        async with connected(address, subprotocol=subprotocol):
            pass

    assert refusal.value.response.status_code == 400
    assert json.loads(refusal.value.response.body)["reason"] == "PARAMETER_INVALID"


async def test_more_connections_than_there_may_be_are_refused_whoever_they_are(
    address: str, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.stream, "_max_sockets", 1)
    async with connected(address):
        with pytest.raises(InvalidStatus) as refusal:
            async with connected(address):
                pass

    assert refusal.value.response.status_code == 503
    assert json.loads(refusal.value.response.body)["reason"] == "OVERLOADED"


@pytest.mark.parametrize("payload", [{"ticket": "forged"}, {}, None])
async def test_without_a_good_ticket_nobody_is_let_in(address: str, payload: Any) -> None:
    async with connected(address) as client:
        await client.send("connection_init", payload=payload)

        assert await client.closed() == 4403


async def test_who_subscribes_before_being_let_in_is_closed(address: str) -> None:
    async with connected(address) as client:
        await client.subscribe("1", HOME)

        assert await client.closed() == 4401


async def test_who_never_says_who_they_are_is_closed(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshake, "_INIT_SECONDS", 0.1)
    async with connected(address) as client:
        assert await client.closed() == 4408


async def test_who_says_twice_who_they_are_is_closed(address: str) -> None:
    async with let_in(address) as client:
        await client.send("connection_init", payload={"ticket": "good"})

        assert await client.closed() == 4429


@pytest.mark.parametrize("key", ["1", "\N{BIRD}" * 64])
async def test_an_id_that_is_taken_closes(address: str, key: str) -> None:
    async with let_in(address) as client:
        await client.subscribe(key, HOME)
        await client.subscribe(key, HOME)

        assert await client.closed() == 4409


@pytest.mark.parametrize("text", ["{", "[]", '{"type":"start","id":"1"}', '{"type":"subscribe"}'])
async def test_a_message_that_is_none_closes(address: str, text: str) -> None:
    async with let_in(address) as client:
        await client.connection.send(text)

        assert await client.closed() == 4400


@pytest.mark.parametrize("announced", ["by the log", "by the list of ended sessions"])
async def test_a_session_that_ends_is_closed(
    address: str, events: FakeEvents, revoked: set[int], announced: str
) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", HOME)
        await client.heard()
        if announced == "by the log":
            events.add(ALICE, session=SessionEnded(session_id=SESSION))
        else:
            revoked.add(SESSION)

        code = await client.closed()

    assert code == 4403


async def test_a_slow_reader_is_closed_and_makes_nobody_wait(
    address: str, events: FakeEvents, services: FakeServices, state: State
) -> None:
    def long(request: BatchGetPostsRequest) -> BatchGetPostsResponse:
        found = [post(each, BOB, text="long " * 4_000) for each in request.post_ids]
        somebody = person(BOB, viewer=ALICE, following=True)
        return BatchGetPostsResponse(posts=found, includes=includes(somebody))

    services.answer("BatchGetPosts", long)
    async with let_in(address) as fast, let_in(address, max_queue=1) as slow:
        for client in (fast, slow):
            await client.subscribe("1", HOME)
            await client.heard()
        slow.connection.transport.pause_reading()
        count = 0
        while not sample(state, "roost_stream_slow_consumers_total"):
            for _ in range(50):
                count += 1
                events.add(ALICE, **arrival(count))
            for _ in range(50):
                await fast.data("1")
            assert count < 20_000
        slow.connection.transport.resume_reading()
        await fast.heard()


async def test_a_process_that_stops_says_so(address: str, gateway: Gateway, state: State) -> None:
    async with let_in(address) as client:
        await client.subscribe("1", HOME)
        await client.heard()
        state.stopping = True
        await gateway.stream.drain()

        assert await client.closed() == 1012


async def test_a_field_that_fails_is_told_and_the_subscription_lives_on(
    address: str, events: FakeEvents, services: FakeServices, scenario: Scenario
) -> None:
    services.answer("ListReplies", Unavailable(retry_after=1.0))
    asks_more = "subscription { homeArrivals { post { text replies { nodes { text } } } } }"
    async with let_in(address) as client:
        await client.subscribe("1", asks_more)
        await client.subscribe("2", HOME)
        await client.heard()
        events.add(ALICE, **arrival(100))

        failed = await client.next()
        other = await client.data("2")

    (error,) = failed["payload"]["errors"]
    assert error["extensions"]["reason"] == "DEPENDENCY_UNAVAILABLE"
    assert other["homeArrivals"]["post"]["text"] == "Post 100"


async def test_the_stream_and_subscriptions_share_one_upstream(
    address: str, events: FakeEvents
) -> None:
    async with let_in(address) as one, let_in(address, "carol") as other:
        await asyncio.gather(one.subscribe("1", HOME), other.subscribe("1", HOME))
        await one.heard()
        await other.heard()

    assert events.opened == 1

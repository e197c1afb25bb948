"""The stream over real sockets and channels: every event once and in order, or an explicit gap."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
from roost.media.v1.media_pb2 import Medium
from roost.notification.v1.event_service_pb2 import PostActivity
from roost.notification.v1.notification_pb2 import (
    NOTIFICATION_KIND_LIKE,
    ArrivalsMissed,
    HomeArrival,
    MarkerMoved,
    NotificationChanged,
    NotificationGroup,
    PasswordChangedNotice,
    ResourceChanged,
    SecurityNotice,
    SessionEnded,
    SignedInNotice,
    SignInsFailedNotice,
)
from roost.post.v1.post_service_pb2 import BatchGetPostsRequest, BatchGetPostsResponse
from roost.user.v1.auth_service_pb2 import (
    ExtendStreamResponse,
    RedeemStreamTicketRequest,
    RedeemStreamTicketResponse,
)
from roost.user.v1.graph_service_pb2 import (
    BatchGetPairRelationshipsRequest,
    BatchGetPairRelationshipsResponse,
    PairRelationship,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from gateway.app import Gateway
from gateway.core.state import State
from gateway.protocols.stream import connection, hub, socket
from services.chassis.auth.caller import UserCaller
from services.chassis.runtime.errors import Unauthenticated, Unavailable
from tests.gateway.conftest import MEDIA_ORIGIN, SESSION
from tests.gateway.event_log import FakeEvents
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.stream.stream_client import (
    PATIENCE,
    Json,
    StreamClient,
    listening,
    narrow,
    opened,
)
from tests.gateway.samples import (
    ALICE,
    BOB,
    CAROL,
    NAMES,
    NOON,
    includes,
    person,
    picture,
    post,
)
from tests.servicers.grpc_server import token_of
from tests.waiting import eventually

TICKETS = {name: user_id for user_id, name in NAMES.items()} | {"good": ALICE}
LISTS = ("home", "notifications", "account")


class Scenario:
    """What the services behind the stream say."""

    def __init__(self, services: FakeServices) -> None:
        self.hidden: set[int] = set()
        self.relationships: dict[tuple[int, int], PairRelationship] = {}
        self.stands: dict[int, dict[str, bool]] = {}
        self.replies_to: dict[int, int] = {}
        self.media: list[Medium] = []
        self.lifetime = 900
        self.services = services
        services.answer("RedeemStreamTicket", self._redeem)
        services.answer("ExtendStream", self._extend)
        services.answer("BatchGetPosts", self._posts)
        services.answer("BatchGetPairRelationships", self._ties)

    def _redeem(self, request: RedeemStreamTicketRequest) -> RedeemStreamTicketResponse:
        user_id = TICKETS.get(request.ticket)
        if user_id is None:
            raise Unauthenticated("No.", reason="STREAM_TICKET_INVALID")
        return RedeemStreamTicketResponse(
            user_id=user_id,
            session_id=SESSION,
            access_token=token_of(UserCaller(user_id, SESSION)),
            expires_in=self.lifetime,
        )

    def _extend(self, request: Any) -> ExtendStreamResponse:
        token = token_of(UserCaller(request.user_id, request.session_id))
        return ExtendStreamResponse(access_token=token, expires_in=900)

    def _posts(self, request: BatchGetPostsRequest) -> BatchGetPostsResponse:
        shown = [each for each in request.post_ids if each not in self.hidden]
        people = dict.fromkeys([BOB, *request.include_user_ids])
        return BatchGetPostsResponse(
            posts=[
                post(
                    each,
                    BOB,
                    viewer=1,
                    reply_to_post_id=self.replies_to.get(each, 0),
                    media=self.media,
                )
                for each in shown
            ],
            includes=includes(
                *(
                    person(each, viewer=1, **self.stands.get(each, {"following": True}))
                    for each in people
                )
            ),
        )

    def _ties(self, request: BatchGetPairRelationshipsRequest) -> BatchGetPairRelationshipsResponse:
        usual = PairRelationship(following=True)
        return BatchGetPairRelationshipsResponse(
            relationships=[
                self.relationships.get((each.from_user_id, each.to_user_id), usual)
                for each in request.pairs
            ]
        )


@pytest.fixture
def scenario(services: FakeServices) -> Scenario:
    return Scenario(services)


@pytest.fixture
async def address(gateway: Gateway, scenario: Scenario) -> AsyncIterator[str]:
    async with listening(gateway) as found:
        yield found


def arrival(post_id: int, **fields: int) -> dict[str, HomeArrival]:
    home = HomeArrival(entry_id=post_id, post_id=post_id, author_id=BOB, **fields)
    return {"home": home}


def changed(number: int, resource: str = "like") -> dict[str, ResourceChanged]:
    return {"resource": ResourceChanged(resource=resource, resource_id=number)}


def missed() -> dict[str, ArrivalsMissed]:
    return {"arrivals_missed": ArrivalsMissed()}


def notices(session_id: int) -> list[SecurityNotice]:
    """One of each kind."""
    signed_in = SignedInNotice(session_id=session_id, new_network=True)
    return [
        SecurityNotice(signed_in=signed_in),
        SecurityNotice(password_changed=PasswordChangedNotice(session_id=session_id)),
        SecurityNotice(sign_ins_failed=SignInsFailedNotice(failures=20)),
    ]


def liked(
    group_id: int, *, withdrawn: bool = False, previous_id: int = 0
) -> dict[str, NotificationChanged]:
    group = NotificationGroup(
        id=group_id, kind=NOTIFICATION_KIND_LIKE, post_id=100, sample_user_ids=[CAROL], count=1
    )
    group.first_time.FromDatetime(NOON)
    group.last_time.FromDatetime(NOON)
    change = NotificationChanged(group=group, withdrawn=withdrawn, previous_id=previous_id)
    return {"notification": change}


async def greeted(client: StreamClient, *topics: str) -> Json:
    """Past hello and subscribed."""
    hello = await client.next()
    assert hello["type"] == "hello"
    assert await client.subscribe(*topics) == {"type": "subscribed", "topics": list(topics)}
    return hello


def sequences(frames: list[Json]) -> list[int]:
    return [each["sequence"] for each in frames]


async def test_the_first_frame_says_where_the_log_is(address: str, events: FakeEvents) -> None:
    events.add(ALICE, **changed(1))

    async with opened(address) as client:
        hello = await client.next()
        assert client.connection.subprotocol == "roost.v1"

    assert hello["last_sequence"] == 1
    assert hello["heartbeat_seconds"] == 25


async def test_an_arrival_shows_the_post_as_rest_does(address: str, events: FakeEvents) -> None:
    async with opened(address) as client:
        await greeted(client, "home")
        events.add(ALICE, **arrival(100))
        (event,) = await client.events(1)

    assert (event["sequence"], event["topic"]) == (1, "home")
    shown = event["change"]
    assert shown["kind"] == "arrival"
    assert shown["item"]["post"]["text"] == "Post 100"
    assert shown["item"]["post"]["author"]["handle"] == "bob"


async def test_what_comes_live_has_the_addresses_of_its_media(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    scenario.media = [picture(7, folder="p/bGl2ZQ")]
    async with opened(address) as client:
        await greeted(client, "home", "notifications")
        events.add(ALICE, **arrival(100))
        events.add(ALICE, **liked(7))
        arrived, updated = await client.events(2)

    shown = arrived["change"]["item"]["post"], updated["change"]["notification"]["post"]
    for each in shown:
        url = each["media"][0]["variants"][0]["url"]
        assert url.startswith(f"{MEDIA_ORIGIN}/s/")
        assert "/p/bGl2ZQ/" in url


async def test_notifications_come_and_go(address: str, events: FakeEvents) -> None:
    async with opened(address) as client:
        await greeted(client, "notifications")
        events.add(ALICE, **liked(7))
        events.add(ALICE, **liked(7, withdrawn=True))
        updated, gone = await client.events(2)

    assert updated["change"]["notification"]["kind"] == "like"
    assert [each["handle"] for each in updated["change"]["notification"]["people"]] == ["carol"]
    assert gone["change"] == {"kind": "notification_withdrawn", "id": "7"}


async def test_a_notification_that_grows_takes_the_place_of_what_it_was(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    async with opened(address) as client:
        await greeted(client, "notifications")
        events.add(ALICE, **liked(7))
        events.add(ALICE, **liked(8, previous_id=7))
        new, grown = await client.events(2)
        scenario.stands[CAROL] = {"muting": True}
        events.add(ALICE, **liked(9, previous_id=8))
        (hidden,) = await client.events(1)

    assert (new["change"]["notification"]["id"], new["change"]["replaces"]) == ("7", None)
    assert (grown["change"]["notification"]["id"], grown["change"]["replaces"]) == ("8", "7")
    assert hidden["change"] == {"kind": "notification_withdrawn", "id": "8"}


async def test_own_changes_and_markers_come_on_their_topics(
    address: str, events: FakeEvents
) -> None:
    async with opened(address) as client:
        await greeted(client, *LISTS)
        events.add(ALICE, **changed(12, "block"))
        events.add(ALICE, marker=MarkerMoved(timeline="home", last_read_id=9))
        events.add(ALICE, session=SessionEnded(session_id=SESSION + 1))
        block, marker, session = await client.events(3)

    assert block["change"] == {
        "kind": "resource", "resource": "block", "id": "12", "deleted": False
    }  # fmt: skip
    assert (block["topic"], marker["topic"], session["topic"]) == ("account", "home", "account")
    assert marker["change"]["last_read_id"] == "9"
    assert session["change"] == {"kind": "session_ended", "session_id": str(SESSION + 1)}


async def test_a_medium_whose_processing_ended_is_a_change_of_its_owner(
    address: str, events: FakeEvents
) -> None:
    async with opened(address) as client:
        await greeted(client, *LISTS)
        events.add(ALICE, **changed(7, "medium"))
        (ended,) = await client.events(1)

    assert ended["change"] == {
        "kind": "resource", "resource": "medium", "id": "7", "deleted": False
    }  # fmt: skip
    assert ended["topic"] == "account"


async def test_notices_of_the_accounts_safety_come_on_the_account_topic(
    address: str, events: FakeEvents
) -> None:
    async with opened(address) as client:
        await greeted(client, *LISTS)
        for notice in notices(SESSION + 1):
            events.add(ALICE, security=notice)
        found = await client.events(3)

    session_id = str(SESSION + 1)
    assert {each["topic"] for each in found} == {"account"}
    assert [each["change"] for each in found] == [
        {
            "kind": "signed_in",
            "session_id": session_id,
            "new_network": True,
        },
        {"kind": "password_changed", "session_id": session_id},
        {"kind": "sign_ins_failed", "failures": 20},
    ]


async def test_only_topics_that_were_asked_for_come(address: str, events: FakeEvents) -> None:
    async with opened(address) as client:
        await greeted(client, "account")
        events.add(ALICE, **arrival(100))
        events.add(ALICE, **changed(1))
        (event,) = await client.events(1)
        assert event["sequence"] == 2
        await client.send("unsubscribe", topics=["account"])
        assert (await client.next())["type"] == "unsubscribed"
        events.add(ALICE, **changed(2))
        assert await client.silent()


async def test_one_load_serves_everybody_whom_a_post_goes_to(
    address: str, events: FakeEvents, services: FakeServices
) -> None:
    async with opened(address) as alice, opened(address, "carol") as carol:
        for client in (alice, carol):
            await greeted(client, "home")
        events.add(ALICE, **arrival(100))
        events.add(CAROL, **arrival(100))
        items = [(await client.events(1))[0]["change"]["item"] for client in (alice, carol)]

    assert services.methods.count("BatchGetPosts") == 1
    assert items[0] == items[1]
    assert "viewer" not in items[0]["post"]
    assert "relationship" not in items[0]["post"]["author"]


async def test_who_blocked_or_muted_the_author_meanwhile_is_spared(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    scenario.relationships[ALICE, BOB] = PairRelationship(following=True, muting=True)
    scenario.relationships[CAROL, BOB] = PairRelationship(following=True, either_blocks=True)

    async with opened(address) as alice, opened(address, "carol") as carol:
        for client, user_id in ((alice, ALICE), (carol, CAROL)):
            await greeted(client, "home")
            events.add(user_id, **arrival(100))
        await eventually(lambda: scenario.services.methods.count("BatchGetPairRelationships") == 2)
        assert await alice.silent()
        assert await carol.silent()


async def test_reposts_and_older_posts_are_read_with_the_readers_own_eyes(
    address: str, events: FakeEvents, scenario: Scenario, services: FakeServices
) -> None:
    scenario.stands[CAROL] = {"muting": True, "following": True}

    async with opened(address) as client:
        await greeted(client, "home")
        events.add(ALICE, age=3600, **arrival(100))
        events.add(ALICE, **arrival(101, reposter_id=CAROL))
        events.add(ALICE, **arrival(102, reposter_id=14))
        first, second = await client.events(2)

    assert sequences([first, second]) == [1, 3]
    assert first["change"]["item"]["post"]["viewer"]["liked"] is True
    asked = [each for each in services.asked if each.method == "BatchGetPosts"]
    assert {each.viewer_id for each in asked} == {ALICE}


async def test_a_hidden_post_never_comes(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    scenario.hidden.add(100)

    async with opened(address) as client:
        await greeted(client, "home", "account")
        events.add(ALICE, **arrival(100))
        events.add(ALICE, **changed(1))
        (event,) = await client.events(1)

    assert event["sequence"] == 2


async def test_a_client_resumes_after_what_it_had(address: str, events: FakeEvents) -> None:
    for number in range(1, 501):
        events.add(ALICE, **changed(number))

    async with opened(address) as client:
        assert (await client.next())["last_sequence"] == 500
        await client.send("resume", after_sequence=20)
        await client.subscribe("account")
        found = await client.events(480)
        events.add(ALICE, **changed(501))
        found += await client.events(1)

    assert sequences(found) == list(range(21, 502))


async def test_events_during_the_resumption_come_once_and_in_order(
    address: str, events: FakeEvents
) -> None:
    for number in range(1, 1001):
        events.add(ALICE, **changed(number))

    async def go_on() -> None:
        for number in range(1001, 1201):
            events.add(ALICE, **changed(number))
            await asyncio.sleep(0)

    async with opened(address) as client:
        await client.next()
        await client.send("resume", after_sequence=0)
        await client.subscribe("account")
        going = asyncio.create_task(go_on())
        found = await client.events(1200)
        await going

    assert sequences(found) == list(range(1, 1201))


async def test_events_that_are_gone_are_a_gap(address: str, events: FakeEvents) -> None:
    for number in range(1, 11):
        events.add(ALICE, **changed(number))
    events.forget(ALICE, before=8)

    async with opened(address) as client:
        await client.next()
        await client.send("resume", after_sequence=3)
        await client.subscribe("account")
        gap = await client.next()
        found = await client.events(3)

    assert gap == {"type": "gap", "first_sequence": 8}
    assert sequences(found) == [8, 9, 10]


async def test_a_long_absence_is_a_gap_of_the_home_alone(address: str, events: FakeEvents) -> None:
    events.add(ALICE, **changed(1))
    events.add(ALICE, **missed())

    async with opened(address) as client:
        await client.next()
        await client.send("resume", after_sequence=0)
        await client.subscribe(*LISTS)
        (before,) = await client.events(1)
        gap = await client.next()
        events.add(ALICE, **changed(2))
        events.add(ALICE, **missed())
        (after,) = await client.events(1)
        live = await client.next()

    assert sequences([before, after]) == [1, 3]
    assert gap == {"type": "gap", "first_sequence": 2, "topics": ["home"]}
    assert live == {"type": "gap", "first_sequence": 4, "topics": ["home"]}


async def test_whoever_does_not_follow_the_home_misses_nothing_of_it(
    address: str, events: FakeEvents
) -> None:
    events.add(ALICE, **missed())
    events.add(ALICE, **changed(1))

    async with opened(address) as client:
        await client.next()
        await client.send("resume", after_sequence=0)
        await client.subscribe("account")
        assert sequences(await client.events(1)) == [2]


async def test_a_client_ahead_of_the_log_is_told_so(address: str, events: FakeEvents) -> None:
    events.add(ALICE, **changed(1))

    async with opened(address) as client:
        await client.next()
        await client.send("resume", after_sequence=99)
        await client.subscribe("account")
        assert await client.next() == {"type": "gap", "first_sequence": 2}
        events.add(ALICE, **changed(2))
        assert sequences(await client.events(1)) == [2]


async def test_a_broken_upstream_costs_no_event(address: str, events: FakeEvents) -> None:
    async with opened(address) as client:
        await greeted(client, "account")
        events.add(ALICE, **changed(1))
        found = await client.events(1)
        (broken,) = events.streams
        events.cut()
        # The next stream may be there before this one is seen to be gone.
        await eventually(lambda: broken not in events.streams)
        for number in range(2, 6):
            events.add(ALICE, **changed(number))
        found += await client.events(4)

    assert sequences(found) == [1, 2, 3, 4, 5]
    assert events.opened == 2


async def test_what_is_lost_on_the_way_is_asked_for_again(address: str, events: FakeEvents) -> None:
    async with opened(address) as client:
        await greeted(client, "account")
        events.add(ALICE, announced=False, **changed(1))
        events.add(ALICE, announced=False, **changed(2))
        events.add(ALICE, **changed(3))
        found = await client.events(3)
        events.tell(events.logs[ALICE][1])
        events.add(ALICE, **changed(4))
        found += await client.events(1)

    assert sequences(found) == [1, 2, 3, 4]


async def test_all_of_a_process_share_one_upstream(address: str, events: FakeEvents) -> None:
    async with (
        opened(address) as one,
        opened(address) as other,
        opened(address, "carol") as third,
    ):
        for client in (one, other, third):
            await greeted(client, "account")
        events.add(ALICE, **changed(1))
        assert sequences(await one.events(1)) == sequences(await other.events(1)) == [1]
        assert await third.silent()

    assert events.opened == 1
    await eventually(lambda: not events.streams[0].people)


async def test_a_watched_post_tells_of_replies(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    async with opened(address) as client:
        await client.next()
        assert await client.subscribe("post:100") == {"type": "subscribed", "topics": ["post:100"]}
        shown = await client.next()
        scenario.replies_to[101] = 100
        events.happened(PostActivity(post_id=100, reply_post_id=101))
        news = await client.next()

    assert (shown["type"], shown["post"]["counts"]["likes"], shown["replies"]) == (
        "activity",
        1,
        [],
    )
    assert [each["id"] for each in news["replies"]] == ["101"]


async def test_a_post_that_is_gone_ends_its_topic(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    async with opened(address) as client:
        await client.next()
        await client.subscribe("post:100")
        await client.next()
        scenario.hidden.add(100)
        events.happened(PostActivity(post_id=100, deleted=True))
        gone, ended = await client.next(), await client.next()

    assert (gone["topic"], gone["post"]) == ("post:100", None)
    assert ended == {"type": "unsubscribed", "topics": ["post:100"]}


async def watching(client: StreamClient, events: FakeEvents, *tags: str) -> None:
    """Subscribes to hashtags, and waits until the event service has them."""
    await client.next()
    await client.subscribe(*(f"hashtag:{each}" for each in tags))
    await eventually(lambda: events.streams[0].hashtags.issuperset(tags))


async def test_new_posts_with_a_hashtag_come_once(address: str, events: FakeEvents) -> None:
    async with opened(address) as client:
        await watching(client, events, "roost")
        for number in (101, 100, 101):
            events.posted("roost", number)
        shown = [await client.next()]
        while len([each for frame in shown for each in frame["posts"]]) < 2:
            shown.append(await client.next())
        events.posted("roost", 100)
        events.posted("roost", 102)
        last = await client.next()

    assert {each["type"] for each in shown} == {"hashtag_posts"}
    assert {each["topic"] for each in shown} == {"hashtag:roost"}
    posts = [each["id"] for frame in shown for each in frame["posts"]]
    assert sorted(posts) == ["100", "101"]
    assert [each["id"] for each in last["posts"]] == ["102"]


async def test_posts_that_may_not_be_seen_never_come_by_their_hashtag(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    scenario.hidden.add(100)

    async with opened(address) as client:
        await watching(client, events, "roost")
        events.posted("roost", 100)
        await eventually(lambda: "BatchGetPosts" in scenario.services.methods)
        scenario.stands[BOB] = {"muting": True}
        events.posted("roost", 101)
        await eventually(lambda: scenario.services.methods.count("BatchGetPosts") == 2)
        scenario.stands.clear()
        events.posted("roost", 102)
        shown = await client.next()

    assert [each["id"] for each in shown["posts"]] == ["102"]


async def test_new_posts_with_a_hashtag_are_read_together(
    address: str, events: FakeEvents, scenario: Scenario
) -> None:
    async with opened(address) as client:
        await watching(client, events, "roost")
        events.posted("roost", 99)
        await client.next()
        before = len(scenario.services.asked)
        for number in range(100, 130):
            events.posted("roost", number)
        shown = await client.next()

    assert [int(each["id"]) for each in shown["posts"]] == list(range(110, 130))
    assert scenario.services.methods[before:] == ["BatchGetPosts"]


async def test_spellings_of_a_hashtag_are_one_topic(address: str, events: FakeEvents) -> None:
    async with opened(address) as client:
        await client.next()
        subscribed = await client.subscribe("hashtag:Roost", "hashtag:ＲＯＯＳＴ")
        await eventually(lambda: bool(events.streams[0].hashtags))
        hashtags = set(events.streams[0].hashtags)
        await client.send("unsubscribe", topics=["hashtag:ROOST"])
        ended = await client.next()
        await eventually(lambda: not events.streams[0].hashtags)

    assert subscribed == {"type": "subscribed", "topics": ["hashtag:roost"]}
    assert hashtags == {"roost"}
    assert ended == {"type": "unsubscribed", "topics": ["hashtag:roost"]}


async def test_hashtags_are_watched_again_after_the_upstream_broke(
    address: str, events: FakeEvents
) -> None:
    async with opened(address) as client:
        await watching(client, events, "roost")
        events.cut()
        await eventually(
            lambda: events.opened == 2 and bool(events.streams) and bool(events.streams[0].hashtags)
        )
        events.posted("roost", 100)
        shown = await client.next()

    assert [each["id"] for each in shown["posts"]] == ["100"]
    await eventually(lambda: not events.streams[0].hashtags)


async def test_follows_of_hashtags_come_on_the_account_topic(
    address: str, events: FakeEvents
) -> None:
    async with opened(address) as client:
        await greeted(client, "account")
        for deleted in (False, True):
            change = ResourceChanged(resource="hashtag_follow", tag="roost", deleted=deleted)
            events.add(ALICE, resource=change)
        begun, ended = await client.events(2)

    assert begun["change"] == {"kind": "hashtag_follow", "hashtag": "roost", "deleted": False}
    assert ended["change"]["deleted"] is True


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("weather", "TOPIC_INVALID"),
        ("post:0", "TOPIC_INVALID"),
        ("post:9", "POST_NOT_FOUND"),
        ("hashtag:", "TOPIC_INVALID"),
        ("hashtag:#roost", "TOPIC_INVALID"),
        ("hashtag:123", "TOPIC_INVALID"),
    ],
)
async def test_a_topic_is_refused_by_itself(
    address: str, scenario: Scenario, topic: str, reason: str
) -> None:
    scenario.hidden.add(9)

    async with opened(address) as client:
        await client.next()
        refused = await client.subscribe(topic, "home")
        subscribed = await client.next()

    assert (refused["type"], refused["topic"]) == ("error", topic)
    assert refused["problem"]["reason"] == reason
    assert subscribed["topics"] == ["home"]


@pytest.mark.parametrize("last", ["post:51", "hashtag:roost"])
async def test_a_connection_watches_fifty_posts_and_hashtags(address: str, last: str) -> None:
    topics = [*(f"post:{number}" for number in range(1, 50)), "hashtag:heron", last]

    async with opened(address) as client:
        await client.next()
        refused = await client.subscribe(*topics)

    assert refused["problem"]["reason"] == "TOO_MANY_SUBSCRIPTIONS"
    assert refused["topic"] == last


@pytest.mark.parametrize(
    "frame",
    ["", "{", "[]", '{"type":"dance"}', '{"type":"ping","type":"ping"}', '{"type":"subscribe"}',
     '{"type":"ping","loud":true}', '{"type":"resume","after_sequence":-1}', b"{}"],
)  # fmt: skip
async def test_what_is_no_frame_closes(address: str, frame: str | bytes) -> None:
    async with opened(address) as client:
        await client.next()
        await client.connection.send(frame)
        code, reason, (error,) = await client.closed()

    assert (code, reason) == (4000, {"reason": "FRAME_INVALID"})
    assert error["problem"]["reason"] == "FRAME_INVALID"


async def test_resume_comes_before_subscribe(address: str) -> None:
    async with opened(address) as client:
        await greeted(client, "home")
        await client.send("resume", after_sequence=0)
        code, _, _ = await client.closed()

    assert code == 4000


async def test_a_flood_of_frames_is_stopped(address: str) -> None:
    async with opened(address) as client:
        await client.next()
        with contextlib.suppress(ConnectionClosed):
            # Some frames a second are allowed, so how many are too many depends on the machine.
            for _ in range(20_000):
                await client.send("pong")
        code, reason, _ = await client.closed()

    assert (code, reason) == (4004, {"reason": "RATE_LIMITED"})


@pytest.mark.parametrize("ticket", ["used", "", "x" * 200])
async def test_a_ticket_that_opens_nothing_closes(address: str, ticket: str) -> None:
    async with opened(address, ticket) as client:
        code, reason, frames = await client.closed()

    assert (code, reason, frames) == (4002, {"reason": "STREAM_TICKET_INVALID"}, [])


async def test_while_the_user_service_is_away_clients_are_told_when_to_come_back(
    address: str, services: FakeServices
) -> None:
    services.answer("RedeemStreamTicket", Unavailable(retry_after=3.0))

    async with opened(address) as client:
        code, reason, _ = await client.closed()

    assert (code, reason) == (1013, {"reason": "DEPENDENCY_UNAVAILABLE", "retry_after": 3.0})


@pytest.mark.parametrize("path", ["/v1/stream", "/v1/elsewhere"])
async def test_what_does_not_speak_the_protocol_is_not_upgraded(address: str, path: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(f"ws://{address}{path}", subprotocols=["chat"], proxy=None):  # type: ignore[list-item]
            pass

    answer = refused.value.response
    expected = (400, "PARAMETER_INVALID") if path == "/v1/stream" else (404, "ROUTE_NOT_FOUND")
    assert (answer.status_code, json.loads(answer.body)["reason"]) == expected
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


HANDSHAKE = {
    "host": "roost",
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-protocol": "roost.v1, roost.ticket.good",
}


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("/v1/stream", {"sec-websocket-protocol": "chat"}),
        ("/v1/stream", {"sec-websocket-protocol": None}),
        ("/v1/stream", {"sec-websocket-protocol": "roost.v1 ; roost.ticket.good"}),
        ("/v1/stream", {"sec-websocket-version": "12"}),
        ("/v1/stream", {"sec-websocket-version": None}),
        ("/v1/stream", {"sec-websocket-key": None}),
        ("/v1/stream", {"sec-websocket-key": "short"}),
        ("/v1/stream", {"connection": "close"}),
        ("/v1/elsewhere", {}),
        ("/graphql", {"sec-websocket-protocol": "graphql-ws"}),
        ("/graphql", {"sec-websocket-protocol": None}),
    ],
)
async def test_a_handshake_that_is_refused_is_no_error_in_the_log(
    address: str, caplog: pytest.LogCaptureFixture, path: str, changes: dict[str, str | None]
) -> None:
    headers = {name: value for name, value in (HANDSHAKE | changes).items() if value is not None}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    host, port = address.split(":")

    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(PATIENCE):
        status = (await reader.readline()).split()[1]
        await reader.read()
    writer.close()

    assert status.startswith(b"4"), status
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


async def test_an_ended_session_is_closed_by_its_event(address: str, events: FakeEvents) -> None:
    async with opened(address) as client:
        await client.next()
        events.add(ALICE, session=SessionEnded(session_id=SESSION))
        code, reason, (error,) = await client.closed()

    assert (code, reason) == (4001, {"reason": "SESSION_REVOKED"})
    assert error["problem"]["reason"] == "SESSION_REVOKED"


async def test_an_ended_session_is_closed_without_its_event(
    address: str, revoked: set[int]
) -> None:
    async with opened(address) as client:
        await client.next()
        revoked.add(SESSION)
        code, _, _ = await client.closed()

    assert code == 4001


async def test_a_token_is_renewed_when_it_is_about_to_end(
    address: str, events: FakeEvents, scenario: Scenario, services: FakeServices
) -> None:
    scenario.lifetime = 0

    async with opened(address) as client:
        await greeted(client, "home")
        events.add(ALICE, **arrival(100))
        events.add(ALICE, **arrival(101))
        await client.events(2)

    assert services.methods.count("ExtendStream") == 1


async def test_a_service_that_is_away_for_a_moment_delays_and_loses_nothing(
    address: str, events: FakeEvents, scenario: Scenario, services: FakeServices
) -> None:
    services.answer("BatchGetPosts", Unavailable())

    async with opened(address) as client:
        await greeted(client, "home", "account")
        events.add(ALICE, **arrival(100))
        events.add(ALICE, **changed(1))
        await eventually(lambda: services.methods.count("BatchGetPosts") >= 2)
        services.answer("BatchGetPosts", scenario._posts)
        assert sequences(await client.events(2)) == [1, 2]


async def test_a_slow_reader_is_closed_and_others_never_wait(
    address: str, events: FakeEvents, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However busy the machine is, no send to the fast client takes too long.
    monkeypatch.setattr(socket, "SEND_SECONDS", 600.0)
    async with opened(address) as fast, narrow(address) as slow:
        await greeted(fast, "account")
        await greeted(slow, "account")
        slow.connection.transport.pause_reading()
        count = 0
        closed = 0.0
        while not closed:
            for _ in range(50):
                events.add(ALICE, **changed(count))
                count += 1
            assert len(await fast.events(50)) == 50
            closed = _counted(state, "roost_stream_slow_consumers_total")
            assert count < 200_000
        slow.connection.transport.resume_reading()
        assert await fast.silent()


async def test_a_reader_that_takes_nothing_for_too_long_is_closed(
    address: str, events: FakeEvents, state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_QUEUED", 1_000_000)
    async with narrow(address) as slow:
        await greeted(slow, "account")
        monkeypatch.setattr(socket, "SEND_SECONDS", 0.5)
        slow.connection.transport.pause_reading()

        async def closed() -> bool:
            for number in range(50):
                events.add(ALICE, **changed(number))
            return _counted(state, "roost_stream_slow_consumers_total") == 1

        await eventually(closed, limit=PATIENCE)
        slow.connection.transport.resume_reading()


async def test_a_person_has_so_many_connections(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "MAX_EACH", 2)
    async with opened(address) as one, opened(address) as two, opened(address) as three:
        await one.next()
        await two.next()
        code, reason, _ = await three.closed()

    assert (code, reason) == (4003, {"reason": "TOO_MANY_CONNECTIONS"})


async def test_silence_is_broken_by_a_ping_that_tells_how_far_it_is(
    address: str, events: FakeEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(address) as client:
        await greeted(client, "account")
        monkeypatch.setattr(connection.frames, "HEARTBEAT_SECONDS", 0.1)
        events.add(ALICE, **arrival(100))
        sequence = 0
        while sequence < 1:
            ping = await client.next()
            assert ping["type"] == "ping"
            sequence = ping["sequence"]


async def test_a_client_that_only_reads_is_asked_whether_it_is_there(
    address: str, events: FakeEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(address) as client, asyncio.timeout(PATIENCE):
        await greeted(client, "account")
        monkeypatch.setattr(socket.frames, "HEARTBEAT_SECONDS", 0.6)
        kind = "event"
        while kind == "event":  # the server is never silent for a heartbeat
            events.add(ALICE, **changed(1))
            kind = (await client.next())["type"]

    assert kind == "ping"


async def test_a_client_that_answers_nothing_is_closed(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(address) as client:
        await client.next()
        monkeypatch.setattr(connection, "SILENCE", 0.2)
        code, reason, _ = await client.closed()

    assert (code, reason) == (4009, {"reason": "REQUEST_TOO_SLOW"})


async def test_a_process_that_stops_spreads_its_clients(
    address: str, gateway: Gateway, state: State
) -> None:
    async with opened(address) as one, opened(address, "carol") as other:
        await one.next()
        await other.next()
        state.stopping = True
        await gateway.stream.drain()
        ends = [await client.closed() for client in (one, other)]
    async with opened(address) as late:
        ends.append(await late.closed())

    assert [code for code, _, _ in ends] == [1012] * 3
    assert all(0 <= reason["retry_after"] <= 10 for _, reason, _ in ends)


async def test_connections_are_counted(address: str, events: FakeEvents, state: State) -> None:
    async with opened(address) as client:
        await greeted(client, "account")
        assert _counted(state, "roost_stream_sockets") == 1
        events.add(ALICE, **changed(1))
        await client.events(1)
        await client.send("ack", sequence=1)
        assert await client.silent()
        assert _counted(state, "roost_stream_frames_sent_total", type="event") == 1
        assert _counted(state, "roost_stream_unhandled_events_count") == 1
    await eventually(lambda: _counted(state, "roost_stream_sockets") == 0)


def _counted(state: State, name: str, **labels: str) -> float:
    return state.registry.get_sample_value(name, labels) or 0.0

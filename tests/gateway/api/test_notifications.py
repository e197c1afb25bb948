"""Notifications: what is shown, what is hidden, and what a page costs."""

from collections.abc import Sequence
from typing import Any

import pytest
from roost.notification.v1 import notification_pb2 as pb
from roost.notification.v1.notification_service_pb2 import (
    GetPreferencesResponse,
    GetReadMarkerResponse,
    ListNotificationsRequest,
    ListNotificationsResponse,
    UpdatePreferencesResponse,
)
from roost.post.v1.post_service_pb2 import BatchGetPostsRequest, BatchGetPostsResponse

from tests.gateway.api.test_home import walk
from tests.gateway.conftest import Client, counted
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    NOON,
    includes,
    person,
    post,
)

LIKE, FOLLOW, REPLY = (
    pb.NOTIFICATION_KIND_LIKE,
    pb.NOTIFICATION_KIND_FOLLOW,
    pb.NOTIFICATION_KIND_REPLY,
)


class Scenario:
    """Groups behind fake services. Tokens say how many groups were passed."""

    def __init__(self, services: FakeServices) -> None:
        self.groups: list[pb.NotificationGroup] = []
        self.gone: set[int] = set()
        self.hidden_posts: set[int] = set()
        self.muted: set[int] = set()
        services.answer("ListNotifications", self._page)
        services.answer("BatchGetPosts", self._bodies)

    def add(
        self,
        kind: pb.NotificationKind,
        actors: Sequence[int],
        *,
        about: int = 0,
        count: int = 0,
        read: bool = False,
    ) -> None:
        group = pb.NotificationGroup(
            id=1000 - len(self.groups),
            kind=kind,
            post_id=about,
            sample_user_ids=actors,
            count=count or len(actors),
            read=read,
        )
        group.first_time.FromDatetime(NOON)
        group.last_time.FromDatetime(NOON)
        self.groups.append(group)

    def _page(self, request: ListNotificationsRequest) -> ListNotificationsResponse:
        start = int(request.page_token or 0)
        end = start + request.page_size
        return ListNotificationsResponse(
            groups=self.groups[start:end],
            next_page_token=str(end) if end < len(self.groups) else "",
            next_group=self.groups[end] if end < len(self.groups) else None,
        )

    def _bodies(self, request: BatchGetPostsRequest) -> BatchGetPostsResponse:
        found = [
            post(each, ALICE, viewer=ALICE)
            for each in request.post_ids
            if each not in self.hidden_posts
        ]
        people = ({ALICE} if found else set()) | set(request.include_user_ids)
        shown = [
            person(each, viewer=ALICE, muting=each in self.muted)
            for each in sorted(people - self.gone)
        ]
        return BatchGetPostsResponse(posts=found, includes=includes(*shown))


@pytest.fixture
def notified(services: FakeServices) -> Scenario:
    return Scenario(services)


async def items(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/notifications{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_a_line_shows_its_post_and_those_who_did_it(
    alice: Client, notified: Scenario
) -> None:
    notified.add(LIKE, [CAROL, BOB], about=100, count=7)
    notified.add(FOLLOW, [DAVE], read=True)

    likes, follow = await items(alice)

    assert (likes["id"], likes["kind"], likes["count"], likes["read"]) == ("1000", "like", 7, False)
    assert likes["post"]["id"] == "100"
    assert [each["handle"] for each in likes["people"]] == ["carol", "bob"]
    assert likes["first_at"] == likes["last_at"] == "2026-02-01T12:00:00.000Z"
    assert (follow["kind"], follow["post"], follow["read"]) == ("follow", None, True)


async def test_hidden_people_and_posts_are_left_out_as_on_every_list(
    alice: Client, notified: Scenario
) -> None:
    notified.add(LIKE, [BOB, CAROL], about=100)
    notified.add(LIKE, [BOB], about=100)
    notified.add(REPLY, [CAROL], about=101)
    notified.add(FOLLOW, [DAVE])
    notified.gone, notified.muted, notified.hidden_posts = {BOB}, {DAVE}, {101}

    (likes,) = await items(alice)

    assert [each["handle"] for each in likes["people"]] == ["carol"]
    assert likes["count"] == 1


@pytest.mark.parametrize("kind", [pb.NOTIFICATION_KIND_UNSPECIFIED, 99])
async def test_a_kind_that_is_newer_than_the_gateway_is_left_out(
    alice: Client, notified: Scenario, kind: pb.NotificationKind
) -> None:
    notified.add(kind, [BOB])
    notified.add(FOLLOW, [BOB])

    (follow,) = await items(alice)

    assert follow["kind"] == "follow"


@pytest.mark.parametrize("lines", [1, 40])
async def test_a_page_costs_two_calls_whatever_is_on_it(
    alice: Client, notified: Scenario, services: FakeServices, lines: int
) -> None:
    for number in range(lines):
        notified.add(LIKE, [2000 + number * 5 + each for each in range(5)], about=3000 + number)

    with counted(services) as rpcs:
        shown = await items(alice, "?limit=40")

    assert len(shown) == lines
    assert rpcs == ["ListNotifications", "BatchGetPosts"]


async def test_pages_are_full_although_lines_are_left_out(
    alice: Client, notified: Scenario
) -> None:
    for number in range(12):
        notified.add(FOLLOW, [BOB if number % 3 == 0 else CAROL])
    notified.gone = {BOB}

    pages = await walk(alice, "/v1/notifications", 3)

    assert [len(page["items"]) for page in pages if page["items"]] == [3, 3, 2]
    found = [item["id"] for page in pages for item in page["items"]]
    assert found == [str(1000 - number) for number in range(12) if number % 3]


async def test_a_full_page_of_different_people_knows_what_follows(
    alice: Client, notified: Scenario, services: FakeServices
) -> None:
    for number in range(41):
        notified.add(FOLLOW, range(1000 + 5 * number, 1005 + 5 * number))
    notified.gone = set(range(1200, 1205))

    page = (await alice.get("/v1/notifications?limit=40")).json()

    assert [len(each["people"]) for each in page["items"]] == [5] * 40
    assert page["next_cursor"] is None
    sizes = [len(each.request.include_user_ids) for each in services.asked[1::2]]
    assert sizes == [200, 5]


async def test_the_next_page_is_linked_with_its_kinds(
    alice: Client, notified: Scenario, services: FakeServices
) -> None:
    for _ in range(3):
        notified.add(FOLLOW, [BOB])

    answer = await alice.get("/v1/notifications?kinds=follow,reply&limit=2")

    next_page = "/v1/notifications?kinds=follow,reply&limit=2&cursor=2"
    assert answer.links["next"]["url"] == next_page
    assert list(services.last("ListNotifications").kinds) == [FOLLOW, REPLY]


@pytest.mark.parametrize(
    "query", ["kinds=likes", "kinds=like,", "limit=41", "limit=0", "kind=like"]
)
async def test_what_cannot_be_asked_for_is_named(
    alice: Client, notified: Scenario, query: str
) -> None:
    answer = await alice.get(f"/v1/notifications?{query}")

    assert (answer.status_code, answer.json()["reason"]) == (400, "PARAMETER_INVALID")
    assert answer.json()["violations"][0]["field"] == query.partition("=")[0]


async def test_before_the_first_time_there_is_no_marker(
    alice: Client, services: FakeServices
) -> None:
    services.answer("GetReadMarker", GetReadMarkerResponse())

    answer = await alice.get("/v1/notifications/marker")

    assert answer.json() == {"last_read_id": None, "updated_at": None}


def preferences(etag: str = "3") -> pb.NotificationPreferences:
    made = pb.NotificationPreferences(
        muted_conversation_ids=[100], watched_user_ids=[BOB], email_digest=True, etag=etag
    )
    for kind in range(1, 10):
        sender = pb.SENDER_FILTER_NOBODY if kind == LIKE else pb.SENDER_FILTER_EVERYONE
        made.kinds.add(kind=kind, push=kind == FOLLOW, **{"from": sender})
    return made


async def test_preferences_name_every_kind(alice: Client, services: FakeServices) -> None:
    services.answer("GetPreferences", GetPreferencesResponse(preferences=preferences()))

    answer = await alice.get("/v1/notifications/preferences")

    shown = answer.json()
    assert shown["kinds"]["like"] == {"from": "nobody", "push": False}
    assert shown["kinds"]["follow"] == {"from": "everyone", "push": True}
    assert len(shown["kinds"]) == 9
    assert shown["muted_conversation_ids"] == ["100"]
    assert shown["watched_user_ids"] == [str(BOB)]
    assert shown["email_digest"] is True
    assert answer.headers["etag"].startswith('W/"3.')


async def test_a_change_names_only_what_is_given_and_heeds_if_match(
    alice: Client, services: FakeServices
) -> None:
    services.answer("GetPreferences", GetPreferencesResponse(preferences=preferences()))
    services.answer("UpdatePreferences", UpdatePreferencesResponse(preferences=preferences("4")))
    tag = (await alice.get("/v1/notifications/preferences")).headers["etag"]

    answer = await alice(
        "PATCH",
        "/v1/notifications/preferences",
        json={"kinds": {"reply": {"from": "following", "push": False}}},
        headers={"if-match": tag},
    )

    asked = services.last("UpdatePreferences")
    (kind_preference,) = asked.preferences.kinds
    assert (kind_preference.kind, getattr(kind_preference, "from"), kind_preference.push) == (
        REPLY,
        pb.SENDER_FILTER_FOLLOWING,
        False,
    )
    assert list(asked.update_mask.paths) == ["kinds"]
    assert asked.etag == "3"
    assert answer.headers["etag"].startswith('W/"4.')


async def test_whoever_set_nothing_lives_by_utc_without_quiet_hours(
    alice: Client, services: FakeServices
) -> None:
    services.answer("GetPreferences", GetPreferencesResponse(preferences=preferences()))

    shown = (await alice.get("/v2/notifications/preferences")).json()

    assert (shown["time_zone"], shown["quiet_hours"]) == ("UTC", None)


@pytest.mark.parametrize(
    ("body", "paths", "hours"),
    [
        ({"time_zone": "Asia/Tokyo"}, ["time_zone"], None),
        ({"quiet_hours": {"start_hour": 22, "end_hour": 7}}, ["quiet_hours"], (22, 7)),
        ({"quiet_hours": None}, ["quiet_hours"], None),
    ],
)
async def test_time_zone_and_quiet_hours_change_by_themselves(
    alice: Client,
    services: FakeServices,
    body: dict[str, Any],
    paths: list[str],
    hours: tuple[int, int] | None,
) -> None:
    changed = preferences("4")
    changed.time_zone = "Asia/Tokyo"
    changed.quiet_hours.CopyFrom(pb.QuietHours(start_hour=22, end_hour=7))
    services.answer("UpdatePreferences", UpdatePreferencesResponse(preferences=changed))

    answer = await alice("PATCH", "/v2/notifications/preferences", json=body)

    asked = services.last("UpdatePreferences")
    given = asked.preferences.quiet_hours
    assert list(asked.update_mask.paths) == paths
    assert asked.preferences.time_zone == body.get("time_zone", "")
    assert asked.preferences.HasField("quiet_hours") == (hours is not None)
    assert hours is None or (given.start_hour, given.end_hour) == hours
    assert answer.json()["time_zone"] == "Asia/Tokyo"
    assert answer.json()["quiet_hours"] == {"start_hour": 22, "end_hour": 7}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"quiet_hours": {"start_hour": 24, "end_hour": 7}}, "quiet_hours.start_hour"),
        ({"quiet_hours": {"start_hour": 22}}, "quiet_hours.end_hour"),
        ({"time_zone": ""}, "time_zone"),
        ({"time_zone": None}, "time_zone"),
        ({"kinds": {"like": {"push": True}}}, "kinds.like.from"),
        ({"kinds": {"like": {"from": "friends", "push": True}}}, "kinds.like.from"),
        ({"kinds": {"poke": {}}}, "kinds.poke"),
        ({"muted_conversation_ids": []}, "muted_conversation_ids"),
    ],
)
async def test_a_change_that_cannot_be_is_named(
    alice: Client, body: dict[str, Any], field: str
) -> None:
    answer = await alice("PATCH", "/v1/notifications/preferences", json=body)

    assert (answer.status_code, answer.json()["reason"]) == (422, "VALIDATION_FAILED")
    assert answer.json()["violations"][0]["field"] == field

"""Homes that the gateway keeps: no call while nothing on them changes, and no promise less."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from roost.media.v1.media_pb2 import Medium
from roost.post.v1.post_pb2 import Post
from roost.post.v1.post_service_pb2 import (
    BatchGetPostsRequest,
    BatchGetPostsResponse,
    Dependencies,
)
from roost.timeline.v1.timeline_service_pb2 import (
    GetHomeTimelineRequest,
    GetHomeTimelineResponse,
)

from gateway.core.state import State
from services.chassis.auth.signed_paths import STEP
from services.chassis.runtime.clock import ManualClock
from tests.gateway.change_log import ChangeLog
from tests.gateway.conftest import SESSION, Client, counted
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import (
    ALICE,
    BOB,
    CAROL,
    entry,
    includes,
    person,
    picture,
    portrayed,
    post,
)
from tests.waiting import eventually

HOME = "/v1/timelines/home"
BOTH_CALLS = ["GetHomeTimeline", "BatchGetPosts"]
# Dependencies: the list of entries, each post, and the reposter.
LIST, REPOSTER = 1_000, 3_000


class Home:
    """A home with two posts, one of them reposted, whose dependencies are known."""

    def __init__(self, services: FakeServices) -> None:
        self.services = services
        self.texts = {100: "first", 101: "second"}
        self.media: list[Medium] = []
        self.author = person(BOB, viewer=ALICE, following=True)
        self.tells = True
        self.asked: list[bool] = []
        # The posts of the last request for bodies, and those that it does not bring.
        self.bodies: list[int] = []
        self.hidden: set[int] = set()
        services.answer("GetHomeTimeline", self.page)
        services.answer("BatchGetPosts", self._bodies)

    def page(self, request: GetHomeTimelineRequest) -> GetHomeTimelineResponse:
        self.asked.append(request.include_dependencies)
        return GetHomeTimelineResponse(
            entries=[
                entry(each, BOB, reposter=CAROL, entry_id=10_101)
                if each == 101
                else entry(each, BOB)
                for each in self.texts
            ],
            dependencies=[LIST] if request.include_dependencies else [],
        )

    def _bodies(self, request: BatchGetPostsRequest) -> BatchGetPostsResponse:
        self.asked.append(request.include_dependencies)
        self.bodies = list(request.post_ids)
        named = request.include_dependencies and self.tells
        return BatchGetPostsResponse(
            posts=[self._post(each) for each in request.post_ids if each not in self.hidden],
            includes=includes(self.author, person(CAROL, viewer=ALICE, following=True)),
            post_dependencies=[Dependencies(ids=[each]) for each in request.post_ids if named],
            user_dependencies=[Dependencies(ids=[REPOSTER]) for _ in request.include_user_ids]
            if named
            else [],
        )

    def _post(self, post_id: int) -> Post:
        return post(post_id, BOB, viewer=ALICE, text=self.texts[post_id], media=self.media)


@pytest.fixture
def home(services: FakeServices) -> Home:
    return Home(services)


@pytest.fixture
async def watched(home: Home, alice: Client) -> Home:
    """The home, once the streams of both services are open, before a page is kept."""

    async def asks_for_dependencies() -> bool:
        home.asked.clear()
        home.tells = False
        await alice.get(HOME)
        home.tells = True
        return all(home.asked)

    await eventually(asks_for_dependencies)
    return home


async def texts(client: Client, path: str = HOME) -> list[str]:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return [item["post"]["text"] for item in answer.json()["items"]]


def reads(registry: CollectorRegistry, outcome: str) -> float:
    return registry.get_sample_value("roost_kept_reads_total", {"outcome": outcome}) or 0.0


async def test_nothing_is_asked_for_before_the_streams_are_open(
    alice: Client, home: Home, post_log: ChangeLog
) -> None:
    post_log.away = True

    assert await texts(alice) == ["first", "second"]

    assert home.asked == [False, False]


async def test_the_second_read_makes_no_call(
    alice: Client, watched: Home, services: FakeServices, state: State
) -> None:
    first = await alice.get(HOME)
    with counted(services) as rpcs:
        second = await alice.get(HOME)

    assert rpcs == []
    assert second.content == first.content
    changing = {"traceresponse"}
    assert {**second.headers, **dict.fromkeys(changing)} == {
        **first.headers,
        **dict.fromkeys(changing),
    }
    assert reads(state.registry, "kept") == 1


@pytest.mark.parametrize(("changed", "post_id"), [(100, 100), (101, 101), (REPOSTER, 101)])
async def test_a_change_that_the_post_service_reports_shows_at_the_next_read(
    alice: Client,
    watched: Home,
    post_log: ChangeLog,
    services: FakeServices,
    changed: int,
    post_id: int,
) -> None:
    await texts(alice)
    watched.texts[post_id] = "edited"
    post_log.append(changed)
    expected = [watched.texts[100], watched.texts[101]]

    with counted(services) as rpcs:
        assert await texts(alice) == expected
    # Only what changed is asked for.
    assert rpcs == ["BatchGetPosts"]
    assert watched.bodies == [post_id]
    with counted(services) as rpcs:
        assert await texts(alice) == expected
    assert rpcs == []


async def test_a_change_that_the_timeline_service_reports_shows_at_the_next_read(
    alice: Client, watched: Home, timeline_log: ChangeLog, services: FakeServices
) -> None:
    await texts(alice)
    watched.texts = {102: "newest", **watched.texts}
    timeline_log.append(LIST)

    with counted(services) as rpcs:
        assert await texts(alice) == ["newest", "first", "second"]
    assert rpcs == BOTH_CALLS
    assert watched.bodies == [102]


async def test_a_page_is_the_same_whichever_of_its_items_were_read(
    alice: Client, watched: Home, post_log: ChangeLog, timeline_log: ChangeLog
) -> None:
    whole = (await alice.get(HOME)).content
    for changed, log in ((100, post_log), (REPOSTER, post_log), (LIST, timeline_log)):
        log.append(changed)
        assert (await alice.get(HOME)).content == whole


async def test_an_item_that_is_hidden_is_not_asked_for_until_it_changes(
    alice: Client, watched: Home, post_log: ChangeLog, services: FakeServices
) -> None:
    watched.hidden = {100}
    assert await texts(alice) == ["second"]
    post_log.append(101)
    assert await texts(alice) == ["second"]
    assert watched.bodies == [101]

    watched.hidden = set()
    post_log.append(100)

    assert await texts(alice) == ["first", "second"]
    assert watched.bodies == [100]


async def test_another_change_discards_nothing(
    alice: Client, watched: Home, post_log: ChangeLog, services: FakeServices
) -> None:
    await texts(alice)
    post_log.append(999)

    with counted(services) as rpcs:
        await texts(alice)

    assert rpcs == []


async def test_a_page_is_kept_for_one_viewer_version_and_query(
    alice: Client, bob: Client, watched: Home, services: FakeServices
) -> None:
    await texts(alice)

    for client, path in (
        (bob, HOME),
        (alice, "/v2/timelines/home"),
        (alice, f"{HOME}?limit=20"),
    ):
        with counted(services) as rpcs:
            assert (await client.get(path)).status_code == 200
        assert rpcs == BOTH_CALLS, path


async def test_a_kept_page_is_for_nobody_without_a_valid_token(
    alice: Client, stranger: Client, watched: Home, revoked: set[int]
) -> None:
    await texts(alice)

    assert (await stranger.get(HOME)).status_code == 401
    assert (await stranger.get(HOME, authorization="Bearer no.such.token")).status_code == 401
    revoked.add(SESSION)
    assert (await alice.get(HOME)).status_code == 401


async def test_what_a_request_may_not_be_is_checked_for_kept_pages(
    alice: Client, watched: Home
) -> None:
    await texts(alice)

    assert (await alice.get(HOME, accept="text/html")).status_code == 406
    assert (await alice.get(f"{HOME}?limit=0")).status_code == 400
    assert (await alice.get(f"{HOME}?limit=0")).status_code == 400


async def test_head_has_no_body_from_memory_either(
    alice: Client, watched: Home, services: FakeServices
) -> None:
    first = await alice("HEAD", HOME)
    with counted(services) as rpcs:
        read = await alice.get(HOME)
        head = await alice("HEAD", HOME)

    assert rpcs == []
    assert (first.content, head.content) == (b"", b"")
    assert head.headers["content-length"] == str(len(read.content))


async def test_what_a_service_does_not_tell_about_is_not_kept(
    alice: Client, watched: Home, services: FakeServices
) -> None:
    watched.tells = False
    await texts(alice)

    with counted(services) as rpcs:
        await texts(alice)

    # The Timeline service does.
    assert rpcs == ["BatchGetPosts"]
    assert watched.bodies == [100, 101]


@pytest.mark.parametrize("place", ["post", "avatar"])
async def test_a_page_with_closed_media_is_kept_until_other_addresses_would_be_made(
    alice: Client,
    watched: Home,
    services: FakeServices,
    media_clock: ManualClock,
    place: str,
) -> None:
    closed = picture(7, folder="p/closed")
    if place == "post":
        watched.media = [closed]
    else:
        watched.author = portrayed(watched.author)
        watched.author.avatar.CopyFrom(closed)
    # The clock starts at noon, with a step.
    media_clock.advance(STEP * 0.9)
    first = await alice.get(HOME)
    with counted(services) as rpcs:
        assert (await alice.get(HOME)).content == first.content
    assert rpcs == []

    media_clock.advance(STEP * 0.1)

    with counted(services) as rpcs:
        assert (await alice.get(HOME)).content != first.content
    assert rpcs == BOTH_CALLS


async def test_a_cut_stream_costs_calls_and_no_promise(
    alice: Client, watched: Home, post_log: ChangeLog
) -> None:
    await texts(alice)
    post_log.away = True
    post_log.cut()
    watched.texts[100] = "edited"
    # Nobody reports it: the stream has ended.
    await eventually(lambda: _shows(alice, "edited"))

    post_log.away = False
    await eventually(lambda: post_log.opened == 2)
    watched.texts[100] = "edited again"
    post_log.append(100)

    assert await texts(alice) == ["edited again", "second"]


async def _shows(client: Client, text: str) -> bool:
    return text in await texts(client)

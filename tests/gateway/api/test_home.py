"""The home timeline: what is on it, what is not, and what it costs."""

from collections.abc import Callable
from typing import Any

import pytest
from roost.post.v1.post_pb2 import Entity, Hashtag, Mention, Post, TimelineEntry
from roost.post.v1.post_service_pb2 import BatchGetPostsRequest, BatchGetPostsResponse
from roost.timeline.v1.timeline_service_pb2 import (
    GetHomeTimelineRequest,
    GetHomeTimelineResponse,
)
from roost.user.v1.user_pb2 import User

from tests.gateway.conftest import Client, counted
from tests.gateway.fakes import FakeServices
from tests.gateway.samples import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    entry,
    includes,
    person,
    post,
)


class Home:
    """A home timeline behind fake services. Tokens say how many entries were passed."""

    def __init__(self, services: FakeServices) -> None:
        self.entries: list[TimelineEntry] = []
        self.hidden: set[int] = set()
        self.quoted: dict[int, Post] = {}
        self.stands: dict[int, dict[str, bool]] = {}
        self.posts: dict[int, Post] = {}
        services.answer("GetHomeTimeline", self._page)
        services.answer("GetPublicTimeline", self._page)
        services.answer("BatchGetPosts", self._bodies)

    def add(
        self,
        post_id: int,
        author: int,
        *,
        reposter: int = 0,
        by_hashtag: bool = False,
        **given: Any,
    ) -> None:
        place = 10_000 + post_id if reposter else 0
        self.entries.append(
            entry(post_id, author, reposter=reposter, entry_id=place, by_hashtag=by_hashtag)
        )
        self.posts[post_id] = post(post_id, author, viewer=ALICE, **given)

    def user(self, user_id: int) -> User:
        stands = self.stands.get(user_id, {"following": user_id != ALICE})
        return person(user_id, viewer=ALICE, **stands)

    def _page(self, request: GetHomeTimelineRequest) -> GetHomeTimelineResponse:
        start = int(request.page_token or 0)
        end = start + (request.page_size or 20)
        return GetHomeTimelineResponse(
            entries=self.entries[start:end],
            next_page_token=str(end) if end < len(self.entries) else "",
            next_entry=self.entries[end] if end < len(self.entries) else None,
        )

    def _bodies(self, request: BatchGetPostsRequest) -> BatchGetPostsResponse:
        found = [self.posts[each] for each in request.post_ids if each not in self.hidden]
        quoted = tuple(
            self.quoted[each.quoted_post_id] for each in found if each.quoted_post_id in self.quoted
        )
        people = {each.author_id for each in (*found, *quoted)} | set(request.include_user_ids)
        shown = [self.user(each) for each in sorted(people)]
        return BatchGetPostsResponse(posts=found, includes=includes(*shown, quoted=quoted))


@pytest.fixture
def home(services: FakeServices) -> Home:
    return Home(services)


async def walk(client: Client, path: str, limit: int) -> list[dict[str, Any]]:
    pages: list[dict[str, Any]] = []
    cursor = ""
    while True:
        answer = await client.get(f"{path}?limit={limit}&cursor={cursor}")
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        cursor = pages[-1]["next_cursor"]
        if not cursor:
            return pages


def ids(page: dict[str, Any]) -> list[int]:
    return [int(item["post"]["id"]) for item in page["items"]]


async def test_a_page_shows_posts_with_author_counts_and_own_state(
    alice: Client, home: Home
) -> None:
    home.add(100, BOB)

    answer = await alice.get("/v1/timelines/home")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    (item,) = answer.json()["items"]
    assert item["id"] == "100"
    assert item["reposted_by"] is None
    shown = item["post"]
    assert shown["author"]["handle"] == "bob"
    assert shown["author"]["relationship"]["following"] is True
    assert shown["counts"] == {"likes": 1, "reposts": 2, "replies": 3, "quotes": 4}
    assert shown["viewer"] == {"liked": True, "reposted": False, "bookmarked": False}
    assert shown["created_at"] == "2026-02-01T12:00:00.000Z"
    assert shown["edited_at"] is None
    assert shown["reply_to"] is None
    assert shown["deleted"] is False


async def test_a_repost_names_who_brought_it(alice: Client, home: Home) -> None:
    home.add(100, CAROL, reposter=BOB)
    home.stands[CAROL] = {"following": False}

    (item,) = (await alice.get("/v1/timelines/home")).json()["items"]

    assert item["id"] == "10100"
    assert item["post"]["author"]["handle"] == "carol"
    assert item["reposted_by"]["handle"] == "bob"


def plain(home: Home) -> None:
    for number in range(20):
        home.add(100 + number, BOB)


def twenty_authors(home: Home) -> None:
    for number in range(20):
        home.add(100 + number, 1000 + number)


def reposts(home: Home) -> None:
    for number in range(20):
        home.add(100 + number, 1000 + number, reposter=2000 + number)


def quotes_and_mentions(home: Home) -> None:
    for number in range(20):
        home.quoted[500 + number] = post(500 + number, 3000 + number)
        home.add(
            100 + number,
            1000 + number,
            quoted_post_id=500 + number,
            text="@carol #roost",
            entities=[
                Entity(start=0, end=6, mention=Mention(user_id=CAROL, handle="carol")),
                Entity(start=7, end=13, hashtag=Hashtag(tag="roost")),
            ],
        )


@pytest.mark.parametrize("fill", [plain, twenty_authors, reposts, quotes_and_mentions])
async def test_a_home_page_costs_two_rpcs_whatever_is_on_it(
    alice: Client, home: Home, services: FakeServices, fill: Callable[[Home], None]
) -> None:
    fill(home)

    with counted(services) as rpcs:
        answer = await alice.get("/v1/timelines/home?limit=20")

    assert len(answer.json()["items"]) == 20
    assert rpcs == ["GetHomeTimeline", "BatchGetPosts"]


async def test_an_empty_home_costs_one_rpc(
    alice: Client, home: Home, services: FakeServices
) -> None:
    with counted(services) as rpcs:
        answer = await alice.get("/v1/timelines/home")

    assert answer.json() == {"items": [], "next_cursor": None}
    assert rpcs == ["GetHomeTimeline"]


async def test_muted_author_disappears_from_home(alice: Client, home: Home) -> None:
    home.add(101, BOB)
    home.add(102, CAROL)
    home.stands[CAROL] = {"following": True, "muting": True}

    assert ids((await alice.get("/v1/timelines/home")).json()) == [101]


async def test_muted_author_disappears_though_another_reposts(alice: Client, home: Home) -> None:
    home.add(101, CAROL, reposter=BOB)
    home.stands[CAROL] = {"muting": True}

    assert ids((await alice.get("/v1/timelines/home")).json()) == []


async def test_reposts_of_muted_people_disappear_from_home(alice: Client, home: Home) -> None:
    home.add(101, CAROL, reposter=BOB)
    home.stands[BOB] = {"following": True, "muting": True}

    assert ids((await alice.get("/v1/timelines/home")).json()) == []


async def test_people_no_longer_followed_disappear_from_home(alice: Client, home: Home) -> None:
    home.add(101, BOB)
    home.add(102, CAROL, reposter=DAVE)
    home.add(103, BOB, reposter=CAROL)
    home.stands[BOB] = {"following": False}
    home.stands[DAVE] = {"following": False}

    assert ids((await alice.get("/v1/timelines/home")).json()) == [103]


async def test_posts_of_strangers_with_a_followed_hashtag_stay_on_home(
    alice: Client, home: Home
) -> None:
    home.add(30, BOB, by_hashtag=True)
    home.add(29, CAROL, by_hashtag=True)
    home.add(28, DAVE)
    home.stands = {BOB: {"following": False}, CAROL: {"muting": True}, DAVE: {"following": False}}

    assert ids((await alice.get("/v1/timelines/home")).json()) == [30]


async def test_own_posts_and_own_reposts_stay_on_home(alice: Client, home: Home) -> None:
    home.add(101, ALICE)
    home.add(102, BOB, reposter=ALICE)
    home.stands[BOB] = {"following": False}

    assert ids((await alice.get("/v1/timelines/home")).json()) == [101, 102]


async def test_hidden_quote_leaves_a_mark(alice: Client, home: Home) -> None:
    home.add(101, BOB, quoted_post_id=900)

    (item,) = (await alice.get("/v1/timelines/home")).json()["items"]

    assert item["post"]["quoted_post"] is None
    assert item["post"]["quoted_post_id"] == "900"
    assert item["post"]["quote_hidden"] is True


async def test_quoted_post_is_shown_one_level_deep(alice: Client, home: Home) -> None:
    home.quoted[900] = post(900, CAROL, quoted_post_id=901)
    home.add(101, BOB, quoted_post_id=900)

    (item,) = (await alice.get("/v1/timelines/home")).json()["items"]

    quoted = item["post"]["quoted_post"]
    assert quoted["author"]["handle"] == "carol"
    assert quoted["quoted_post_id"] == "901"
    assert quoted["quoted_post"] is None
    assert quoted["quote_hidden"] is False
    assert item["post"]["quote_hidden"] is False


@pytest.mark.parametrize("share", [2, 3, 10, 50])
async def test_pages_stay_full_though_entries_are_dropped(
    alice: Client, home: Home, share: int
) -> None:
    for number in range(400):
        home.add(1000 + number, BOB)
        if number % share:
            home.hidden.add(1000 + number)

    pages = await walk(alice, "/v1/timelines/home", limit=7)

    assert [each for page in pages for each in ids(page)] == [
        each.post_id for each in home.entries if each.post_id not in home.hidden
    ]
    assert all(len(page["items"]) == 7 for page in pages[:-1])


async def test_a_run_of_dead_entries_makes_no_short_page(alice: Client, home: Home) -> None:
    for number in range(820):
        home.add(1000 + number, BOB)
    home.hidden = set(range(1003, 1803))

    (first, *_) = await walk(alice, "/v1/timelines/home", limit=5)

    assert ids(first) == [1000, 1001, 1002, 1803, 1804]


async def test_reading_gives_up_after_many_dead_entries_and_can_go_on(
    alice: Client, home: Home, services: FakeServices
) -> None:
    for number in range(3000):
        home.add(1000 + number, BOB)
        home.hidden.add(1000 + number)
    home.add(9000, BOB)

    with counted(services) as rpcs:
        pages = await walk(alice, "/v1/timelines/home", limit=10)

    assert [each for page in pages for each in ids(page)] == [9000]
    assert len(rpcs) <= 2 * 12 * len(pages)


async def test_each_limit_walks_the_same_timeline(alice: Client, home: Home) -> None:
    for number in range(57):
        home.add(100 + number, BOB if number % 3 else CAROL)
    home.stands[CAROL] = {"following": True, "muting": True}

    walks = [
        [
            each
            for page in await walk(alice, "/v1/timelines/home", limit=limit)
            for each in ids(page)
        ]
        for limit in (1, 2, 5, 20, 100)
    ]

    assert all(each == walks[0] for each in walks)
    assert len(walks[0]) == 38


async def test_next_link_leads_to_the_next_page_of_the_same_order(
    alice: Client, home: Home, services: FakeServices
) -> None:
    for number in range(5):
        home.add(100 + number, BOB)

    first = await alice.get("/v1/timelines/home?order=relevant&limit=3")
    link = first.links["next"]["url"]

    assert link == "/v1/timelines/home?order=relevant&limit=3&cursor=3"
    second = await alice.get(link)
    assert ids(second.json()) == [103, 104]
    assert "next" not in second.links
    assert services.last("GetHomeTimeline").order == 2


async def test_public_timeline_is_open_and_costs_two_rpcs(
    stranger: Client, home: Home, services: FakeServices
) -> None:
    home.add(101, BOB)

    with counted(services) as rpcs:
        answer = await stranger.get("/v1/timelines/public")

    assert ids(answer.json()) == [101]
    assert rpcs == ["GetPublicTimeline", "BatchGetPosts"]


async def test_muted_author_disappears_from_the_public_timeline(alice: Client, home: Home) -> None:
    home.add(101, BOB)
    home.add(102, CAROL)
    home.stands[CAROL] = {"muting": True}
    home.stands[BOB] = {"following": False}

    assert ids((await alice.get("/v1/timelines/public")).json()) == [101]

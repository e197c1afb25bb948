"""Searches at the edge: what is on a page, what it costs, what it reveals, and what goes wrong."""

from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from roost.post.v1.post_pb2 import Post
from roost.post.v1.post_service_pb2 import (
    BatchGetPostsRequest,
    BatchGetPostsResponse,
    GetPostResponse,
)
from roost.search.v1.search_pb2 import (
    USER_FIELD_HANDLE,
    HashtagUse,
    MatchedRange,
    PostMatch,
    Suggestion,
    UserMatch,
)
from roost.search.v1.search_service_pb2 import (
    GetHashtagResponse,
    ListHashtagPostsRequest,
    ListHashtagPostsResponse,
    SearchHashtagsResponse,
    SearchPostsRequest,
    SearchPostsResponse,
    SearchUsersResponse,
    TypeaheadResponse,
)
from roost.timeline.v1.timeline_service_pb2 import BatchGetFollowedHashtagsResponse

from services.chassis.runtime.errors import Invalid, Unauthenticated, Unavailable
from tests.gateway.api.test_home import Home
from tests.gateway.conftest import Client, counted
from tests.gateway.fakes import FakeServices
from tests.gateway.protocols.graphql.sending import sent
from tests.gateway.samples import ALICE, BOB, CAROL, includes, person, post

SEARCH = "/v2/search/posts?q=heron"
SEARCHES = (
    SEARCH,
    "/v2/search/users?q=a",
    "/v2/search/hashtags?q=a",
    "/v2/search/typeahead?q=a",
    "/v2/trends",
    "/v2/hashtags/a",
    "/v2/hashtags/a/posts",
)
FIND = """
query($q: String!, $first: Int!, $after: String) {
  searchPosts(query: $q, first: $first, after: $after) {
    edges { node { restId text } cursor
      matches { revision ranges { start end mediumId } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


class Index:
    """A Search service that has found these posts, and the Post service that has them."""

    def __init__(self, services: FakeServices) -> None:
        self.found: list[int] = []
        self.hidden: set[int] = set()
        self.deleted: set[int] = set()
        self.muted: set[int] = set()
        self.revisions: dict[int, int] = {}
        services.answer("SearchPosts", self._search)
        services.answer("ListHashtagPosts", self._tagged)
        services.answer("BatchGetPosts", self._bodies)

    def _page(
        self, request: SearchPostsRequest | ListHashtagPostsRequest
    ) -> tuple[Sequence[int], str, int]:
        start = int(request.page_token or 0)
        end = start + request.page_size
        more = end < len(self.found)
        return self.found[start:end], str(end) if more else "", self.found[end] if more else 0

    def _search(self, request: SearchPostsRequest) -> SearchPostsResponse:
        found, token, following = self._page(request)
        matches = [PostMatch(revision=1, ranges=[MatchedRange(start=0, end=4)]) for _ in found]
        return SearchPostsResponse(
            post_ids=found, matches=matches, next_page_token=token, next_post_id=following
        )

    def _tagged(self, request: ListHashtagPostsRequest) -> ListHashtagPostsResponse:
        found, token, following = self._page(request)
        return ListHashtagPostsResponse(
            post_ids=found, next_page_token=token, next_post_id=following
        )

    def _bodies(self, request: BatchGetPostsRequest) -> BatchGetPostsResponse:
        found = [self._post(each) for each in request.post_ids if each not in self.hidden]
        people = {each.author_id for each in found}
        return BatchGetPostsResponse(
            posts=found,
            includes=includes(
                *(person(each, viewer=ALICE, muting=each in self.muted) for each in people)
            ),
        )

    def _post(self, post_id: int) -> Post:
        author = CAROL if post_id % 10 == 3 else BOB
        revision = self.revisions.get(post_id, 1)
        return post(post_id, author, revision=revision, deleted=post_id in self.deleted)


@pytest.fixture
def index(services: FakeServices) -> Index:
    return Index(services)


def ids(items: Iterable[Any]) -> list[int]:
    return [int(each.get("post", each)["id"]) for each in items]


@pytest.mark.parametrize("path", [SEARCH, "/v2/hashtags/heron/posts?only_media=false"])
async def test_a_full_page_costs_two_calls(
    alice: Client, services: FakeServices, index: Index, path: str
) -> None:
    index.found = list(range(100, 150))

    with counted(services) as rpcs:
        answer = await alice.get(f"{path}&limit=20")

    page = answer.json()
    assert ids(page["items"]) == index.found[:20]
    assert page["next_cursor"] == "20"
    assert len(rpcs) == 2, rpcs
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/v2/search/posts", "/v2/hashtags/heron/posts"])
async def test_pages_stay_full_where_found_posts_are_hidden_by_now(
    alice: Client, index: Index, path: str, services: FakeServices
) -> None:
    index.found = list(range(100, 160))
    index.hidden = {each for each in index.found if each % 5 == 0}
    index.deleted = {each for each in index.found if each % 7 == 0}

    pages = []
    cursor = ""
    while True:
        query = "&q=heron" if "search" in path else ""
        page = (await alice.get(f"{path}?limit=10&cursor={cursor}{query}")).json()
        pages.append(page)
        cursor = page["next_cursor"]
        if not cursor:
            break

    shown = [each for page in pages for each in ids(page["items"])]
    assert shown == [each for each in index.found if each % 5 and each % 7]
    assert all(len(page["items"]) == 10 for page in pages[:-1])


async def test_the_last_hidden_posts_leave_no_next_page(alice: Client, index: Index) -> None:
    index.found = list(range(100, 115))
    index.hidden = set(range(110, 115))

    page = (await alice.get(f"{SEARCH}&limit=10")).json()

    assert (len(page["items"]), page["next_cursor"]) == (10, None)


async def test_ranges_of_another_revision_are_left_out(alice: Client, index: Index) -> None:
    index.found = [100, 101]
    index.revisions[101] = 2

    shown = (await alice.get(SEARCH)).json()["items"]
    answer = (await sent(alice, FIND, q="heron", first=20)).json()

    fresh = {"revision": 1, "ranges": [{"start": 0, "end": 4, "medium_id": None}]}
    assert [each["matches"] for each in shown] == [fresh, {"revision": 1, "ranges": []}]
    edges = answer["data"]["searchPosts"]["edges"]
    assert [len(each["matches"]["ranges"]) for each in edges] == [1, 0]


async def test_only_the_tag_page_leaves_out_muted_authors(alice: Client, index: Index) -> None:
    # A search may name them.
    index.found, index.muted = [102, 103], {CAROL}

    found = (await alice.get(SEARCH)).json()["items"]
    tagged = (await alice.get("/v2/hashtags/heron/posts")).json()["items"]

    assert (ids(found), ids(tagged)) == ([102, 103], [102])


async def test_graphql_walks_the_same_pages(alice: Client, index: Index) -> None:
    index.found = list(range(100, 125))
    index.hidden = {104, 112}

    shown: list[int] = []
    after = None
    while True:
        answer = (await sent(alice, FIND, q="heron", first=10, after=after)).json()
        found = answer["data"]["searchPosts"]
        shown += [int(each["node"]["restId"]) for each in found["edges"]]
        after = found["pageInfo"]["endCursor"]
        if after is None:
            break
        assert found["edges"][-1]["cursor"] == after

    assert shown == [each for each in index.found if each not in index.hidden]


async def test_a_faulty_query_names_its_place(alice: Client, services: FakeServices) -> None:
    facts = {"column": "7", "token": "from:nobody", "expected": "the handle of a user"}
    services.answer(
        "SearchPosts", Invalid("There is no such user.", reason="QUERY_INVALID", metadata=facts)
    )

    answer = await alice.get("/v2/search/posts?q=heron+from%3Anobody")
    (error,) = (await sent(alice, FIND, q="heron from:nobody", first=20)).json()["errors"]

    problem = answer.json()
    assert (answer.status_code, problem["reason"], problem["metadata"]) == (
        400,
        "QUERY_INVALID",
        facts,
    )
    extensions = error["extensions"]
    assert (extensions["reason"], extensions["status"], extensions["metadata"]) == (
        "QUERY_INVALID",
        400,
        facts,
    )


async def test_what_is_of_the_caller_needs_one(stranger: Client, services: FakeServices) -> None:
    services.answer("SearchPosts", Unauthenticated())

    answer = await stranger.get("/v2/search/posts?q=in%3Abookmarks")

    assert (answer.status_code, answer.json()["reason"]) == (401, "TOKEN_MISSING")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v2/search/posts", "q"),
        ("/v2/search/posts?q=", "q"),
        (f"/v2/search/posts?q={'a' * 2049}", "q"),
        (f"/v2/search/users?q={'a' * 2001}", "q"),
        (f"/v2/search/typeahead?q={'a' * 501}", "q"),
        ("/v2/search/typeahead?q=a&limit=21", "limit"),
        ("/v2/search/posts?q=a&order=newest", "order"),
        ("/v2/trends?language=EN", "language"),
        (f"/v2/hashtags/{'a' * 501}", "tag"),
    ],
)
async def test_what_no_search_takes_is_refused_by_name(
    alice: Client, services: FakeServices, path: str, name: str
) -> None:
    answer = await alice.get(path)

    assert (answer.status_code, answer.json()["reason"]) == (400, "PARAMETER_INVALID")
    assert answer.json()["violations"][0]["field"] == name
    assert services.methods == []


async def test_users_who_are_hidden_by_now_are_replaced(
    alice: Client, services: FakeServices
) -> None:
    everybody = list(range(20, 31))

    def search(request: Any) -> SearchUsersResponse:
        start = int(request.page_token or 0)
        end = start + request.page_size
        found = everybody[start:end]
        return SearchUsersResponse(
            user_ids=found,
            matches=[UserMatch(field=USER_FIELD_HANDLE)] * len(found),
            next_page_token=str(end) if end < len(everybody) else "",
            next_user_id=everybody[end] if end < len(everybody) else 0,
        )

    def bodies(request: BatchGetPostsRequest) -> BatchGetPostsResponse:
        shown = [person(each) for each in request.include_user_ids if each != 21]
        return BatchGetPostsResponse(includes=includes(*shown))

    services.answer("SearchUsers", search)
    services.answer("BatchGetPosts", bodies)

    page = (await alice.get("/v2/search/users?q=us&limit=5")).json()

    assert [int(each["user"]["id"]) for each in page["items"]] == [20, 22, 23, 24, 25]
    assert {each["matched_field"] for each in page["items"]} == {"handle"}
    assert page["next_cursor"] == "6"


async def test_suggestions_keep_their_order_without_hidden_users(
    alice: Client, services: FakeServices
) -> None:
    services.answer(
        "Typeahead",
        TypeaheadResponse(
            suggestions=[
                Suggestion(user_id=BOB),
                Suggestion(hashtag=HashtagUse(tag="bird", posts_count=3)),
                Suggestion(user_id=CAROL),
            ]
        ),
    )
    services.answer("BatchGetPosts", BatchGetPostsResponse(includes=includes(person(CAROL))))

    shown = (await alice.get("/v2/search/typeahead?q=b")).json()["items"]

    assert [each["type"] for each in shown] == ["hashtag", "user"]
    assert (shown[0]["hashtag"]["tag"], shown[1]["user"]["handle"]) == ("bird", "carol")


async def test_suggestions_without_users_cost_one_call(
    alice: Client, services: FakeServices
) -> None:
    services.answer(
        "Typeahead", TypeaheadResponse(suggestions=[Suggestion(hashtag=HashtagUse(tag="bird"))])
    )

    with counted(services) as rpcs:
        await alice.get("/v2/search/typeahead?q=%23b")

    assert rpcs == ["Typeahead"]


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        ("/hashtags/Z%C3%A4hler", "Zähler"),
        ("/hashtags/%23roost", "#roost"),
        ("/hashtags/%E7%86%B1%E5%8A%9B", "熱力"),
        ("/hashtags/follow", "follow"),
    ],
)
async def test_hashtags_in_paths_are_percent_encoded(
    stranger: Client, services: FakeServices, path: str, tag: str
) -> None:
    services.answer("GetHashtag", GetHashtagResponse(hashtag=HashtagUse(tag="x")))

    new, old = await stranger.get(f"/v2{path}"), await stranger.get(f"/v1{path}")

    assert services.last("GetHashtag").tag == tag
    assert "following" not in new.json()
    assert old.links["successor-version"]["url"] == f"/v2{path}"


async def test_the_next_page_of_a_hashtag_is_linked(alice: Client, index: Index) -> None:
    index.found = list(range(100, 125))

    answer = await alice.get("/v2/hashtags/Z%C3%A4hler/posts?limit=20")

    following = answer.links["next"]["url"]
    assert following == "/v2/hashtags/Z%C3%A4hler/posts?limit=20&cursor=20"
    assert ids((await alice.get(following)).json()["items"]) == index.found[20:]


async def test_a_search_keeps_its_query_on_the_next_page(alice: Client, index: Index) -> None:
    index.found = list(range(100, 125))

    answer = await alice.get("/v2/search/posts?q=%22Z%C3%A4hler%22+-b&limit=20")

    await alice.get(answer.links["next"]["url"])
    following = answer.links["next"]["url"]
    assert "q=%22Z%C3%A4hler%22+-b" in following
    assert "cursor=20" in following


async def test_a_secret_word_answers_as_one_that_nobody_wrote(
    stranger: Client, services: FakeServices, index: Index
) -> None:
    """The index has left the secret out; but should it not, the Post service does."""

    def leaky(request: SearchPostsRequest) -> SearchPostsResponse:
        if request.query != "secretword":
            return SearchPostsResponse()
        return (
            SearchPostsResponse(
                post_ids=[100],
                matches=[PostMatch(revision=1)],
                next_page_token="1",
                next_post_id=101,
            )
            if not request.page_token
            else SearchPostsResponse(post_ids=[101], matches=[PostMatch(revision=1)])
        )

    services.answer("SearchPosts", leaky)
    index.hidden = {100, 101}

    secret, none = [
        await stranger.get(f"/v2/search/posts?q={word}&limit=1")
        for word in ("secretword", "unwrittenword")
    ]
    in_graphql = [
        await sent(stranger, FIND, q=word, first=1) for word in ("secretword", "unwrittenword")
    ]

    assert secret.content == none.content == b'{"items":[],"next_cursor":null}'
    for each in (secret, none):
        del each.headers["traceresponse"]
    assert dict(secret.headers) == dict(none.headers)
    assert in_graphql[0].content == in_graphql[1].content
    assert b'"edges":[]' in in_graphql[0].content


async def test_without_the_search_service_only_searches_fail(
    alice: Client, services: FakeServices
) -> None:
    home = Home(services)
    home.add(100, BOB)
    services.answer(
        "GetPost",
        GetPostResponse(post=post(100, BOB, viewer=ALICE), includes=includes(person(BOB))),
    )
    rpcs = "SearchPosts SearchUsers SearchHashtags Typeahead ListTrends GetHashtag ListHashtagPosts"
    for rpc in rpcs.split():
        services.answer(rpc, Unavailable(retry_after=2.0))

    away = [await alice.get(path) for path in SEARCHES]
    there = [await alice.get("/v2/posts/100"), await alice.get("/v2/timelines/home")]
    screen = '{ homeTimeline { nodes { id } } searchPosts(query: "a") { nodes { id } } }'
    in_graphql = (await sent(alice, screen)).json()

    for answer in away:
        assert (answer.status_code, answer.json()["reason"]) == (503, "DEPENDENCY_UNAVAILABLE")
        assert answer.headers["retry-after"] == "2"
    assert [each.status_code for each in there] == [200, 200]
    assert len(in_graphql["data"]["homeTimeline"]["nodes"]) == 1
    assert in_graphql["data"]["searchPosts"] is None
    assert in_graphql["errors"][0]["extensions"]["retryAfter"] == 2.0


async def test_follows_of_many_hashtags_are_read_in_one_call(
    alice: Client, stranger: Client, services: FakeServices
) -> None:
    services.answer(
        "SearchHashtags",
        SearchHashtagsResponse(hashtags=[HashtagUse(tag=each) for each in ("bird", "birds")]),
    )
    services.answer("BatchGetFollowedHashtags", BatchGetFollowedHashtagsResponse(tags=["birds"]))
    text = '{ searchHashtags(query: "bi") { nodes { tag viewerFollows } } }'

    with counted(services) as rpcs:
        answer = await sent(alice, text)
    anonymous = await sent(stranger, text)

    def follows(shown: Any) -> list[Any]:
        return [each["viewerFollows"] for each in shown.json()["data"]["searchHashtags"]["nodes"]]

    assert rpcs == ["SearchHashtags", "BatchGetFollowedHashtags"]
    assert (follows(answer), follows(anonymous)) == ([False, True], [None, None])

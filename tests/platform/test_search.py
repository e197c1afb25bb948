"""Searches through the whole platform: a post is found by exactly those who may read it."""

from __future__ import annotations

import re
from typing import Any

import httpx2
import pytest

from local.edge import Account, Refused
from tests.platform.platform import Platform
from tests.servicers.user.conftest import PASSWORD

SECRET, UNWRITTEN = "quokkaword", "wombatword"
FIND = """
query($q: String!) {
  searchPosts(query: $q) { edges { node { restId } matches { revision ranges { start } } }
    pageInfo { hasNextPage endCursor } }
  searchUsers(query: $q) { nodes { handle } }
  searchHashtags(query: $q) { nodes { tag postsCount authorsCount } }
  typeahead(query: $q) { __typename }
}
"""
# Where a word may be looked for; `{}` is the word.
PLACES = (
    "/v2/search/posts?q={}",
    "/v2/search/posts?q={}&order=latest&limit=1",
    "/v2/search/posts?q=%23{}",
    "/v2/search/posts?q=from:cast_1+{}",
    "/v2/search/posts?q=common+-{}",
    "/v2/search/posts?q=common+OR+{}&order=latest",
    "/v2/search/posts?q=has:images+{}",
    "/v2/search/users?q={}",
    "/v2/search/hashtags?q={}",
    "/v2/search/typeahead?q={}",
    "/v2/search/typeahead?q=%23{}",
    "/v2/hashtags/{}",
    "/v2/hashtags/{}/posts",
    "/v2/hashtags/{}/posts?only_media=true",
    "/v2/trends",
    "/v1/search/posts?q={}",
)


class Cast:
    """An author with posts of every audience, and users with every relationship to the author."""

    def __init__(self, platform: Platform, people: dict[str, Account]) -> None:
        self.platform = platform
        self.people = people
        self.posts: dict[str, str] = {}

    @property
    def author(self) -> Account:
        return self.people["author"]

    async def write(self, name: str, text: str, **fields: Any) -> str:
        post = await self.platform.edge.post(self.author, text, **fields)
        self.posts[name] = post["id"]
        return str(post["id"])

    async def settle(self) -> None:
        await self.platform.log.deliver_all()

    async def send(self, path: str, by: Account | None = None, **given: Any) -> httpx2.Response:
        return await self.platform.edge.send("GET", path, by=by, **given)

    async def found(self, query: str, by: Account | None = None) -> set[str]:
        """The names of the posts that the user finds."""
        page = (await self.send("/v2/search/posts", by, query={"q": query})).json()
        ids = {each["post"]["id"] for each in page["items"]}
        assert page["next_cursor"] is None
        return {name for name, post_id in self.posts.items() if post_id in ids}

    async def tagged(self, tag: str, by: Account | None = None) -> set[str]:
        """The names of the posts on the page of a hashtag."""
        page = (await self.send(f"/v2/hashtags/{tag}/posts", by)).json()
        ids = {each["id"] for each in page["items"]}
        return {name for name, post_id in self.posts.items() if post_id in ids}


@pytest.fixture
async def cast(shared_platform: Platform) -> Cast:
    platform = shared_platform
    roles = ("author", "follower", "other", "blocked", "muting", "named")
    people = {role: await platform.register(f"cast_{at}") for at, role in enumerate(roles, 1)}
    edge, author = platform.edge, people["author"]
    await edge.follow(people["follower"], author.user_id)
    await edge.call("PUT", f"/v2/users/{people['blocked'].user_id}/block", by=author)
    await edge.call("PUT", f"/v2/users/{author.user_id}/mute", by=people["muting"])
    cast = Cast(platform, people)
    await cast.write("public", "common heron #roost")
    await cast.write("followers", "common heron #roost", visibility="followers")
    await cast.write("mentioned", "common heron #roost @cast_6", visibility="mentioned")
    await cast.settle()
    return cast


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("stranger", {"public"}),
        ("other", {"public"}),
        ("follower", {"public", "followers"}),
        ("named", {"public", "mentioned"}),
        ("author", {"public", "followers", "mentioned"}),
        ("blocked", set()),
        ("muting", set()),
    ],
)
async def test_a_post_is_found_by_those_who_may_read_it(
    cast: Cast, role: str, expected: set[str]
) -> None:
    by = cast.people.get(role)

    assert await cast.found("heron", by) == expected
    assert await cast.found("#roost", by) == expected
    assert await cast.tagged("Roost", by) == expected


async def test_a_muted_author_is_found_by_name(cast: Cast) -> None:
    by = cast.people["muting"]

    assert await cast.found("heron from:cast_1", by) == {"public"}


async def test_protection_holds_at_once_for_searches(cast: Cast) -> None:
    edge = cast.platform.edge
    await edge.call("PATCH", "/v2/users/me", by=cast.author, body={"protected": True})

    before = await cast.found("heron")
    await cast.settle()

    assert before == await cast.found("heron") == set()
    assert await cast.found("heron", cast.people["follower"]) == {"public", "followers"}
    use = (await cast.send("/v2/hashtags/roost")).json()
    assert (use["posts_count"], use["authors_count"]) == (0, 0)


async def test_a_secret_word_answers_as_one_that_nobody_wrote(cast: Cast) -> None:
    """To a stranger, to somebody else, and to whom the author blocks: equal to the byte."""
    secret = f"{SECRET} #{SECRET} https://{SECRET}.example"
    await cast.write("secret", secret, visibility="followers")
    await cast.write("a whisper", f"{secret} @cast_6", visibility="mentioned")
    gone = await cast.write("gone", secret)
    await cast.settle()
    await cast.platform.edge.call("DELETE", f"/v2/posts/{gone}", by=cast.author)
    await cast.settle()

    for by in (None, cast.people["other"], cast.people["blocked"]):
        for place in PLACES:
            hidden, none = [await cast.send(place.format(w), by) for w in (SECRET, UNWRITTEN)]
            assert hidden.status_code == none.status_code, place
            assert _text(hidden, SECRET) == _text(none, UNWRITTEN), place
            assert _without_trace(hidden, SECRET) == _without_trace(none, UNWRITTEN), place
        answers = [
            await cast.platform.edge.send(
                "POST", "/graphql", by=by, body={"query": FIND, "variables": {"q": word}}
            )
            for word in (SECRET, UNWRITTEN)
        ]
        assert answers[0].content == answers[1].content
        assert "errors" not in answers[0].json()

    assert await cast.found(SECRET, cast.people["follower"]) == {"secret"}
    assert await cast.found(SECRET, cast.author) == {"secret", "a whisper"}


def _text(answer: httpx2.Response, word: str) -> str:
    """The body, without the hashtag that was asked for and the id of the trace of a problem."""
    return re.sub(r'"trace_id":"\w+"', "", answer.text.replace(word, ""))


def _without_trace(answer: httpx2.Response, word: str) -> dict[str, str]:
    headers = {name: value.replace(word, "") for name, value in answer.headers.items()}
    headers.pop("traceresponse", None)
    headers.pop("content-length", None)
    return headers


async def test_matches_are_the_words_of_the_text(cast: Cast) -> None:
    await cast.write("emoji", "🪶 A grey heron, again")
    await cast.settle()

    page = (await cast.send("/v1/search/posts", query={"q": "grey"})).json()

    (item,) = page["items"]
    (where,) = item["matches"]["ranges"]
    text = item["post"]["text"]
    assert text[where["start"] : where["end"]] == "grey"
    assert item["matches"]["revision"] == item["post"]["revision"] == 1


async def test_an_edit_that_is_not_indexed_yet_has_no_ranges(cast: Cast) -> None:
    path = f"/v2/posts/{cast.posts['public']}"
    await cast.platform.edge.call("PATCH", path, by=cast.author, body={"text": "A heron once"})

    stale = (await cast.send("/v2/search/posts", query={"q": "common"})).json()["items"]
    await cast.settle()
    fresh = (await cast.send("/v2/search/posts", query={"q": "once"})).json()["items"]

    assert stale[0]["matches"] == {"revision": 1, "ranges": []}
    assert (fresh[0]["matches"]["revision"], len(fresh[0]["matches"]["ranges"])) == (2, 1)
    assert await cast.found("common") == set()


async def test_deleted_posts_and_accounts_are_not_found(cast: Cast) -> None:
    edge, log = cast.platform.edge, cast.platform
    await edge.call("DELETE", f"/v2/posts/{cast.posts['public']}", by=cast.author)
    assert await cast.found("heron") == set()

    await edge.call("DELETE", "/v2/users/me", by=cast.author, body={"password": PASSWORD})
    await cast.settle()
    await log.run_background_tasks()
    await cast.settle()

    assert await cast.found("heron", cast.people["follower"]) == set()
    users = (await cast.send("/v2/search/users", query={"q": "cast_1"})).json()["items"]
    assert "cast_1" not in [each["user"]["handle"] for each in users]


async def test_users_are_found_by_handle_but_not_by_whom_they_block(cast: Cast) -> None:
    found = {}
    for role in ("other", "blocked"):
        page = (await cast.send("/v2/search/users?q=%40cast_1", cast.people[role])).json()
        found[role] = [(e["user"]["handle"], e["matched_field"]) for e in page["items"]]
    typed = (await cast.send("/v2/search/typeahead?q=%40cast_1", cast.people["blocked"])).json()

    assert found["other"][0] == ("cast_1", "handle")
    assert "cast_1" not in [handle for handle, _ in found["blocked"]]
    assert "cast_1" not in [each["user"]["handle"] for each in typed["items"]]


@pytest.mark.parametrize(
    ("query", "column", "token"),
    [("heron from:nobody_here", "12", "nobody_here"), ("heron (", "7", "(")],
)
async def test_a_faulty_query_says_where(cast: Cast, query: str, column: str, token: str) -> None:
    answer = await cast.send("/v2/search/posts", query={"q": query})
    problem = answer.json()
    with pytest.raises(Refused) as refusal:
        await cast.platform.edge.call("GET", "/v2/search/posts", query={"q": query})

    assert (answer.status_code, problem["reason"]) == (400, "QUERY_INVALID")
    assert problem["metadata"].keys() == {"column", "token", "expected"}
    assert (problem["metadata"]["column"], problem["metadata"]["token"]) == (column, token)
    assert refusal.value.reason == "QUERY_INVALID"


async def test_bookmarks_and_followed_users_are_searched_by_their_owner(cast: Cast) -> None:
    edge, follower = cast.platform.edge, cast.people["follower"]
    await edge.call("PUT", f"/v2/posts/{cast.posts['public']}/bookmark", by=follower)

    assert await cast.found("heron in:bookmarks", follower) == {"public"}
    assert await cast.found("heron in:following", follower) == {"public", "followers"}
    answer = await cast.send("/v2/search/posts", query={"q": "heron in:bookmarks"})
    assert (answer.status_code, answer.json()["reason"]) == (401, "TOKEN_MISSING")


async def test_a_followed_hashtag_brings_its_posts_home(cast: Cast) -> None:
    edge, other = cast.platform.edge, cast.people["other"]
    followed = await edge.call("PUT", "/v2/hashtags/%23ROOST/follow", by=other)
    await cast.settle()
    later = await cast.write("later", "more #Roost")
    await cast.settle()

    home = [each["post"]["id"] async for each in edge.walk("/v2/timelines/home", by=other)]
    listed = [each["tag"] async for each in edge.walk("/v2/followed-hashtags", by=other)]
    use = (await cast.send("/v2/hashtags/roost", other)).json()
    ended = await edge.call("DELETE", "/v2/hashtags/roost/follow", by=other)
    await cast.settle()
    without = [each async for each in edge.walk("/v2/timelines/home", by=other)]

    assert (followed["tag"], followed["following"]) == ("roost", True)
    assert later in home
    assert cast.posts["followers"] not in home
    assert (listed, use["following"], use["posts_count"]) == (["roost"], True, 2)
    assert (ended["following"], ended["followed_at"]) == (False, None)
    assert without == []


async def test_the_language_of_a_post_is_given_or_detected(cast: Cast) -> None:
    given = await cast.platform.edge.post(cast.author, "Hello heron", language="de")
    english = "The weather is lovely this morning and I walked along the river"
    detected = await cast.platform.edge.post(cast.author, english)
    await cast.settle()

    assert (given["language"], detected["language"]) == ("de", "en")
    page = (await cast.send("/v2/search/posts", query={"q": "lang:de heron"})).json()
    assert [each["post"]["id"] for each in page["items"]] == [given["id"]]

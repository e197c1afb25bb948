"""Search through Envoy and every service: who finds what, hashtags, trends and rebuilds."""

from __future__ import annotations

import asyncio
import base64
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
from roost.search.v1.search_pb2 import REINDEX_STATE_DONE, Reindex

from local import drawings
from local.edge import Account, Edge, Json
from local.graphql import execute
from local.search_operator import local_access, search_operator
from local.stream import Stream, opened
from tests.e2e.conftest import Shared
from tests.e2e.stacks import TestStack
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

PASSWORD = "a long pass phrase"
PATIENCE = 60.0
# A search costs all services some milliseconds, which the worker lacks on a busy machine.
PAUSE = 0.2
ROOT = Path(__file__).parents[2]
# As many as a trend needs, and some more.
CROWD = 12
BURST = "quincunx"
COMPARED = re.compile(r"(\d+) segments equal, (\d+) repaired")
SECRET, NOBODYS = "xylograph", "zymurgist"

SEARCH = """
query($q: String!, $first: Int!, $after: String) {
  searchPosts(query: $q, order: LATEST, first: $first, after: $after) {
    nodes { restId }
    pageInfo { endCursor }
  }
}
"""


@dataclass(frozen=True)
class World:
    """A stack as the tests use it."""

    edge: Edge

    async def account(self, handle: str) -> Account:
        return await self.edge.register(handle, PASSWORD)

    async def accounts(self, *handles: str) -> list[Account]:
        return await asyncio.gather(*map(self.account, handles))

    async def posts(self, by: Account, *texts: str, **fields: str) -> list[str]:
        """The ids of new posts, in the order of the texts."""
        return [(await self.edge.post(by, text, **fields))["id"] for text in texts]

    async def page(
        self,
        query: str,
        by: Account | None = None,
        *,
        order: str = "latest",
        limit: int = 50,
        cursor: str = "",
    ) -> Json:
        asked = {"q": query, "order": order, "limit": str(limit)}
        if cursor:
            asked["cursor"] = cursor
        return await self.edge.call("GET", "/v2/search/posts", by=by, query=asked)

    async def found(
        self, query: str, by: Account | None = None, *, order: str = "latest"
    ) -> list[str]:
        page = await self.page(query, by, order=order)
        return [each["post"]["id"] for each in page["items"]]

    async def finds(
        self,
        query: str,
        ids: Sequence[str],
        by: Account | None = None,
        *,
        order: str = "latest",
        limit: float = PATIENCE,
    ) -> None:
        """Waits until exactly these posts are found, in this order."""
        await until_equal(lambda: self.found(query, by, order=order), list(ids), limit=limit)

    async def walk(self, query: str, by: Account, *, limit: int) -> list[list[str]]:
        """The ids on every page."""
        pages, cursor = [], ""
        while True:
            page = await self.page(query, by, limit=limit, cursor=cursor)
            pages.append([each["post"]["id"] for each in page["items"]])
            cursor = page["next_cursor"]
            if not cursor:
                return pages

    async def walk_graphql(self, query: str, by: Account, *, first: int) -> list[list[str]]:
        pages, after = [], None
        while True:
            data = await execute(self.edge, SEARCH, by=by, q=query, first=first, after=after)
            found = data["searchPosts"]
            pages.append([each["restId"] for each in found["nodes"]])
            after = found["pageInfo"]["endCursor"]
            if after is None:
                return pages

    async def handles(self, query: str) -> list[str]:
        page = await self.edge.call("GET", "/v2/search/users", query={"q": query})
        return [each["user"]["handle"] for each in page["items"]]

    async def suggestions(self, typed: str) -> list[str]:
        """Handles with an @ and hashtags with a #."""
        answer = await self.edge.call("GET", "/v2/search/typeahead", query={"q": typed})
        return [
            f"@{each['user']['handle']}" if each["type"] == "user" else f"#{each['hashtag']['tag']}"
            for each in answer["items"]
        ]

    async def trending(self) -> list[str]:
        trends = await self.edge.call("GET", "/v2/trends")
        return [each["hashtag"]["tag"] for each in trends["items"]]

    async def block(self, by: Account, whom: Account) -> None:
        await self.edge.call("PUT", f"/v2/users/{whom.user_id}/block", by=by)

    async def mute(self, by: Account, whom: Account) -> None:
        await self.edge.call("PUT", f"/v2/users/{whom.user_id}/mute", by=by)

    async def like(self, by: Account, post: str) -> None:
        await self.edge.call("PUT", f"/v2/posts/{post}/like", by=by)

    async def protect(self, by: Account, *, protected: bool) -> None:
        await self.edge.call("PATCH", "/v2/users/me", by=by, body={"protected": protected})


@asynccontextmanager
async def world_of(stack: TestStack) -> AsyncIterator[World]:
    async with stack.edge() as edge:
        yield World(edge)


async def until_equal(
    read: Callable[[], Awaitable[object]], right: object, *, limit: float = PATIENCE
) -> None:
    """Waits until a reading is right; fails with the last one."""
    last: list[object] = []

    async def is_right() -> bool:
        last[:] = [await read()]
        return last == [right]

    try:
        await eventually(is_right, limit=limit, pause=PAUSE)
    except TimeoutError:
        pytest.fail(f"it is {last[0] if last else 'not read'}, not {right}")


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def crowd(shared: Shared) -> list[Account]:
    """Authors of a burst. It is written before all else: trends are computed once a minute."""
    async with world_of(shared.stack) as world:
        people = await world.accounts(*(f"crowd{number}" for number in range(CROWD)))
        await asyncio.gather(*(world.posts(each, f"Look at this #{BURST}") for each in people))
    return people


async def test_posts_are_found_by_what_they_say(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author = await world.account("sayer")
        drawn = drawings.jpeg(drawings.landscape(1, width=300, height=200))
        picture = await world.edge.upload(
            author, drawn, "image/jpeg", alt_text="A kingfisher above the weir"
        )
        words, cjk, tagged = await world.posts(
            author,
            "Marmalade keeps through winter evenings",
            "熱力学の第二法則を読む",
            "Quiet here #Zwielichtzeit",
        )
        shown = (await world.edge.post(author, "Seen today", media_ids=[picture["id"]]))["id"]

        await world.finds("kingfisher weir", [shown])
        await world.finds("marmalade winter", [words])
        await world.finds('"keeps through winter"', [words])
        await world.finds('"winter through keeps"', [])
        await world.finds("力学", [cjk])
        await world.finds("#zwielichtZeit", [tagged])
        await world.finds("from:sayer", [shown, tagged, cjk, words])
        await world.finds("from:@sayer has:media", [shown])
        await world.finds("from:sayer has:alt -marmalade", [shown])
        (item,) = (await world.page("kingfisher"))["items"]
        (match,) = item["matches"]["ranges"]

    assert item["matches"]["revision"] == 1
    assert (match["medium_id"], match["start"], match["end"]) == (picture["id"], 2, 12)


async def test_edits_and_deletions_are_followed(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author = await world.account("editor")
        edited, deleted = await world.posts(author, "oldfangled thing", "oldfangled too")
        await world.finds("oldfangled", [deleted, edited])

        body = {"text": "newfangled thing"}
        await world.edge.call("PATCH", f"/v2/posts/{edited}", by=author, body=body)
        await world.edge.call("DELETE", f"/v2/posts/{deleted}", by=author)

        await world.finds("newfangled", [edited])
        await world.finds("oldfangled", [])
        page = await world.page("newfangled")

    assert page["items"][0]["matches"]["revision"] == 2


async def test_posts_are_found_by_those_who_may_read_them(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author, follower, stranger, other = await world.accounts(
            "shyauthor", "shyreader", "shystranger", "shyother"
        )
        await world.edge.follow(follower, author.user_id)
        (public,) = await world.posts(author, "bergamot for everyone")
        (closed,) = await world.posts(author, "bergamot for followers", visibility="followers")
        (foreign,) = await world.posts(other, "bergamot of another")
        both, everything = [foreign, public], [foreign, closed, public]

        for allowed in (author, follower):
            await world.finds("bergamot", everything, allowed)
        for reader in (stranger, None):
            await world.finds("bergamot", both, reader)

        await world.protect(author, protected=True)
        for reader in (stranger, None):
            await world.finds("bergamot", [foreign], reader)
        await world.finds("bergamot", everything, follower)
        await world.protect(author, protected=False)
        await world.finds("bergamot", both, stranger)

        # A block in either direction hides both from each other.
        await world.block(author, follower)
        await world.finds("bergamot", [foreign], follower)
        await world.block(stranger, author)
        await world.finds("bergamot", [foreign], stranger)
        (answer,) = await world.posts(stranger, "bergamot of the stranger")
        await world.finds("bergamot", [answer, foreign], stranger)
        await world.finds("bergamot", everything, author)

        # A muted author is found by name only.
        await world.mute(author, other)
        await world.finds("bergamot", [closed, public], author)
        await world.finds("bergamot from:shyother", [foreign], author)


async def test_likes_decide_about_min_likes_and_the_best_order(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author, *admirers = await world.accounts("liked", "admirer1", "admirer2", "admirer3")
        loved, plain = await world.posts(author, "persimmon season", "persimmon season")
        await world.finds("persimmon", [plain, loved])
        for each in admirers:
            await world.like(each, loved)

        await world.finds("persimmon min_likes:3", [loved])
        await world.finds("persimmon min_likes:4", [])
        await world.finds("persimmon", [loved, plain], order="top")
        await world.finds("persimmon", [plain, loved], order="latest")


async def test_pages_with_hidden_posts_in_between_are_full(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        reader, seen, hidden = await world.accounts("pager", "pageseen", "pagehidden")
        await world.block(hidden, reader)
        visible = []
        for number in range(12):
            visible += await world.posts(seen, f"satsuma {number}")
            await world.posts(hidden, f"satsuma {number}")
        visible.reverse()
        await world.finds("satsuma", visible, reader)

        pages = await world.walk("satsuma", reader, limit=4)
        graphql = await world.walk_graphql("satsuma", reader, first=4)

    assert pages == graphql == [visible[:4], visible[4:8], visible[8:]]


async def test_a_wrong_query_says_where_and_what_would_fit(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        query = "marmalade has:pictures"
        answer = await world.edge.send("GET", "/v2/search/posts", query={"q": query})
        body = {"query": SEARCH, "variables": {"q": query, "first": 5}}
        errors = (await world.edge.call("POST", "/graphql", body=body))["errors"]

    problem, extensions = answer.json(), errors[0]["extensions"]
    assert (answer.status_code, problem["reason"]) == (400, "QUERY_INVALID")
    assert (extensions["status"], extensions["reason"]) == (400, "QUERY_INVALID")
    assert problem["metadata"] == extensions["metadata"]
    assert (problem["metadata"]["column"], problem["metadata"]["token"]) == ("15", "pictures")
    assert "images" in problem["metadata"]["expected"]


async def test_users_and_hashtags_are_found_and_suggested(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        first, second, third = await world.accounts("tamarisk", "tamarisks", "someoneelse")
        name = {"display_name": "Tamarisk", "bio": "Gardener"}
        await world.edge.call("PATCH", "/v2/users/me", by=third, body=name)
        for each in (first, third):
            await world.edge.follow(each, second.user_id)
        await world.posts(first, "One #tamariskbloom")

        async def is_found() -> bool:
            return set(await world.handles("@tamarisk")) >= {"tamarisk", "tamarisks"}

        await eventually(is_found, limit=PATIENCE, pause=PAUSE)
        await until_equal(lambda: world.handles("gardener"), ["someoneelse"])
        by_handle = await world.handles("tamarisk")
        await until_equal(lambda: world.suggestions("#tamaris"), ["#tamariskbloom"])
        people, both = await world.suggestions("@tamaris"), await world.suggestions("tamaris")

    assert by_handle[0] == "tamarisk"
    assert set(by_handle) == {"tamarisk", "tamarisks", "someoneelse"}
    assert set(people) == {"@tamarisk", "@tamarisks", "@someoneelse"}
    assert set(both) == {*people, "#tamariskbloom"}


async def test_a_followed_hashtag_comes_into_the_home_and_onto_streams(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author, follower = await world.accounts("tagger", "tagfollower")
        followed = await world.edge.call("PUT", "/v2/hashtags/Damson/follow", by=follower)
        await until_home_is_built(world, follower)

        async with (
            opened(world.edge, follower, ["home"]) as home,
            opened(world.edge, follower, ["hashtag:DAMSON"]) as topic,
        ):
            (post,) = await world.posts(author, "Jam again #damson")
            arrival = await frame(home, lambda each: each["change"].get("item", {}).get("id"))
            live = await frame(topic, lambda each: each.get("posts"), kind="hashtag_posts")

        items = (await world.edge.call("GET", "/v2/timelines/home", by=follower))["items"]
        await until_equal(lambda: hashtag_posts(world, "damson"), [post])
        use = await world.edge.call("GET", "/v2/hashtags/damson", by=follower)

    assert (followed["tag"], followed["following"]) == ("damson", True)
    assert arrival["change"]["item"]["post"]["id"] == post
    assert (live["topic"], [each["id"] for each in live["posts"]]) == ("hashtag:damson", [post])
    assert [each["post"]["id"] for each in items] == [post]
    assert (use["posts_count"], use["authors_count"], use["following"]) == (1, 1, True)


async def until_home_is_built(world: World, of: Account) -> None:
    await world.edge.call("GET", "/v2/timelines/home", by=of)


async def hashtag_posts(world: World, tag: str) -> list[str]:
    page = await world.edge.call("GET", f"/v2/hashtags/{tag}/posts")
    return [each["id"] for each in page["items"]]


async def usage(world: World, tag: str) -> tuple[int, int]:
    use = await world.edge.call("GET", f"/v2/hashtags/{tag}")
    return use["posts_count"], use["authors_count"]


async def frame(stream: Stream, wanted: Callable[[Json], object], *, kind: str = "event") -> Json:
    """The next frame of the kind that is wanted; others are skipped."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await stream.next()
            if found["type"] == kind and wanted(found):
                return found


def word_searches(word: str) -> dict[str, tuple[str, dict[str, str]]]:
    """Every search for a word: its path and its query."""
    posts = "/v2/search/posts"
    return {
        "top": (posts, {"q": word}),
        "latest": (posts, {"q": word, "order": "latest"}),
        "phrase": (posts, {"q": f'"{word}"'}),
        "beside others": (posts, {"q": f"loquat OR {word}", "limit": "2", "order": "latest"}),
        "beside others, best first": (posts, {"q": f"loquat OR {word}", "limit": "2"}),
        "without it": (posts, {"q": f"loquat -{word}", "order": "latest"}),
        "of the author": (posts, {"q": f"from:secretive {word}"}),
        "hashtag": (posts, {"q": f"#{word}"}),
        "alt text": (posts, {"q": f"{word} has:alt"}),
        "hashtag page": (f"/v2/hashtags/{word}/posts", {}),
        "hashtag page of media": (f"/v2/hashtags/{word}/posts", {"only_media": "true"}),
        "hashtag use": (f"/v2/hashtags/{word}", {}),
        "hashtags": ("/v2/search/hashtags", {"q": word[:5]}),
        "typeahead": ("/v2/search/typeahead", {"q": word[:5]}),
        "typeahead of hashtags": ("/v2/search/typeahead", {"q": f"#{word[:5]}"}),
        "typeahead of users": ("/v2/search/typeahead", {"q": f"@{word[:5]}"}),
        "users": ("/v2/search/users", {"q": word}),
    }


EVERY_SEARCH = """
query($word: String!, $tag: String!, $start: String!) {
  top: searchPosts(query: $word, first: 5) { edges { node { id text } matches { revision } } }
  latest: searchPosts(query: $word, first: 5, order: LATEST) { nodes { id } }
  users: searchUsers(query: $word, first: 5) { nodes { id } }
  hashtags: searchHashtags(query: $start, first: 5) { nodes { postsCount } }
  typeahead(query: $start) { __typename }
  hashtag(tag: $tag) {
    postsCount authorsCount history { postsCount }
    posts(first: 5) { nodes { id } }
  }
  trends { items { observed hashtag { tag } } }
}
"""


async def test_a_stranger_learns_nothing_about_a_secret_word(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author, follower, stranger = await world.accounts(
            "secretive", "secretreader", "secretseeker"
        )
        await world.edge.follow(follower, author.user_id)
        drawn = drawings.jpeg(drawings.landscape(2, width=300, height=200))
        picture = await world.edge.upload(author, drawn, "image/jpeg", alt_text=SECRET)
        await world.posts(author, "loquat one", "loquat two", "loquat three")
        secret = await world.posts(
            author,
            *(f"{SECRET} loquat {number} #{SECRET}" for number in range(3)),
            visibility="followers",
        )
        described = await world.edge.post(
            author, "closed", media_ids=[picture["id"]], visibility="followers"
        )
        edited, deleted = await world.posts(author, f"{SECRET} #{SECRET}", SECRET)
        body = {"text": "an ordinary word"}
        await world.edge.call("PATCH", f"/v2/posts/{edited}", by=author, body=body)
        await world.edge.call("DELETE", f"/v2/posts/{deleted}", by=author)
        readable = [described["id"], *reversed(secret)]
        for reader in (author, follower):
            await world.finds(SECRET, readable, reader)
        await until_equal(lambda: world.found("from:secretive ordinary"), [edited])

        for by in (stranger, None):
            for name in word_searches(SECRET):
                found = await answer_bytes(world, SECRET, name, by)
                assert found == await answer_bytes(world, NOBODYS, name, by), name
            ours, theirs = [
                await execute(world.edge, EVERY_SEARCH, by=by, word=word, tag=word, start=word[:5])
                for word in (SECRET, NOBODYS)
            ]
            assert ours == theirs
            trends = await world.edge.send("GET", "/v2/trends", by=by)
            assert SECRET not in trends.text
        await foreign_page_tokens_open_nothing(world, follower, stranger, secret)


async def answer_bytes(world: World, word: str, name: str, by: Account | None) -> tuple[int, bytes]:
    """The status and the bytes of a search, without the word.

    A page token is bound to its query: of one, the place in the list stays. The best-first order
    also has the time of its first page, so there only the post stays.
    """
    path, query = word_searches(word)[name]
    answer = await world.edge.send("GET", path, by=by, query=query)
    content = answer.content.replace(word.encode(), b"WORD")
    if cursor := answer.json().get("next_cursor"):
        position = msgspec.msgpack.decode(position_in(cursor))
        post = position if isinstance(position, int) else position[-1]
        content = content.replace(cursor.encode(), str(post).encode())
    return answer.status_code, content


def position_in(cursor: str) -> bytes:
    """What a page token contains behind its version and its tag."""
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[17:]


async def foreign_page_tokens_open_nothing(
    world: World, reader: Account, stranger: Account, secret: Sequence[str]
) -> None:
    """A page token of one who may read the posts shows a stranger none of them."""
    for order in ("top", "latest"):
        page = await world.page(SECRET, reader, limit=1, order=order)
        cursor = page["next_cursor"]
        assert cursor
        for by in (stranger, None):
            answer = await world.page(SECRET, by, limit=1, order=order, cursor=cursor)
            assert (answer["items"], answer["next_cursor"]) == ([], None)


async def test_a_rebuild_by_the_command_line_loses_no_write(shared: Shared) -> None:
    async with world_of(shared.stack) as world:
        author = await world.account("rebuilder")
        before = await world.posts(author, *(f"medlar {number}" for number in range(10)))
        await world.finds("medlar", before[::-1])

        rebuilding = asyncio.create_task(roost(shared.stack, "reindex"))
        during: list[str] = []
        while not rebuilding.done():
            *kept, gone = await world.posts(author, *["medlar of the rebuild"] * 3)
            during += kept
            await world.edge.call("DELETE", f"/v2/posts/{gone}", by=author)
        output = await rebuilding
        (after,) = await world.posts(author, "medlar afterwards")

        newest = [after, *reversed(during), *reversed(before)]
        # Many posts may wait for the worker. They are indexed in their order.
        await world.finds("medlar afterwards", [after], limit=3 * PATIENCE)
        await until_equal(lambda: all_found(world, "medlar"), newest)
        again = await rebuilt(shared.stack)
        found_again = await all_found(world, "medlar")

    # Where the events of the posts that it read are late, the Post service decides.
    equal, repaired = map(int, COMPARED.findall(output)[-1])
    assert equal + repaired == 1
    # Every event has arrived before the second one.
    assert (again.segments_equal, again.segments_repaired) == (1, 0)
    assert found_again == newest


async def rebuilt(stack: TestStack) -> Reindex:
    """A rebuild without writes, once it is done."""
    async with search_operator(local_access(stack.state)) as operator:
        latest = await operator.start_reindex()

        async def is_done() -> bool:
            latest.CopyFrom(await operator.reindex(latest.id))
            return latest.state == REINDEX_STATE_DONE

        await eventually(is_done, limit=PATIENCE, pause=PAUSE)
    return latest


async def all_found(world: World, query: str) -> list[str]:
    found = world.edge.walk("/v2/search/posts", query={"q": query, "order": "latest"})
    return [each["post"]["id"] async for each in found]


async def test_a_burst_of_several_authors_trends_until_it_is_hidden(
    shared: Shared, crowd: list[Account]
) -> None:
    async with world_of(shared.stack) as world:

        async def is_trending() -> bool:
            return BURST in await world.trending()

        await eventually(is_trending, limit=2 * PATIENCE, pause=PAUSE)
        trends = (await world.edge.call("GET", "/v2/trends"))["items"]
        (trend,) = [each for each in trends if each["hashtag"]["tag"] == BURST]
        suggested = await world.suggestions(f"#{BURST}")

        await roost(shared.stack, "hashtags", "hide", BURST)
        trending = await world.trending()
        no_longer = await world.suggestions(f"#{BURST}")
        still = await hashtag_posts(world, BURST)

        # What an author who leaves has contributed is subtracted.
        body = {"password": PASSWORD}
        await world.edge.call("DELETE", "/v2/users/me", by=crowd[0], body=body)
        await until_equal(lambda: usage(world, BURST), (CROWD - 1, CROWD - 1))

    assert trend["observed"] == trend["hashtag"]["authors_count"] == len(crowd)
    assert suggested == [f"#{BURST}"]
    assert BURST not in trending
    assert no_longer == []
    assert len(still) == len(crowd)


async def roost(stack: TestStack, *words: str) -> str:
    """Runs the command on the stack; what it printed."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local.cli", *words, "--state", str(stack.state.folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'gen'}"},
    )
    output, _ = await asyncio.wait_for(running.communicate(), 2 * PATIENCE)
    assert running.returncode == 0, output.decode()
    return output.decode()

"""Queries as people write them find the same posts on every engine."""

import pytest

from services.search.domain.query.parser import parse
from services.search.domain.query.resolution import resolve
from tests.builders.search_posts import an_indexed_post
from tests.stores.search.posts.engine import Engine
from tests.unit.search.query.test_resolution import KnownUsers, MyBookmarks

POSTS = [
    an_indexed_post(1, "Running along the river #running", reply_to_post_id=9),
    an_indexed_post(2, "I run by the river, see https://www.parks.example/a_(b)/?q='x'&r=\\"),
    an_indexed_post(3, "O'Neil’s talk: 12:30, C++ and \\ 'quotes' & | ! <-> :*"),
    an_indexed_post(4, "熱力学の本を読む", language="ja"),
    an_indexed_post(5, "Der Zähler läuft 👋🏽", language="de"),
    an_indexed_post(6, "no news today", alt_text="the river at dawn"),
    an_indexed_post(7, "a new day, a new river", author_id=42),
]
QUERIES = {
    "run river": [2, 1],
    '"run"': [2],
    "river -run": [7, 6],
    '"the river"': [6, 2, 1],
    "(news OR läuft) -river": [5],
    "oneil": [3],
    "neil 12:30": [3],
    "C++": [3],
    "熱力学": [4],
    "力学の本": [4],
    "zahler 👋": [5],
    "https://parks.example/a_(b)/": [2],
    "domain:parks.example": [2],
    "#running is:reply": [1],
    "news": [6],
    "river from:me": [7],
    "river until:2024-12-31": [],
    "river lang:en -from:me -is:reply": [6, 2],
    "quotes": [3],
    "'quotes'": [3],
}


@pytest.mark.parametrize(("query", "ids"), QUERIES.items())
async def test_a_written_query_finds_its_posts(engine: Engine, query: str, ids: list[int]) -> None:
    await engine.put(*POSTS)
    resolved = await resolve(
        parse(query),
        users=KnownUsers(),
        bookmarks=MyBookmarks(),
        viewer_id=42,
        following=(),
    )

    assert await engine.ids(resolved.expression) == ids

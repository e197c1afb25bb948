"""Queries as people write them, on posts as people write them."""

import pytest

from services.search.adapters.memory import MemoryPostIndex, MemorySearchStore
from services.search.domain.posts.model import ANONYMOUS, IndexedPost, Upsert
from services.search.domain.posts.ranking import rank
from services.search.domain.query.parser import parse
from services.search.domain.query.resolution import resolve
from tests.builders.search_posts import an_indexed_post
from tests.unit.search.posts.test_ranking import NOW
from tests.unit.search.query.test_resolution import KnownUsers, MyBookmarks

LINKS = (
    "https://www.theverge.com/x",
    "http://theverge.com/x/",
    "HTTPS://TheVerge.com:443/x#top",
    "https://theverge.com/x?utm=1",
    "theverge.com/x",
)


async def found_in(query: str, *posts: IndexedPost, top: bool = False) -> list[int]:
    """The ids of the posts that an anonymous viewer finds."""
    store = MemorySearchStore()
    index = MemoryPostIndex(store)
    async with store.transaction() as transaction:
        await index.apply(transaction, [Upsert(post) for post in posts])
    resolved = await resolve(
        parse(query),
        users=KnownUsers(),
        bookmarks=MyBookmarks(),
        viewer_id=0,
        following=(),
    )
    found = await index.find(resolved.expression, ANONYMOUS, limit=100)
    if top:
        ranked = rank(found, resolved.expression, ANONYMOUS, NOW)
        return [each.post.post_id for each in ranked]
    return sorted(each.post_id for each in found)


async def test_signs_that_are_scattered_are_not_a_word() -> None:
    posts = (
        an_indexed_post(1, "熱力学の本", language="ja"),
        an_indexed_post(2, "学力と熱", language="ja"),
        an_indexed_post(3, "熱力、力学", language="ja"),
    )

    assert await found_in("熱力学", *posts) == [1]


@pytest.mark.parametrize(
    ("query", "exact", "same_stem"),
    [
        ("nominative", "the nominative case", "they nominate her and nominated him"),
        ("running", "running shoes for sale today", "I run"),
        ("ablative", "an ablative shield of carbon", "ablation"),
    ],
)
async def test_the_word_itself_comes_before_its_stem(
    query: str, exact: str, same_stem: str
) -> None:
    posts = (an_indexed_post(1, exact), an_indexed_post(2, same_stem))

    assert (await found_in(query, *posts, top=True))[0] == 1
    assert await found_in(f'"{query}"', *posts, top=True) == [1]


async def test_a_stem_finds_posts_of_its_language_alone() -> None:
    posts = (
        an_indexed_post(1, "a new day"),
        an_indexed_post(2, "no news today"),
        an_indexed_post(3, "les news du jour", language="fr"),
    )

    assert await found_in("news", *posts) == [2, 3]


@pytest.mark.parametrize(
    "query", [*LINKS[:3], LINKS[4], "url:theverge.com/x", "domain:theverge.com"]
)
async def test_an_address_is_found_in_all_spellings(query: str) -> None:
    posts = [an_indexed_post(number, f"see {link} now") for number, link in enumerate(LINKS)]
    other = an_indexed_post(99, "see https://theverge.example/x and https://notheverge.com/x")

    assert await found_in(query, *posts, other) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "query",
    ["“broken light”", '"broken light"', '"broken light”', "„broken light“", "«broken light»"],
)
async def test_a_phrase_is_a_phrase_in_all_quotation_marks(query: str) -> None:
    posts = (an_indexed_post(1, "A broken light."), an_indexed_post(2, "A light is broken"))

    assert await found_in(query, *posts) == [1]


async def test_a_minus_takes_the_word_behind_it_alone() -> None:
    posts = (
        an_indexed_post(1, "tea milk sugar"),
        an_indexed_post(2, "tea sugar"),
        an_indexed_post(3, "tea"),
    )

    assert await found_in("tea -milk sugar", *posts) == [2]


@pytest.mark.parametrize("query", ["O'Neil", "O’Neil", "oneil", "ONEIL", "neil"])
async def test_a_name_is_found_with_and_without_its_apostrophe(query: str) -> None:
    posts = (an_indexed_post(1, "O'Neil was here"), an_indexed_post(2, "O’Neil’s book"))
    apart = an_indexed_post(3, "no one")

    assert await found_in(query, *posts, apart) == [1, 2]


async def test_a_hashtag_keeps_its_diacritics_and_a_word_does_not() -> None:
    posts = (an_indexed_post(1, "#Zähler", language="de"), an_indexed_post(2, "#Zahler"))

    assert await found_in("#zähler", *posts) == [1]
    assert await found_in("zahler", *posts) == [1, 2]


@pytest.mark.parametrize("query", ["12:30", '"12:30"'])
async def test_a_time_of_day_is_an_ordinary_word(query: str) -> None:
    posts = (an_indexed_post(1, "at 12:30 sharp"), an_indexed_post(2, "30 of 12"))

    assert await found_in(query, *posts) == [1]

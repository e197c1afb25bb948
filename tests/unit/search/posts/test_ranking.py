"""The score of the order TOP."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from services.chassis.runtime.ids import MAX_ID, first_id_at, time_of
from services.search.domain.analysis import analyze, encode_marks
from services.search.domain.analysis.model import Hashtag, Link
from services.search.domain.posts import ranking
from services.search.domain.posts.model import ANONYMOUS, NO_COUNTS, Counts, Found, Viewer
from services.search.domain.posts.ranking import (
    HALF_LIFE,
    Ranked,
    TopPosition,
    candidates_below,
    position_after,
    rank,
)
from services.search.domain.query.model import Expression
from services.search.domain.query.parser import parse
from services.search.domain.query.resolution import resolve
from tests.unit.search.query.test_resolution import KnownUsers, MyBookmarks

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
AUTHOR, FRIEND = 5, 6
POPULAR = Counts(likes=100_000, reposts=10_000, replies=10_000, quotes=10_000)


def found(
    text: str,
    *,
    number: int = 1,
    age: timedelta = timedelta(days=1),
    author_id: int = AUTHOR,
    counts: Counts = NO_COUNTS,
    entities: tuple[Hashtag | Link, ...] = (),
    alt_text: str = "",
) -> Found:
    analysis = analyze(text, entities, "en", [(9, alt_text)] if alt_text else [])
    post_id = first_id_at(NOW - age) + number
    return Found(post_id, author_id, 1, "en", encode_marks(analysis.marks), counts)


async def expression_of(query: str) -> Expression:
    resolved = await resolve(
        parse(query),
        users=KnownUsers(),
        bookmarks=MyBookmarks(),
        viewer_id=42,
        following=(),
    )
    return resolved.expression


async def is_before(query: str, better: Found, worse: Found, viewer: Viewer = ANONYMOUS) -> bool:
    """Whether the score alone decides so: the worse post is the newer one among equals."""
    worse = replace(worse, post_id=worse.post_id + 1)
    ranked = rank([worse, better], await expression_of(query), viewer, NOW)
    return ranked[0].post is better and ranked[0].score > ranked[1].score


async def test_an_exact_word_comes_before_every_stem() -> None:
    exact = found("so nominative " + "and other words " * 50, age=timedelta(days=600))
    stem = found(
        "nominate",
        age=timedelta(0),
        counts=POPULAR,
        author_id=FRIEND,
        entities=(Hashtag(0, 8, "nominate"),),
    )

    assert await is_before("nominative", exact, stem, Viewer(1, frozenset({FRIEND})))


async def test_the_bonuses_are_less_than_the_advantage_of_an_exact_word() -> None:
    bonuses = (
        ranking.PROXIMITY,
        ranking.TOPIC,
        ranking.FOCUS,
        ranking.POPULARITY,
        ranking.FRESHNESS,
        ranking.FOLLOWED,
    )

    assert sum(bonuses) < ranking.EXACT / ranking.STEM - 1


async def test_a_whole_word_comes_before_a_part_of_a_word() -> None:
    assert await is_before("neil", found("I met Neil there"), found("I met O'Neil there"))


async def test_the_text_comes_before_the_alt_text() -> None:
    in_text = found("a heron at the river", alt_text="a bird")
    in_alt_text = found("a bird at the river", alt_text="a heron")

    assert await is_before("heron", in_text, in_alt_text)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("the red bicycle is mine", "the bicycle is mine and red"),
        ("the red old bicycle is mine", "the red wine by the old bicycle"),
        ("a red bicycle, a car", "a bicycle red, a car"),
        ("red is not this. a red bicycle", "red is a colour of this bicycle"),
    ],
)
async def test_words_side_by_side_and_in_order_come_first(better: str, worse: str) -> None:
    assert await is_before("red bicycle", found(better), found(worse))


async def test_words_in_two_texts_are_not_near_each_other() -> None:
    together = found("nothing to see and to say here of it", alt_text="red old bicycle")
    apart = found("nothing to see and to say here of a red", alt_text="bicycle")

    assert await is_before("red bicycle", together, apart)


async def test_more_of_the_alternatives_come_first() -> None:
    assert await is_before("tea OR milk", found("tea with milk"), found("tea with lemon"))


async def test_a_hashtag_says_what_a_post_is_about() -> None:
    tagged = found("we talk of cycling", entities=(Hashtag(11, 18, "cycling"),))

    assert await is_before("cycling", tagged, found("we talk of cycling"))


async def test_a_short_text_comes_first() -> None:
    assert await is_before("heron", found("a heron"), found("a heron and many other birds"))


@pytest.mark.parametrize("name", ["likes", "reposts", "replies", "quotes"])
async def test_engagement_comes_first(name: str) -> None:
    assert await is_before("tea", found("tea", counts=Counts(**{name: 3})), found("tea"))


async def test_engagement_is_damped() -> None:
    expression = await expression_of("tea")

    def score(likes: int) -> int:
        return rank([found("tea", counts=Counts(likes))], expression, ANONYMOUS, NOW)[0].score

    assert score(20) - score(10) > 5 * (score(1_020) - score(1_010))
    assert score(10**6) == score(10**9)


async def test_newer_posts_come_first() -> None:
    old, new = found("tea", age=HALF_LIFE), found("tea", age=timedelta(0))

    ranked = rank([old, new], await expression_of("tea"), ANONYMOUS, NOW)

    assert [each.post for each in ranked] == [new, old]
    gained = ranked[0].score - ranked[1].score
    assert gained == pytest.approx(ranking.FRESHNESS / 2 * 1_000_000, abs=10)


async def test_a_post_of_the_future_has_no_more_than_one_of_this_moment() -> None:
    expression = await expression_of("tea")
    ahead, now = found("tea", age=timedelta(hours=-1)), found("tea", age=timedelta(0))

    first, second = rank([ahead, now], expression, ANONYMOUS, NOW)

    assert first.score == second.score


async def test_followed_authors_come_first() -> None:
    viewer = Viewer(1, frozenset({FRIEND}))

    assert await is_before("tea", found("tea", author_id=FRIEND), found("tea"), viewer)
    assert not await is_before("tea", found("tea", author_id=FRIEND), found("tea"))


async def test_negated_words_and_properties_have_no_place_in_a_text() -> None:
    post = found("tea with lemon")

    scores = {
        rank([post], await expression_of(query), ANONYMOUS, NOW)[0].score
        for query in ("tea", "tea -milk", "tea lang:en -is:reply", "tea -(milk OR sugar) #x")
    }

    assert len(scores) == 1


async def test_a_query_of_properties_orders_by_engagement_and_age() -> None:
    popular = found("anything", counts=Counts(10))

    assert await is_before("has:media", popular, found("something else"))


async def test_an_address_is_found_at_its_link() -> None:
    link = Link(5, 26, "https://a.example/one")
    linked = found("read https://a.example/one", entities=(link,))

    ranked = rank([linked], await expression_of("a.example/one"), ANONYMOUS, NOW)

    assert ranked[0].score > 1_000_000


async def test_equal_scores_are_in_order_of_ids() -> None:
    posts = [found("tea", number=number) for number in (2, 3, 1)]

    ranked = rank(posts, await expression_of("tea"), ANONYMOUS, NOW)

    assert [each.post.post_id & 3 for each in ranked] == [3, 2, 1]


async def test_pages_continue_after_the_last_post() -> None:
    posts = [found("tea " * (number % 3 + 1) + "pot", number=number) for number in range(10)]
    ranked = rank(posts, await expression_of("pot"), ANONYMOUS, NOW)

    seen: list[Ranked] = []
    page = ranked[:4]
    while page:
        seen += page
        position = position_after(page[-1], NOW)
        assert position.as_of == NOW
        page = [each for each in ranked if position.precedes(each)][:4]

    assert seen == ranked


async def test_all_pages_have_the_scores_of_the_first() -> None:
    now = NOW + timedelta(microseconds=999)
    posts = [found("tea", number=number, age=timedelta(minutes=number)) for number in range(300)]
    expression = await expression_of("tea")

    first = rank(posts, expression, ANONYMOUS, now)
    later = rank(posts, expression, ANONYMOUS, position_after(first[0], now).as_of)

    assert first == later


async def test_a_position_survives_its_page_token() -> None:
    position = TopPosition(123_456, 1_234_567, MAX_ID)

    packed = msgspec.msgpack.encode(position)

    assert msgspec.msgpack.decode(packed, type=TopPosition) == position
    assert len(packed) < 30


def test_candidates_are_the_posts_until_the_time_of_the_first_page() -> None:
    bound = candidates_below(NOW)

    assert time_of(bound - 1) == NOW
    assert time_of(bound) > NOW

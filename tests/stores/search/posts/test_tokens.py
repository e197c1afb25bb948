"""Words, phrases and terms as engines store them."""

import pytest

from services.search.domain.query.model import All, Either, Expression, Not, Phrase, Term, Word
from tests.stores.search.posts.engine import Engine, a_document

HOSTILE = [
    "'",
    "''",
    "\\",
    "\\'",
    "a'b\\c",
    "'':1A",
    "a:1,2",
    "a & b",
    "a | !b",
    "(a <-> b):*",
    "<2>",
    "%s $1 {x}",
    "\x00",
    "a\x00b",
    "\ud800",
    "\u200b",
    "\u202e",
    "👩\u200d👩\u200d👧",
    "İ",
    "漢字",
    "กำ",
    "e\u0301",
    "\N{CJK UNIFIED IDEOGRAPH-20000}" * 700,
    "x" * 5_000,
    "word",
    "tword",
    "wword",
]


@pytest.mark.parametrize("kind", ["word", "term"])
async def test_every_value_finds_its_own_post_alone(engine: Engine, kind: str) -> None:
    posts = [
        a_document(number, "", *([value] if kind == "term" else []))
        for number, value in enumerate(HOSTILE, 1)
    ]
    if kind == "word":
        posts = [a_document(number, words=(value,)) for number, value in enumerate(HOSTILE, 1)]
    await engine.put(*posts)

    for number, value in enumerate(HOSTILE, 1):
        expression: Expression = Word(value) if kind == "word" else Term(value)

        assert await engine.ids(expression) == [number], value
        assert number not in await engine.ids(Not(expression)), value


async def test_hostile_words_are_found_in_phrases(engine: Engine) -> None:
    await engine.put(
        *(a_document(n, words=("before", value, "after")) for n, value in enumerate(HOSTILE, 1))
    )

    for number, value in enumerate(HOSTILE, 1):
        assert await engine.ids(Phrase(("before", value, "after"))) == [number]


async def test_long_values_with_the_same_beginning_differ(engine: Engine) -> None:
    await engine.put(
        a_document(10, "", "url:" + "a" * 3_000), a_document(11, "", "url:" + "a" * 3_001)
    )

    assert await engine.ids(Term("url:" + "a" * 3_000)) == [10]


async def test_words_are_no_terms_and_terms_are_no_words(engine: Engine) -> None:
    await engine.put(a_document(10, "#cat", "lang:en"))

    assert await engine.ids(Term("#cat")) == await engine.ids(Word("lang:en")) == []
    assert await engine.ids(All((Word("#cat"), Term("lang:en")))) == [10]


async def test_a_phrase_is_of_adjacent_words_in_order(engine: Engine) -> None:
    await engine.put(
        a_document(10, "the old cat"),
        a_document(11, "cat old the"),
        a_document(12, "old grey cat"),
        a_document(13, "old old cat cat"),
    )

    assert await engine.ids(Phrase(("old", "cat"))) == [13, 10]
    assert await engine.ids(Phrase(("old", "old", "cat"))) == [13]


async def test_a_phrase_never_crosses_a_gap(engine: Engine) -> None:
    await engine.put(a_document(10, "old _ cat"), a_document(11, "old _ old cat"))

    assert await engine.ids(Phrase(("old", "cat"))) == [11]
    assert await engine.ids(All((Word("old"), Word("cat")))) == [11, 10]


async def test_phrases_are_found_at_the_last_position_of_a_long_post(engine: Engine) -> None:
    words = tuple(f"word{n}" for n in range(16_381))
    await engine.put(a_document(10, words=(*words, "last")))

    assert await engine.ids(Phrase(("word16380", "last"))) == [10]
    assert await engine.ids(Phrase(("word16379", "last"))) == []


async def test_a_word_may_occur_250_times(engine: Engine) -> None:
    await engine.put(a_document(10, words=(*["again"] * 250, "end")))

    assert await engine.ids(Phrase(("again", "again", "end"))) == [10]


async def test_posts_without_words_are_found_by_their_terms(engine: Engine) -> None:
    await engine.put(a_document(10, "", "has:media"), a_document(11))

    assert await engine.ids(Term("has:media")) == [10]
    assert await engine.ids(Not(Term("has:media"))) == [11]
    assert await engine.ids(Either((Term("has:media"), Not(Word("cat"))))) == [11, 10]

"""The parts of a post that an expression matches."""

import pytest

from services.chassis.text import entities
from services.search.domain.analysis import Hashtag, Mark, analyze
from services.search.domain.posts.highlights import MAX_RANGES, Range, ranges
from services.search.domain.query.model import (
    All,
    AtLeast,
    ByAuthors,
    Either,
    Expression,
    IdRange,
    Not,
    Phrase,
    Term,
    Word,
)


def marks_of(text: str, *alt_texts: tuple[int, str], language: str = "und") -> tuple[Mark, ...]:
    tags = [
        Hashtag(each.start, each.end, each.tag)
        for each in entities.find(text)
        if isinstance(each, entities.FoundTag)
    ]
    return analyze(text, tags, language, alt_texts).marks


def highlighted(text: str, expression: Expression, language: str = "und") -> list[str]:
    found = ranges(expression, marks_of(text, language=language))
    return [text[each.start : each.end] for each in found]


def test_every_occurrence_of_a_word_is_highlighted() -> None:
    assert highlighted("Ferry, no ferry, FERRY!", Word("ferry")) == ["Ferry", "ferry", "FERRY"]


def test_the_original_spelling_is_highlighted() -> None:
    assert highlighted("la forêt de O’Neil", Either((Word("foret"), Word("oneil")))) == [
        "forêt",
        "O’Neil",
    ]


def test_a_phrase_is_highlighted_where_its_words_are_adjacent() -> None:
    text = "red boat, a boat in red, red boat"

    assert highlighted(text, Phrase(("red", "boat"))) == ["red boat", "red boat"]


def test_the_longest_of_phrases_with_one_beginning_is_highlighted() -> None:
    expression = Either((Phrase(("red", "boat")), Phrase(("red", "boat", "sails"))))

    assert highlighted("a red boat sails", expression) == ["red boat sails"]


def test_a_word_inside_a_phrase_is_no_range_of_its_own() -> None:
    expression = All((Phrase(("red", "boat")), Word("boat")))

    assert highlighted("red boat, boat", expression) == ["red boat", "boat"]


def test_pairs_of_signs_are_one_range() -> None:
    assert highlighted("統計熱力学入門", Phrase(("熱力", "力学"))) == ["熱力学"]


def test_one_sign_of_a_run_is_highlighted_alone() -> None:
    either = Either((Word("力"), Term("=力")))

    assert highlighted("熱力学", either) == ["力"]
    assert highlighted("熱力", either) == ["力"]
    assert highlighted("力", either) == ["力"]


def test_a_part_of_a_word_highlights_the_word() -> None:
    assert highlighted("O’Neil and the doctor's", Term("=neil")) == ["O’Neil"]


def test_a_stem_highlights_its_words() -> None:
    assert highlighted("runs, running, ran", Term("~en:run"), "en") == ["runs", "running"]


def test_a_hashtag_is_highlighted_with_its_sign() -> None:
    text = "#東京タワー and 東京"

    assert highlighted(text, Term("#東京タワー")) == ["#東京タワー"]


def test_properties_and_numbers_highlight_nothing() -> None:
    expression = All(
        (
            Term("from:42"),
            Term("has:links"),
            AtLeast("likes", 2),
            IdRange(1, 2),
            ByAuthors(frozenset({42})),
        )
    )

    assert highlighted("42 likes from:42", expression) == []


@pytest.mark.parametrize(
    "negated", [Word("boat"), Phrase(("red", "boat")), Either((Word("boat"), Word("sea")))]
)
def test_what_is_negated_is_not_highlighted(negated: Expression) -> None:
    assert highlighted("the red boat at sea", All((Word("the"), Not(negated)))) == ["the"]


def test_alt_texts_come_after_the_text_with_their_media() -> None:
    marks = marks_of("a boat", (7, "boat at sea"), (8, "the sea"))

    found = ranges(Either((Word("sea"), Word("boat"))), marks)

    assert found == [Range(2, 6), Range(0, 4, 7), Range(8, 11, 7), Range(4, 7, 8)]


def test_no_range_leads_from_one_text_into_the_next() -> None:
    marks = marks_of("boat", (7, "sea"))

    assert ranges(Phrase(("boat", "sea")), marks) == []
    assert ranges(Either((Word("boat"), Word("sea"))), marks) == [Range(0, 4), Range(0, 3, 7)]


def test_ranges_do_not_touch() -> None:
    # Two emoji without a space between them.
    assert ranges(Word("🚢"), marks_of("🚢🚢 🚢")) == [Range(0, 2), Range(3, 4)]


def test_further_ranges_are_left_out() -> None:
    text = "go on " * 150

    found = ranges(Word("go"), marks_of(text))

    assert len(found) == MAX_RANGES
    assert found[-1] == Range(594, 596)


def test_a_post_without_marks_has_no_ranges() -> None:
    assert ranges(Word("boat"), ()) == []

"""Every kind of text by every rule."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.text import rules
from services.chassis.text.kinds import CODE_POINTS_PER_CHARACTER, KINDS, TextKind
from services.chassis.text.rules import (
    MAX_MARKS_IN_A_ROW,
    Rule,
    TextRefused,
    clean,
    count_characters,
    is_stream_safe,
    isolate,
    shorten,
)
from tests.text_examples import rows, spans

FAMILY = "👩‍👩‍👧‍👦"
KISS = "👩🏽‍❤️‍💋‍👨🏿"
LONGEST_RUN = "\u0301" * MAX_MARKS_IN_A_ROW

every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
of_lines = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind.paragraphs], ids=lambda kind: kind.name
)
of_one_line = pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if not kind.paragraphs], ids=lambda kind: kind.name
)


def rule_broken_by(text: str, kind: TextKind) -> Rule:
    with pytest.raises(TextRefused) as caught:
        clean(text, kind)
    return caught.value.rule


def test_the_document_has_the_table() -> None:
    documented = [[spans(cells[0])[0], *cells[1:]] for cells in rows("Kinds")]

    assert documented == [
        [
            kind.name,
            str(kind.max_characters),
            str(kind.max_code_points),
            "yes" if kind.paragraphs else "no",
            "no" if kind.required else "yes",
        ]
        for kind in KINDS
    ]
    assert [spans(cells[0])[0] for cells in rows("Rules")] == [
        Rule.MAX_LENGTH,
        Rule.MARKS,
        Rule.CONTROL,
        Rule.VISIBLE,
        Rule.DIRECTION,
        Rule.WEB_ADDRESS,
    ]


@every_kind
@pytest.mark.parametrize(
    "character", ["a", "é", "e\u0301", FAMILY, KISS, "🇨🇭", "नि", "각", "e\u0323\u0302", "ﬁ"]
)
def test_characters_are_counted_as_a_reader_counts_them(kind: TextKind, character: str) -> None:
    text = character * min(kind.max_characters, kind.max_code_points // len(character))

    assert clean(text, kind) == unicodedata.normalize("NFC", text)
    assert rule_broken_by(text + character, kind) is Rule.MAX_LENGTH


@every_kind
def test_white_space_around_a_text_is_not_counted(kind: TextKind) -> None:
    text = "a" * kind.max_characters

    assert clean(f" \t\n{text}\u3000\u00a0", kind) == text


@every_kind
def test_code_points_are_bounded_whatever_they_form(kind: TextKind) -> None:
    one = "\u1100" * kind.max_code_points

    assert count_characters(one) == 1
    assert clean(one, kind) == one
    assert rule_broken_by(one + "\u1100", kind) is Rule.MAX_LENGTH


@every_kind
def test_what_normalisation_takes_apart_is_bounded_too(kind: TextKind) -> None:
    # U+FB2C becomes three code points, two of them marks.
    assert rule_broken_by("\ufb2c" * (kind.max_code_points // 2), kind) is Rule.MAX_LENGTH
    assert rule_broken_by("\ufb2c" + "\u0301" * MAX_MARKS_IN_A_ROW, kind) is Rule.MARKS


@every_kind
def test_runs_of_marks_are_bounded(kind: TextKind) -> None:
    text = "a" + "\u0315" * (MAX_MARKS_IN_A_ROW - 1)

    assert clean(text, kind) == text
    assert rule_broken_by(f"{text}\u0300\u0300", kind) is Rule.MARKS


@every_kind
@pytest.mark.parametrize(
    "hostile",
    [
        "a" + "\u0315" * 4900 + "\u0300" * 4900,
        "a" + "\u0315\u0300" * 30,
        "\u0f73" * 40,
        "a" * 20_000,
    ],
    ids=["long", "short run", "run of what decomposes", "letters"],
)
def test_hostile_text_is_refused_before_it_is_normalised(
    kind: TextKind, hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    normalised: list[int] = []
    normalize = unicodedata.normalize

    def counted(form: str, text: str) -> str:
        normalised.append(len(text))
        return normalize(form, text)  # type: ignore[arg-type]

    monkeypatch.setattr(rules.unicodedata, "normalize", counted)

    assert rule_broken_by(hostile, kind) in {Rule.MAX_LENGTH, Rule.MARKS}
    assert normalised == []
    clean("fine", kind)
    assert normalised == [4]


def test_every_character_whose_sorting_takes_time_counts_as_a_mark() -> None:
    sorted_by_normalisation = [
        chr(number)
        for number in range(0x110000)
        if not 0xD800 <= number < 0xE000
        and unicodedata.combining(unicodedata.normalize("NFD", chr(number))[0])
    ]

    assert len(sorted_by_normalisation) > 800
    assert not [each for each in sorted_by_normalisation if is_stream_safe(each * 31)]


@every_kind
@pytest.mark.parametrize(
    "sign", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\r", "\ud800", "\ufffe", "\U0001ffff"]
)
def test_controls_and_what_is_no_character_are_refused(kind: TextKind, sign: str) -> None:
    assert rule_broken_by(f"a{sign}b", kind) is Rule.CONTROL


@of_one_line
@pytest.mark.parametrize("sign", ["\n", "\t", "\r\n", "\u2028", "\u2029"])
def test_a_single_line_has_no_other(kind: TextKind, sign: str) -> None:
    assert rule_broken_by(f"a{sign}b", kind) is Rule.CONTROL


@of_lines
@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\u2029"])
def test_ends_of_lines_are_line_feeds(kind: TextKind, end: str) -> None:
    assert clean(f"one{end}{end}two\tthree{end}", kind) == "one\n\ntwo\tthree"


@every_kind
@pytest.mark.parametrize(
    "invisible",
    [
        "\u200b\u200b",
        "\u200b \u200b",
        "\u3164",
        "\u2800",
        "\u115f",
        "\u1160",
        "\uffa0",
        "\u0301",
        "\u0903",
        "\ufeff",
        "\u200d",
        "\u00ad",
        "\u034f",
        "\ufe0f",
        "\U000e0041",
        "\U0001d159",
        "\u2067\u2069",
    ],
    ids=ascii,
)
def test_a_text_shows_something(kind: TextKind, invisible: str) -> None:
    assert rule_broken_by(invisible, kind) is Rule.VISIBLE
    assert clean(f"{invisible}a", kind)


@every_kind
@pytest.mark.parametrize("blank", ["", "   ", "\n\t \u3000"], ids=ascii)
def test_white_space_alone_is_the_empty_text(kind: TextKind, blank: str) -> None:
    if kind.required:
        assert rule_broken_by(blank, kind) is Rule.VISIBLE
    else:
        assert clean(blank, kind) == ""


@every_kind
@pytest.mark.parametrize(
    "text",
    [
        "\u200fשלום!\u200f",
        "Roost\u200e (עברית)",
        "\u061cمرحبا 1",
        "a \u2067שלום\u2069 b",
        "\u2068\u2066a\u2069\u2069",
        "\u202bשלום \u202aa\u202c\u202c",
        "\u202a\u2067a\u2069\u202c",
    ],
    ids=ascii,
)
def test_honest_directions_are_allowed(kind: TextKind, text: str) -> None:
    assert clean(text, kind) == text


@every_kind
@pytest.mark.parametrize(
    "text",
    [
        "a\u202eb\u202c",
        "a\u202db\u202c",
        "a\u2067b",
        "a\u202bb",
        "a\u2069b",
        "a\u202cb",
        "\u2067a\u202c",
        "\u2067\u202ba\u2069\u202c",
        "a\u2069\u2067b",
    ],
    ids=ascii,
)
def test_dishonest_directions_are_refused(kind: TextKind, text: str) -> None:
    assert rule_broken_by(text, kind) is Rule.DIRECTION


@of_lines
def test_a_direction_ends_on_its_line(kind: TextKind) -> None:
    assert clean("\u2067a\u2069\n\u2067b\u2069", kind)
    assert rule_broken_by("\u2067a\nb\u2069", kind) is Rule.DIRECTION


@every_kind
@settings(deadline=None)
@given(
    text=st.text(max_size=60)
    | st.text("aé \n\r\t\u0301\u200d\u2067\u2069ｶﾞ\u1100\ufb2c👩", max_size=60)
)
def test_cleaning_twice_is_cleaning_once(kind: TextKind, text: str) -> None:
    try:
        once = clean(text, kind)
    except TextRefused:
        return

    assert clean(once, kind) == once
    assert unicodedata.is_normalized("NFC", once)
    assert count_characters(once) <= kind.max_characters
    assert len(once.encode()) <= kind.max_bytes


def test_the_longest_emoji_fit_the_bound_on_code_points() -> None:
    assert len(KISS) == CODE_POINTS_PER_CHARACTER


def test_a_text_is_shortened_between_characters() -> None:
    assert shorten("short", 80) == "short"
    assert shorten("aaa" + FAMILY, 5) == "aaa"
    assert shorten(FAMILY * 3, 14) == FAMILY * 2
    assert shorten("\u1100" * 10, 4) == "\u1100" * 4
    assert shorten("ab\u2067cd\u2069ef", 5) == "abcde"


def test_a_name_in_a_sentence_keeps_its_direction_to_itself() -> None:
    assert isolate("Bob") == "Bob"
    assert isolate("שלום") == "\u2068שלום\u2069"
    assert isolate("\u202bBob\u202c") == "\u2068\u202bBob\u202c\u2069"

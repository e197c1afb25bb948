"""The normalized form of a text, and the way back."""

import sys
import unicodedata

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from services.search.domain.analysis.normalization import NormalizedText

CHANGING = regex.compile(
    r"[[\p{NFKC_QC=No}\p{NFKC_QC=Maybe}[^\p{ccc=0}]]--\p{Default_Ignorable_Code_Point}]",
    regex.VERSION1,
)
BEFORE = ["", "x", "e\u0323", "か", "ᄀ", "가", "ㄱ", "\u0f71", "ｶ"]
# What is left of the ignorable signs, for emoji.
KEPT = {"\u200d", "\ufe0f", *map(chr, range(0xE0020, 0xE0080))}


def visible(text: str) -> str:
    invisible = regex.compile(r"\p{Default_Ignorable_Code_Point}")
    return "".join(each for each in text if each in KEPT or not invisible.match(each))


def test_every_character_that_changes_is_normalized_with_what_precedes_it() -> None:
    characters = CHANGING.findall(
        "".join(map(chr, range(0xD800))) + "".join(map(chr, range(0xE000, sys.maxunicode + 1)))
    )
    assert len(characters) > 4000

    for before in BEFORE:
        wrong = [
            hex(ord(each))
            for each in characters
            if NormalizedText(before + each).text
            != visible(unicodedata.normalize("NFKC", visible(before + each)))
        ]
        assert wrong == []


@settings(deadline=None, max_examples=300)
@given(
    st.text(max_size=30)
    | st.text("aé\u0301\u0323ｶﾞㄱㅏ가ᅡᆨ\u200b\u034fﷺ①n\u0f71\u0f72 ，…", max_size=12)
)
def test_the_text_is_in_nfkc_without_invisible_signs(text: str) -> None:
    assert NormalizedText(text).text == unicodedata.normalize("NFKC", visible(text))


@settings(deadline=None, max_examples=300)
@given(st.text("abé\u0301ｶﾞ\u200bﷺ①，…한", max_size=12))
def test_every_part_leads_back_to_a_part_that_has_it(text: str) -> None:
    normalized = NormalizedText(text)
    last = 0
    for place in range(len(normalized.text)):
        start, end = normalized.span(place, place + 1)
        assert 0 <= start < end <= len(text)
        assert last <= start
        assert normalized.text[place] in NormalizedText(text[start:end]).text
        last = start


@pytest.mark.parametrize(
    ("text", "span", "original"),
    [
        ("plain text", (6, 10), "text"),
        ("早上好，朋友", (4, 6), "朋友"),
        ("Ａ１ Ｂ２", (3, 5), "Ｂ２"),
        ("soft\u00adware now", (0, 8), "soft\u00adware"),
        ("soft\u00adware now", (9, 12), "now"),
        ("\u200bab", (0, 2), "ab"),
        ("e\u0301te\u0301 x", (0, 3), "e\u0301te\u0301"),
        ("wait… what", (8, 12), "what"),
        ("ﷺ x", (0, 3), "ﷺ"),
    ],
)
def test_offsets_lead_back_to_the_original(text: str, span: tuple[int, int], original: str) -> None:
    start, end = NormalizedText(text).span(*span)

    assert text[start:end] == original


def test_the_offset_of_a_part_of_a_text_is_added() -> None:
    assert NormalizedText("ab", 10).span(0, 1) == (10, 11)
    assert NormalizedText("…ab", 10).span(3, 5) == (11, 13)

"""The one form of a hashtag."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.text.entities import FoundTag, find
from services.chassis.text.hashtags import fold, fold_named, is_tag

SPELLINGS = [
    ["Roost", "ROOST", "ｒｏｏｓｔ", "roo\u200dst", "r\ufe0foost"],
    ["Straße", "STRASSE", "strasse"],
    ["ｶﾞｷﾞ", "ガギ"],
    ["col·lecció", "coŀlecció", "COL·LECCIÓ"],
    ["ﬁn", "FIN"],
    ["葛\U000e0100城", "葛城"],
    [
        "istanbul",
        "İstanbul",
        "ISTANBUL",
        "İSTANBUL",
        "ıstanbul",
        "I\u0307stanbul",
        "i\u0307stanbul",
    ],
    ["ị", "I\u0323\u0307", "ı\u0323"],
    ["SYNTH", "ＳＹＮＴＨ"],
    ["ﾃｽﾄ", "テスト"],
]


@pytest.mark.parametrize("spellings", SPELLINGS, ids=lambda spellings: spellings[0])
def test_spellings_of_one_tag_share_a_form(spellings: list[str]) -> None:
    assert len({fold(each) for each in spellings}) == 1


@pytest.mark.parametrize("word", ["نرم\u200cافزار", "क्\u200dष", "ക്\u200cഷ"])
def test_a_joiner_that_changes_the_look_of_a_word_is_kept(word: str) -> None:
    assert fold(word) == word
    assert fold(word.replace("\u200c", "").replace("\u200d", "")) != word


@pytest.mark.parametrize("word", ["ca\u200dt", "ca\u200ct", "日\u200c本"])
def test_a_joiner_that_changes_nothing_is_left_out(word: str) -> None:
    assert fold(word) == word.replace("\u200c", "").replace("\u200d", "")


def test_a_joiner_whose_mark_moves_away_is_left_out() -> None:
    folded = fold("\u1fb3\u094d\u200ca")

    assert "\u200c" not in folded
    assert fold(folded) == folded


@pytest.mark.parametrize("word", ["zähler", "é", "ทวิตล่ม", "ïle"])
def test_a_tag_keeps_its_diacritics(word: str) -> None:
    assert fold(word) == word


@pytest.mark.parametrize("text", ["#C++", "#c++ is old", "#Notepad++", "(#C++)", "＃C++"])
def test_a_name_that_ends_with_plus_signs_is_no_tag(text: str) -> None:
    assert find(text) == []


def test_a_single_plus_sign_ends_a_tag() -> None:
    assert find("#tea+#milk") == [FoundTag(0, 4, "tea"), FoundTag(5, 10, "milk")]


def test_a_ligature_of_several_words_stays_one_sign() -> None:
    assert fold("ﷺ") == "ﷺ"


@settings(deadline=None)
@given(
    st.text(st.characters(categories=["L", "M", "Nd"]), min_size=1, max_size=8)
    | st.text("aßΣςŀﬁｶﾞİıǅﷺ葛·・\u200c\u200d\u0301\ufe0fक्نم", min_size=1, max_size=8)
)
def test_folding_twice_is_folding_once(text: str) -> None:
    for each in find("#" + unicodedata.normalize("NFC", text)):
        if isinstance(each, FoundTag):
            assert fold(each.tag) == each.tag


def test_every_letter_folds_to_a_tag_that_folds_to_itself() -> None:
    letters = [chr(number) for number in range(0x110000) if chr(number).isalpha()]
    for letter in letters:
        if is_tag(letter):
            folded = fold(letter)
            assert fold(folded) == folded
            assert is_tag(folded)


@pytest.mark.parametrize("text", ["Roost", "#Roost", "＃Ｒｏｏｓｔ"])
def test_a_request_names_a_tag_with_or_without_its_sign(text: str) -> None:
    assert fold_named(text) == "roost"


@pytest.mark.parametrize("text", ["", "#", "##roost", "#＃roost", " roost", "roost\n", "#123"])
def test_a_request_with_anything_beside_a_tag_names_none(text: str) -> None:
    assert fold_named(text) is None

"""The beginning of a hashtag, as somebody types it."""

from __future__ import annotations

import pytest

from services.chassis.text import hashtags
from services.search.domain.hashtags.prefix import prefix_of


@pytest.mark.parametrize(
    ("query", "prefix"),
    [
        ("cat", "cat"),
        ("#Cat", "cat"),
        ("  #CAT ", "cat"),
        ("＃ＳＹＮ", "syn"),
        ("ﾃｽ", "テス"),
        ("#Zäh", "zäh"),
        ("2", "2"),
        ("２", "2"),
        ("_", "_"),
        ("2026_", "2026_"),
        ("col·", "col·"),
        ("ทวิต", "ทวิต"),
        ("東", "東"),
        ("STRAß", "strass"),
    ],
)
def test_beginning_is_folded_as_hashtags_are(query: str, prefix: str) -> None:
    assert prefix_of(query) == prefix


@pytest.mark.parametrize("query", ["", "#", "  ", "a b", "c++", "@cat", "##cat", "c" * 101, "%"])
def test_text_that_begins_no_hashtag_has_no_prefix(query: str) -> None:
    assert prefix_of(query) is None


@pytest.mark.parametrize(
    "tag", ["İstanbul", "ＳＹＮＴＨ", "ﾃｽﾄ", "2fast", "Zähler", "ทวิตล่ม", "col·lega"]
)
def test_each_beginning_of_a_hashtag_finds_it(tag: str) -> None:
    folded = hashtags.fold(tag)

    for length in range(1, len(folded) + 1):
        prefix = prefix_of(folded[:length])
        assert prefix is not None
        assert folded.startswith(prefix)

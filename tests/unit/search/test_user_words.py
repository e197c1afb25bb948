"""Profiles and queries for them have the same words."""

from __future__ import annotations

import pytest

from services.search.domain.posts.model import ANONYMOUS
from services.search.domain.users.matching import match
from services.search.domain.users.model import UserField
from services.search.domain.users.words import MAX_WHOLE_NAME, MAX_WORD, indexed_user, user_query


def field_of(query: str, *, handle: str = "someone", name: str = "", bio: str = "") -> object:
    user = indexed_user(
        user_id=1, version=1, handle=handle, display_name=name, bio=bio, followers_count=0
    )
    wanted = user_query(query)
    found = None if wanted is None else match(wanted, user, ANONYMOUS)
    return found and found.field


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("RENE", "René"),
        ("rené", "Rene"),
        ("o'neil", "O’Neil"),
        ("oneil", "O'Neil"),
        ("neil", "O'Neil"),
        ("istanbul", "İstanbul"),
        ("山田", "山田太郎"),
        ("郎", "山田太郎"),
        ("ทวิต", "ทวิตล่ม"),
        ("synth", "ＳＹＮＴＨ"),
        ("ahmed el", "Ahmed El-Sayed"),
        ("say ahm", "Ahmed El-Sayed"),
        ("2fast4u", "2Fast4U"),
        ("foo_b", "Foo_Bar"),
        ("🐦", "Ada 🐦"),
    ],
)
def test_a_display_name_is_found_in_every_spelling(query: str, name: str) -> None:
    assert field_of(query, name=name) == UserField.DISPLAY_NAME


@pytest.mark.parametrize("query", ["@Ada_L", "ada_l", "ADA", "＠ada"])
def test_a_handle_is_found_by_its_beginning(query: str) -> None:
    assert field_of(query, handle="Ada_L", name="x") == UserField.HANDLE


def test_a_bio_is_found_by_whole_words() -> None:
    assert field_of("zurich", bio="Aus Zürich.") == UserField.BIO
    assert field_of("zur", bio="Aus Zürich.") is None


def test_words_may_be_in_name_and_bio() -> None:
    assert field_of("ada zurich", name="Ada", bio="Zürich") == UserField.BIO
    assert field_of("ada berlin", name="Ada", bio="Zürich") is None


def test_punctuation_is_no_query() -> None:
    assert user_query("…!?") is None
    assert user_query("@") is None


def test_entries_of_long_names_are_limited() -> None:
    # Each of these signs stands for 18 letters.
    name = "ﷺ" * 50
    user = indexed_user(
        user_id=1, version=1, handle="x", display_name=name, bio="", followers_count=0
    )

    assert max(map(len, (user.whole_name, *user.name_words))) <= MAX_WHOLE_NAME
    assert field_of(name, name=name) == UserField.DISPLAY_NAME


def test_long_words_are_cut_in_the_index_and_in_queries() -> None:
    long = "я" * 100
    assert field_of(long, name=long) == UserField.DISPLAY_NAME
    wanted = user_query(long)
    assert wanted is not None
    assert max(map(len, wanted.words)) == MAX_WORD

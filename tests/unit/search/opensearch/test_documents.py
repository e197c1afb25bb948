"""Posts as documents of OpenSearch."""

import pytest

from services.search.adapters.opensearch.documents import document_of, found_from, token
from services.search.domain.posts.model import (
    AudienceLimit,
    Counts,
    Found,
    IndexedPost,
    Visibility,
)
from tests.stores.search.posts.engine import a_document

STRANGE = [
    "a b",
    "a\u00a0b",
    "a\u3000b",
    "a\u2028b",
    "a\nb",
    "a\x00b",
    "a\x1cb",
    "\ud800",
    "x" * 300,
]


@pytest.mark.parametrize("value", STRANGE, ids=ascii)
def test_a_token_has_no_white_space_and_is_short(value: str) -> None:
    made = token(value)

    assert made.isascii()
    assert made.isalnum()
    assert len(made) < 100


def test_different_values_have_different_tokens() -> None:
    values = [*STRANGE, "cat", "wcat", "xcat", "-", "", token("a b"), token("a b")[1:]]

    assert len({token(each) for each in values}) == len(values)


def test_a_gap_is_a_position_that_no_token_equals() -> None:
    words = document_of(a_document(10, words=("old", "", "-", "cat")))["words"].split(" ")

    assert words == ["wold", "-", "w-", "wcat"]


@pytest.mark.parametrize(
    "changes",
    [
        {"revision": 2},
        {"language": "tr"},
        {"visibility": Visibility.FOLLOWERS},
        {"addressed": frozenset({3})},
        {"limits": (AudienceLimit(3, Visibility.PUBLIC),)},
        {"words": ("cat", "old")},
        {"terms": frozenset({"#cat"})},
        {"marks": b"other"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_hash_changes_with_everything_that_is_stored(changes: dict[str, object]) -> None:
    usual = {"words": ("old", "cat"), "terms": frozenset({"#dog"}), "author_id": 1, "revision": 1}
    usual |= {"language": "en", "marks": b"marks"}

    before = document_of(IndexedPost(post_id=10, **usual))  # type: ignore[arg-type]
    after = document_of(IndexedPost(post_id=10, **(usual | changes)))  # type: ignore[arg-type]

    assert before["hash"] != after["hash"]


def test_the_hash_does_not_change_with_the_counts() -> None:
    one, other = a_document(10, "cat"), a_document(10, "cat", counts=Counts(likes=5))

    assert document_of(one)["hash"] == document_of(other)["hash"]


def test_a_hit_without_counts_has_none() -> None:
    source = {"author": 1, "revision": 2, "language": "en", "marks": "YWI="}

    assert found_from(10, source) == Found(10, 1, 2, "en", b"ab", Counts())

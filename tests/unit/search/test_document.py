"""The document of a post: its analysis, and its properties as terms."""

from typing import Any

import pytest

from services.search.domain.posts.document import Medium, MediumKind, PostFacts, document_of
from services.search.domain.posts.model import Counts, IndexedPost, Visibility

ALWAYS = {"from:1", "lang:en"}


def of(*terms: str, **facts: Any) -> IndexedPost:
    usual: dict[str, Any] = {
        "post_id": 10,
        "author_id": 1,
        "revision": 2,
        "language": "en",
        "visibility": Visibility.PUBLIC,
    }
    return document_of(
        PostFacts(**(usual | facts)),
        words=("old", "", "cat"),
        terms=frozenset(terms),
        marks=b"marks",
    )


def test_a_document_has_the_analysis_of_the_text() -> None:
    document = of("~cat", "#cat", counts=Counts(likes=3))

    assert document.words == ("old", "", "cat")
    assert document.terms == {"~cat", "#cat", *ALWAYS}
    assert document.tags == {"cat"}
    assert document.marks == b"marks"
    assert document.counts == Counts(likes=3)


def test_a_reply_is_found_by_the_user_it_answers() -> None:
    document = of(reply_to_post_id=9, reply_to_author_id=5)

    assert document.terms == {"is:reply", "to:5", *ALWAYS}
    assert document.addressed == {5}


def test_mentioned_users_and_the_author_above_are_addressed() -> None:
    document = of(reply_to_post_id=9, reply_to_author_id=5, mentioned_ids=frozenset({6, 7}))

    assert document.addressed == {5, 6, 7}
    assert {"mentions:6", "mentions:7"} < document.terms


def test_a_post_that_answers_and_mentions_nobody_addresses_nobody() -> None:
    assert of().addressed == frozenset()
    assert of().terms == ALWAYS


def test_quotes_and_links_are_properties() -> None:
    assert of(quoted_post_id=4, has_links=True).terms == {"is:quote", "has:links", *ALWAYS}


@pytest.mark.parametrize(
    ("kind", "terms"),
    [
        (MediumKind.PICTURE, {"has:images"}),
        (MediumKind.ANIMATION, {"has:images"}),
        (MediumKind.VIDEO, {"has:video"}),
        (MediumKind.AUDIO, {"has:audio"}),
        (MediumKind.UNSPECIFIED, set()),
    ],
)
def test_media_are_found_by_their_kind(kind: MediumKind, terms: set[str]) -> None:
    document = of(media=(Medium(3, kind, has_alt_text=False),))

    assert document.terms == {"has:media", "medium:3", *terms, *ALWAYS}


def test_one_alt_text_is_enough_for_has_alt() -> None:
    media = (
        Medium(3, MediumKind.PICTURE, has_alt_text=False),
        Medium(4, MediumKind.PICTURE, has_alt_text=True),
    )

    assert {"has:alt", "medium:3", "medium:4"} < of(media=media).terms

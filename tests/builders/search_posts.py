"""Posts of the Search service, analysed as its worker does."""

from __future__ import annotations

from typing import Any

from services.chassis.text import entities
from services.search.domain.analysis import Entity, Hashtag, Link, Mention, analyze, encode_marks
from services.search.domain.posts.document import PostFacts, document_of
from services.search.domain.posts.model import IndexedPost, Visibility


def entities_of(text: str) -> list[Entity]:
    """The entities of a text, as if every handle were a user's."""
    found: list[Entity] = []
    for each in entities.find(text):
        match each:
            case entities.FoundHandle(start, end):
                found.append(Mention(start, end))
            case entities.FoundTag(start, end, tag):
                found.append(Hashtag(start, end, tag))
            case entities.FoundLink(start, end, url):
                found.append(Link(start, end, url))
    return found


def an_indexed_post(
    post_id: int, text: str, *, language: str = "en", alt_text: str = "", **facts: Any
) -> IndexedPost:
    """A public post by user 1, whose alt text is that of medium 9."""
    found = entities_of(text)
    analysis = analyze(text, found, language, [(9, alt_text)] if alt_text else [])
    usual = {
        "author_id": 1,
        "revision": 1,
        "visibility": Visibility.PUBLIC,
        "has_links": any(isinstance(each, Link) for each in found),
    }
    return document_of(
        PostFacts(post_id=post_id, language=language, **(usual | facts)),
        words=analysis.words,
        terms=analysis.terms,
        marks=encode_marks(analysis.marks),
    )

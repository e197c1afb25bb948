"""Makes the document of a post: its analysed words and forms, and its properties as terms."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from services.search.domain.posts.model import (
    NO_COUNTS,
    AudienceLimit,
    Counts,
    IndexedPost,
    Visibility,
)


class MediumKind(IntEnum):
    """The kinds of media; numbered as in the contract."""

    UNSPECIFIED = 0
    PICTURE = 1
    ANIMATION = 2
    VIDEO = 3
    AUDIO = 4


_HAS = {
    MediumKind.PICTURE: "has:images",
    MediumKind.ANIMATION: "has:images",
    MediumKind.VIDEO: "has:video",
    MediumKind.AUDIO: "has:audio",
}


@dataclass(frozen=True, slots=True)
class Medium:
    """What of a medium is searched, besides its analysed alt text."""

    medium_id: int
    kind: MediumKind
    has_alt_text: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFacts:
    """What the Post service says about a post, besides its text. An id of 0 means none."""

    post_id: int
    author_id: int
    revision: int
    # `und` where it is not known.
    language: str
    visibility: Visibility
    reply_to_post_id: int = 0
    reply_to_author_id: int = 0
    quoted_post_id: int = 0
    mentioned_ids: frozenset[int] = frozenset()
    has_links: bool = False
    media: tuple[Medium, ...] = ()
    limits: tuple[AudienceLimit, ...] = ()
    counts: Counts = NO_COUNTS


def document_of(
    facts: PostFacts, *, words: Sequence[str], terms: Collection[str], marks: bytes
) -> IndexedPost:
    """The document of a post. `words`, `terms` and encoded `marks` are those of its Analysis."""
    return IndexedPost(
        post_id=facts.post_id,
        author_id=facts.author_id,
        revision=facts.revision,
        language=facts.language,
        visibility=facts.visibility,
        addressed=(facts.mentioned_ids | {facts.reply_to_author_id}) - {0},
        limits=facts.limits,
        words=tuple(words),
        terms=frozenset(terms).union(_properties(facts)),
        marks=marks,
        counts=facts.counts,
    )


def _properties(facts: PostFacts) -> Iterator[str]:
    yield f"from:{facts.author_id}"
    yield f"lang:{facts.language}"
    yield from (f"mentions:{user_id}" for user_id in facts.mentioned_ids)
    if facts.reply_to_post_id:
        yield "is:reply"
        yield f"to:{facts.reply_to_author_id}"
    if facts.quoted_post_id:
        yield "is:quote"
    if facts.has_links:
        yield "has:links"
    if facts.media:
        yield "has:media"
    for medium in facts.media:
        yield f"medium:{medium.medium_id}"
        if medium.kind in _HAS:
            yield _HAS[medium.kind]
        if medium.has_alt_text:
            yield "has:alt"

"""Posts as the index has them, who searches, what is found, and the changes of the index."""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

import msgspec


class Visibility(IntEnum):
    """Who may read a post; numbered as in the contract."""

    PUBLIC = 1
    FOLLOWERS = 2
    MENTIONED = 3


class AudienceLimit(msgspec.Struct, frozen=True, array_like=True):
    """The audience of what one user wrote above a reply; see AudienceLimit in the contract."""

    author_id: int
    visibility: Visibility
    addressed: frozenset[int] = frozenset()
    # Whether the author was protected when the reply was written.
    was_protected: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """The public engagement counts of a post."""

    likes: int = 0
    reposts: int = 0
    replies: int = 0
    quotes: int = 0


NO_COUNTS = Counts()


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedPost:
    """A post in one revision, ready for every engine. `document.document_of` makes it.

    Two documents of one revision differ only by the post's media: the later one replaces the other.
    """

    post_id: int
    author_id: int
    revision: int
    language: str
    visibility: Visibility = Visibility.PUBLIC
    # The mentioned users, and the author of the post that it replies to.
    addressed: frozenset[int] = frozenset()
    limits: tuple[AudienceLimit, ...] = ()
    # The folded words by position; "" where a position has none, so that no phrase crosses it. The
    # analyzer keeps them within what every engine can store.
    words: tuple[str, ...] = ()
    # Other forms of the words, hashtags, links and properties; see query.model.Term.
    terms: frozenset[str] = frozenset()
    # The encoded marks of the analysis, for ranking and highlights.
    marks: bytes = b""
    # Those at the time of the change. An Upsert sets them only where none are stored.
    counts: Counts = NO_COUNTS

    @property
    def tags(self) -> frozenset[str]:
        """The folded hashtags, without the number sign."""
        return frozenset(each[1:] for each in self.terms if each.startswith("#"))


@dataclass(frozen=True, slots=True)
class Account:
    """What of an author decides who sees their posts, now."""

    protected: bool = False
    deleted: bool = False


# An account of which the index has no row.
OPEN_ACCOUNT = Account()


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who searches, with their relations. The anonymous viewer has the id 0 and no relations."""

    user_id: int = 0
    following: frozenset[int] = frozenset()
    # Those whom the viewer blocks, and those who block the viewer. Never found.
    blocked: frozenset[int] = frozenset()
    # Found only where the query names them.
    muted: frozenset[int] = frozenset()
    # The authors whom the query names: `Resolved.named_author_ids`.
    named_author_ids: frozenset[int] = frozenset()

    @property
    def hidden_author_ids(self) -> frozenset[int]:
        """The authors whose posts this search does not return."""
        return self.blocked | (self.muted - self.named_author_ids)


ANONYMOUS = Viewer()


@dataclass(frozen=True, slots=True)
class Found:
    """A post that matches, with what ranking and highlights need."""

    post_id: int
    author_id: int
    revision: int
    language: str
    marks: bytes = field(repr=False)
    counts: Counts


@dataclass(frozen=True, slots=True)
class SegmentComparison:
    """A range of ids in a new generation, compared with the live one at one moment.

    The sums are over hashes of everything that is stored of a post, except its counts.
    """

    first_id: int
    last_id: int
    count: int
    checksum: int
    live_count: int
    live_checksum: int

    @property
    def equal(self) -> bool:
        """Whether both generations have the same posts there."""
        return (self.count, self.checksum) == (self.live_count, self.live_checksum)


# --- Changes of the index ---


@dataclass(frozen=True, slots=True)
class Upsert:
    """A post as it is in one revision. It replaces no later revision, and no deleted post."""

    post: IndexedPost


@dataclass(frozen=True, slots=True)
class Delete:
    """The post was deleted. Nothing brings it back: ids are never used again."""

    post_id: int


@dataclass(frozen=True, slots=True)
class SetCounts:
    """The public counts of a post. They belong to no revision, and may arrive before the post."""

    post_id: int
    counts: Counts


@dataclass(frozen=True, slots=True)
class SetAccount:
    """Whether an account is protected. `version` orders the versions of a profile: the microseconds
    of its `update_time`; an older version changes nothing. A deletion is final, whatever the
    version."""

    user_id: int
    version: int = 0
    protected: bool = False
    deleted: bool = False


PostChange: TypeAlias = Upsert | Delete | SetCounts | SetAccount

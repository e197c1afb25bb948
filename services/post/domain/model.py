"""The model of the Post service: posts, their entities and media, engagement, and users as other
services report them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec


class Visibility(IntEnum):
    """Who may read a post; numbered as in the contract."""

    PUBLIC = 1
    FOLLOWERS = 2
    MENTIONED = 3


# Entities are msgspec structs, because the database stores them as JSON. Offsets count code points:
# `text[start:end]` is the entity as the author wrote it.


class Mention(msgspec.Struct, frozen=True, tag="mention"):
    """An @handle of an existing user, in that user's spelling."""

    start: int
    end: int
    user_id: int
    handle: str


class Hashtag(msgspec.Struct, frozen=True, tag="hashtag"):
    """A #tag, without the #, in its folded form."""

    start: int
    end: int
    tag: str


class Link(msgspec.Struct, frozen=True, tag="link"):
    """An http or https address, as the author wrote it."""

    start: int
    end: int
    url: str


Entity: TypeAlias = Mention | Hashtag | Link


class AudienceLimit(msgspec.Struct, frozen=True):
    """The audience of what one user wrote above a reply; the database stores it as JSON."""

    author_id: int
    visibility: Visibility
    # The users whom each of these posts addresses; empty where it is public.
    addressed: tuple[int, ...] = ()
    # Whether the author was protected when the reply was written.
    protected: bool = False


class Medium(msgspec.Struct, frozen=True):
    """A medium as the Media service last reported it; the database stores it as JSON."""

    id: int
    # Numbered as in the contract.
    kind: int
    # Ascends with every change of the medium.
    version: int
    # The packed roost.media.v1.Medium, without addresses: they expire.
    message: bytes


# The kind of a still picture.
PICTURE = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as its author last saved it. An id of 0 means none."""

    id: int
    author_id: int
    text: str
    entities: tuple[Entity, ...] = ()
    visibility: Visibility = Visibility.PUBLIC
    reply_to_post_id: int = 0
    reply_to_author_id: int = 0
    # The first post of the conversation; the own id where the post starts one.
    conversation_id: int
    quoted_post_id: int = 0
    media: tuple[Medium, ...] = ()
    # An ISO 639 code, or `und`; empty in posts that are older than the field.
    language: str = ""
    # Whether the author gave the language. Otherwise it was detected.
    language_given: bool = False
    create_time: datetime
    edit_time: datetime | None = None
    revision: int = 1
    # How often its media changed without an edit.
    media_changes: int = 0
    deleted: bool = False
    # A viewer of a reply must be in each of these audiences.
    limits: tuple[AudienceLimit, ...] = ()

    @property
    def etag(self) -> str:
        """Identifies the revision: what the author last saved."""
        return str(self.revision)

    @property
    def version(self) -> int:
        """Ascends with every change of what readers see: edits, and changes of its media."""
        return self.revision + self.media_changes

    @property
    def media_ids(self) -> tuple[int, ...]:
        """The ids of the media, in order."""
        return tuple(each.id for each in self.media)

    @property
    def answers_others(self) -> bool:
        """Whether the post is a reply to another user."""
        return self.reply_to_post_id != 0 and self.reply_to_author_id != self.author_id

    @property
    def mentioned_ids(self) -> tuple[int, ...]:
        """The mentioned users, each once, in the order of the text."""
        return tuple(
            dict.fromkeys(each.user_id for each in self.entities if isinstance(each, Mention))
        )


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What the event of a deletion contains."""

    id: int
    author_id: int
    reply_to_post_id: int
    quoted_post_id: int
    visibility: Visibility


class AccountState(NamedTuple):
    """Whether an account is protected, according to its profile at `update_time`."""

    protected: bool
    update_time: datetime


# An account that was never protected.
OPEN_ACCOUNT = AccountState(False, datetime(1970, 1, 1, tzinfo=UTC))


class AlignedBatch(NamedTuple):
    """One batch of an account's contributions to counts: the last post of the batch, 0 at the end,
    and the posts whose counts changed."""

    last_id: int
    changed: Sequence[int]


class EngagementKind(StrEnum):
    """The kinds of engagement."""

    LIKE = "like"
    REPOST = "repost"
    BOOKMARK = "bookmark"


class EngagementResult(NamedTuple):
    """The result of adding or removing an engagement."""

    changed: bool
    # The id of the existing or removed like, repost or bookmark; 0 for none.
    engagement_id: int
    # The state after the change; None where the post does not exist.
    state: "PostState | None"


class ViewerEngagement(NamedTuple):
    """All engagement of one user with one post."""

    post_id: int
    liked: bool
    reposted: bool
    bookmarked: bool


class Withdrawn(NamedTuple):
    """Engagement that was removed with its user or its post."""

    post_id: int
    post_author_id: int
    user_id: int
    like_id: int
    repost_id: int


class CountDrift(NamedTuple):
    """A count that was wrong and has been corrected."""

    post_id: int
    counter: str
    by: int


class Revision(NamedTuple):
    """A post's text and media at one time."""

    revision: int
    text: str
    entities: tuple[Entity, ...]
    create_time: datetime
    media: tuple[Medium, ...] = ()


class PostState(NamedTuple):
    """The part of a post that changes without an edit, with the viewer's own engagement.

    The counts are the same for every viewer: they cover what everyone may see.
    """

    id: int
    version: int  # Post.version; TOMBSTONE where the post is deleted
    likes: int
    reposts: int
    replies: int
    quotes: int
    liked: bool = False
    reposted: bool = False
    bookmarked: bool = False


TOMBSTONE = 0


class Entry(NamedTuple):
    """A timeline entry: a post, or a repost of a post (reposter_id is not 0)."""

    entry_id: int
    post_id: int
    author_id: int
    reposter_id: int = 0


class ListPosition(NamedTuple):
    """One row of a list ordered by time: its position, and the user or post of the row."""

    id: int
    subject_id: int


class Relationship(Protocol):
    """A viewer's relationship to another user, as the User service reports it."""

    @property
    def following(self) -> bool:
        """The viewer follows the other."""
        ...

    @property
    def blocking(self) -> bool:
        """The viewer blocks the other."""
        ...

    @property
    def blocked_by(self) -> bool:
        """The other blocks the viewer."""
        ...


class Profile(Protocol):
    """An existing user, as the User service reports them to a viewer."""

    @property
    def id(self) -> int: ...

    @property
    def handle(self) -> str:
        """The name after the @, in the user's own spelling."""
        ...

    @property
    def protected(self) -> bool:
        """Whether only followers may read the user's posts."""
        ...

    @property
    def update_time(self) -> datetime:
        """When the profile last changed."""
        ...

    @property
    def viewer_relationship(self) -> Relationship:
        """All false for an anonymous viewer, and for the viewer's own profile."""
        ...


def account_of(profile: Profile) -> AccountState:
    """The state of the account according to the profile."""
    return AccountState(profile.protected, profile.update_time)


P_co = TypeVar("P_co", bound=Profile, covariant=True)


class Profiles(Protocol[P_co]):
    """Profiles from the User service."""

    async def find(
        self, *, ids: Sequence[int], handles: Sequence[str] = (), viewer_id: int = 0
    ) -> Sequence[P_co]:
        """The existing users, each once, ascending by id, with the viewer's relationship to each.

        Makes one call to the User service. A viewer_id of 0 is an anonymous viewer.
        """
        ...


class ProfileSource(Protocol[P_co]):
    """Profiles that may come from a cache."""

    async def find(self, ids: Collection[int], viewer_id: int) -> Mapping[int, P_co]:
        """The existing users by id, with the viewer's relationship to each."""
        ...


class Ids(Protocol):
    """Makes ids that sort by time."""

    async def make(self, bucket: int) -> int:
        """A new id in the bucket."""
        ...

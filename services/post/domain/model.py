"""What the Post service knows about: posts, what is found in them, people, and responses."""

from collections.abc import Sequence
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


# Entities are structs, since they are kept in the database as JSON. Offsets are code points of the
# text: `text[start:end]` is the entity as written.


class Mention(msgspec.Struct, frozen=True, tag="mention"):
    """An @handle of somebody who exists, as that person writes it."""

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
    """An http or https address, as written."""

    start: int
    end: int
    url: str


Entity: TypeAlias = Mention | Hashtag | Link


class AudienceLimit(msgspec.Struct, frozen=True):
    """The audience of what one person wrote above a reply; kept in the database as JSON."""

    author_id: int
    visibility: Visibility
    # Whom all of it addressed; nobody where it is public.
    addressed: tuple[int, ...] = ()
    # Whether the author was protected when it was answered.
    protected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post as its author left it. Ids that point nowhere are 0."""

    id: int
    author_id: int
    text: str
    entities: tuple[Entity, ...] = ()
    visibility: Visibility = Visibility.PUBLIC
    reply_to_post_id: int = 0
    reply_to_author_id: int = 0
    # The first post of the conversation; the post itself where it starts one.
    conversation_id: int
    quoted_post_id: int = 0
    media_ids: tuple[int, ...] = ()
    create_time: datetime
    edit_time: datetime | None = None
    revision: int = 1
    deleted: bool = False
    # The reader of a reply must be in each of these audiences.
    limits: tuple[AudienceLimit, ...] = ()

    @property
    def etag(self) -> str:
        """Names this text of the post; changes with every edit."""
        return str(self.revision)

    @property
    def answers_others(self) -> bool:
        """Whether it is a reply to somebody but its own author."""
        return self.reply_to_post_id != 0 and self.reply_to_author_id != self.author_id

    @property
    def on_timelines(self) -> bool:
        """Whether it stands on the home timelines of its author's followers."""
        return not self.answers_others and self.visibility is not Visibility.MENTIONED

    @property
    def mentioned_ids(self) -> tuple[int, ...]:
        """The people whom the text names, each once, in the order of the text."""
        return tuple(
            dict.fromkeys(each.user_id for each in self.entities if isinstance(each, Mention))
        )


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is told of a post as it goes."""

    id: int
    author_id: int
    reply_to_post_id: int
    quoted_post_id: int
    visibility: Visibility


class AccountState(NamedTuple):
    """Whether an account is protected, by the profile of `update_time`."""

    protected: bool
    update_time: datetime


# An account that was never protected.
OPEN_ACCOUNT = AccountState(False, datetime(1970, 1, 1, tzinfo=UTC))


class AlignedBatch(NamedTuple):
    """One step through what an account contributed: the last post that was looked at, 0 at the
    end, and the posts whose counts changed."""

    last_id: int
    changed: Sequence[int]


class EngagementKind(StrEnum):
    """What somebody may do with a post."""

    LIKE = "like"
    REPOST = "repost"
    BOOKMARK = "bookmark"


class EngagementResult(NamedTuple):
    """What a response, or taking one back, came to."""

    changed: bool
    # The id of the like, repost or bookmark that stands, or that was taken back; 0 for none.
    engagement_id: int
    # After it; None where there is no such post at all.
    state: "PostState | None"


class ViewerEngagement(NamedTuple):
    """All that one person did with one post."""

    post_id: int
    liked: bool
    reposted: bool
    bookmarked: bool


class Withdrawn(NamedTuple):
    """A response that went with its person or its post."""

    post_id: int
    post_author_id: int
    user_id: int
    like_id: int
    repost_id: int


class CountDrift(NamedTuple):
    """A count that was wrong, and is right now."""

    post_id: int
    counter: str
    by: int


class Revision(NamedTuple):
    """A post's text at one time."""

    revision: int
    text: str
    entities: tuple[Entity, ...]
    create_time: datetime


class PostState(NamedTuple):
    """The part of a post that changes often, with the viewer's own responses.

    The counts are the same for every viewer: of responses and posts that everybody may see.
    """

    id: int
    revision: int  # of the text; TOMBSTONE where it is deleted
    likes: int
    reposts: int
    replies: int
    quotes: int
    liked: bool = False
    reposted: bool = False
    bookmarked: bool = False


TOMBSTONE = 0


class Entry(NamedTuple):
    """A place on a timeline: a post, or somebody's repost of one (reposter_id is not 0)."""

    entry_id: int
    post_id: int
    author_id: int
    reposter_id: int = 0


class ListPosition(NamedTuple):
    """One row of a list that goes by time: its place there, and who or what stands in it."""

    id: int
    subject_id: int


class Relationship(Protocol):
    """How a viewer and another person stand, as the User service tells it."""

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
    """Somebody whose account exists, as the User service tells it to a viewer."""

    @property
    def id(self) -> int: ...

    @property
    def handle(self) -> str:
        """The name after the @, as the person writes it."""
        ...

    @property
    def protected(self) -> bool:
        """Whether only followers may read this person's posts."""
        ...

    @property
    def update_time(self) -> datetime:
        """When the profile last changed."""
        ...

    @property
    def viewer_relationship(self) -> Relationship:
        """All false for strangers and for oneself."""
        ...


def account_of(profile: Profile) -> AccountState:
    """The state of the account, by the User service."""
    return AccountState(profile.protected, profile.update_time)


P_co = TypeVar("P_co", bound=Profile, covariant=True)


class Profiles(Protocol[P_co]):
    """Asks the User service about people."""

    async def find(
        self, *, ids: Sequence[int], handles: Sequence[str] = (), viewer_id: int = 0
    ) -> Sequence[P_co]:
        """Those who exist, each once, ascending by id, with the viewer's relationship to each.

        One call to the User service, whatever is asked. A viewer_id of 0 is a stranger.
        """
        ...

"""What happened elsewhere, as far as somebody is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.notification.domain.model import Visibility


class Followed(NamedTuple):
    """Somebody follows somebody, perhaps by their consent."""

    follower_id: int
    followee_id: int
    by_request: bool
    # Whether the consent was to all who asked: the one followed has not looked at this one.
    by_opening: bool = False


class Unfollowed(NamedTuple):
    """A follow ended."""

    follower_id: int
    followee_id: int


class FollowRequested(NamedTuple):
    """Somebody asks a protected person for consent."""

    follower_id: int
    followee_id: int


class FollowRequestRemoved(NamedTuple):
    """A request ended without a follow."""

    follower_id: int
    followee_id: int


class Blocked(NamedTuple):
    """One of two people blocks the other."""

    one_id: int
    other_id: int


class MuteChanged(NamedTuple):
    """Somebody began or ceased to mute somebody."""

    muter_id: int
    muted_id: int
    muting: bool


class ProfileChanged(NamedTuple):
    """A profile changed, or began."""

    user_id: int
    protected: bool
    # Whether that is what changed.
    closed: bool = False


class AccountDeleted(NamedTuple):
    """Somebody deleted the account."""

    user_id: int


class SessionEnded(NamedTuple):
    """Somebody signed out, or was signed out, on a device."""

    user_id: int
    session_id: int


class Engagement(NamedTuple):
    """Somebody likes or reposts a post, or takes that back."""

    actor_id: int
    post_id: int
    author_id: int
    is_repost: bool
    undone: bool


class AudienceLimit(NamedTuple):
    """The audience of what one person wrote above a reply."""

    author_id: int
    visibility: Visibility
    addressed: frozenset[int]
    # Whether the author was protected when it was answered.
    protected: bool


@dataclass(frozen=True, slots=True)
class Post:
    """A post as far as it decides who is told of it."""

    id: int
    author_id: int
    visibility: Visibility
    conversation_id: int
    # 0 where it answers nobody.
    reply_to_author_id: int
    mentioned_ids: frozenset[int]
    # The reader of a reply is in each of these audiences.
    limits: tuple[AudienceLimit, ...] = ()

    @property
    def announced(self) -> bool:
        """Whether those who watch the author are told: as it would stand on homes."""
        return self.visibility is not Visibility.MENTIONED and self.reply_to_author_id in {
            0,
            self.author_id,
        }


class PostCreated(NamedTuple):
    """A post was written; 0 where it quotes nobody."""

    post: Post
    quoted_author_id: int


class PostUpdated(NamedTuple):
    """A post was edited, and mentioned these people before."""

    post: Post
    mentioned_before: frozenset[int]


class PostDeleted(NamedTuple):
    """A post was deleted."""

    post_id: int
    author_id: int


DomainEvent = (
    Followed
    | Unfollowed
    | FollowRequested
    | FollowRequestRemoved
    | Blocked
    | MuteChanged
    | ProfileChanged
    | AccountDeleted
    | SessionEnded
    | Engagement
    | PostCreated
    | PostUpdated
    | PostDeleted
)


class Envelope(NamedTuple):
    """A cause, the event that told of it, and when it happened."""

    event_id: UUID
    time: datetime
    domain_event: DomainEvent


Envelopes = Sequence[Envelope]

"""The domain events that create or withdraw notifications."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.notification.domain.model import Visibility


class Followed(NamedTuple):
    """A follow began."""

    follower_id: int
    followee_id: int
    # Whether the followee accepted a follow request.
    by_request: bool
    # Whether the request was accepted because the account became public, not by the followee.
    by_opening: bool = False


class Unfollowed(NamedTuple):
    """A follow ended."""

    follower_id: int
    followee_id: int


class FollowRequested(NamedTuple):
    """A user requested to follow a protected account."""

    follower_id: int
    followee_id: int


class FollowRequestRemoved(NamedTuple):
    """A request ended without a follow."""

    follower_id: int
    followee_id: int


class Blocked(NamedTuple):
    """One of two users blocks the other."""

    one_id: int
    other_id: int


class MuteChanged(NamedTuple):
    """A mute began or ended."""

    muter_id: int
    muted_id: int
    muting: bool


class ProfileChanged(NamedTuple):
    """A profile was created or changed."""

    user_id: int
    protected: bool
    # Whether the account has just become protected.
    became_protected: bool = False


class AccountDeleted(NamedTuple):
    """An account was deleted."""

    user_id: int


class SessionEnded(NamedTuple):
    """A session ended by sign-out or revocation."""

    user_id: int
    session_id: int


class Engagement(NamedTuple):
    """A like or repost of a post, or its withdrawal."""

    actor_id: int
    post_id: int
    author_id: int
    is_repost: bool
    undone: bool


class AudienceLimit(NamedTuple):
    """The audience of one author's posts above a reply."""

    author_id: int
    visibility: Visibility
    addressed: frozenset[int]
    # Whether the author was protected when the reply was created.
    protected: bool


@dataclass(frozen=True, slots=True)
class Post:
    """The properties of a post that decide who is notified."""

    id: int
    author_id: int
    visibility: Visibility
    conversation_id: int
    # 0 if it is no reply.
    reply_to_author_id: int
    mentioned_ids: frozenset[int]
    # A reply is visible to users who are in all of these audiences.
    limits: tuple[AudienceLimit, ...] = ()

    @property
    def announced(self) -> bool:
        """Whether watchers of the author are notified: if the post appears on homes."""
        return self.visibility is not Visibility.MENTIONED and self.reply_to_author_id in {
            0,
            self.author_id,
        }


class PostCreated(NamedTuple):
    """A post was created."""

    post: Post
    # 0 if it quotes no post.
    quoted_author_id: int


class PostUpdated(NamedTuple):
    """A post was edited. The previous revision mentioned these users."""

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
    """A domain event with its id and time."""

    event_id: UUID
    time: datetime
    domain_event: DomainEvent


Envelopes = Sequence[Envelope]

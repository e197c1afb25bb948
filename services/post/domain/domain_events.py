"""Domain events of posts and engagement; `rpc/events.py` converts them to protobuf."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from services.chassis.events.records import OutboxMessage
from services.post.domain.model import Entry, Post, Tombstone


@dataclass(frozen=True, slots=True)
class PostCreated:
    """A post was written; quoted_author_id is 0 where it quotes nobody."""

    post: Post
    quoted_author_id: int


@dataclass(frozen=True, slots=True)
class PostUpdated:
    """A post was edited."""

    before: Post
    after: Post


@dataclass(frozen=True, slots=True)
class PostDeleted:
    """A post became a tombstone."""

    tombstone: Tombstone
    delete_time: datetime


@dataclass(frozen=True, slots=True)
class PostLiked:
    """A user liked a post."""

    post_id: int
    author_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class PostUnliked:
    """A user removed a like, or the like was removed with the account."""

    post_id: int
    author_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class PostReposted:
    """A user reposted a post."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class RepostUndone:
    """A user removed a repost, or it was removed with its post, its account or by a block."""

    entry: Entry


DomainEvent: TypeAlias = (
    PostCreated | PostUpdated | PostDeleted | PostLiked | PostUnliked | PostReposted | RepostUndone
)

# Converts a domain event to the message that the outbox stores.
Describe: TypeAlias = Callable[[DomainEvent], OutboxMessage]

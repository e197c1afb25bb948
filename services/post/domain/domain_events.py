"""What happens to posts and is worth telling the other services; `events` puts it on the wire."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

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
    """A like was given."""

    post_id: int
    author_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class PostUnliked:
    """A like was taken back, or went with its account."""

    post_id: int
    author_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class PostReposted:
    """A post was reposted."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class RepostUndone:
    """A repost was taken back, or went with its post or its account."""

    entry: Entry


Change: TypeAlias = (
    PostCreated | PostUpdated | PostDeleted | PostLiked | PostUnliked | PostReposted | RepostUndone
)

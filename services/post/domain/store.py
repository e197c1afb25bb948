"""The interface of the Post service's database. It has two implementations.

Reads see every earlier commit. Lists are ordered by ids, which sort by time: `before` and `after`
are exclusive, and 0 means from the newest or from the oldest.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias
from uuid import UUID

from services.chassis.events.records import OutboxMessage
from services.chassis.storage.idempotency import RequestKey
from services.chassis.storage.transaction import Transaction
from services.post.domain.model import (
    AccountState,
    AlignedBatch,
    CountDrift,
    EngagementKind,
    EngagementResult,
    Entry,
    ListPosition,
    Medium,
    Post,
    PostState,
    Revision,
    Tombstone,
    ViewerEngagement,
    Withdrawn,
)


class NewPost(NamedTuple):
    """A new post, and what is stored with it in one transaction."""

    post: Post
    # The author's account, as the User service reports it.
    account: AccountState
    message: OutboxMessage
    # The response is stored under the key for a repetition of the request. It is unused where
    # there is no key.
    key: RequestKey | None
    response: bytes


@dataclass(slots=True)
class ChangedIds:
    """What a write may have changed of the data that caches hold."""

    # Posts whose state changed.
    post_ids: set[int] = field(default_factory=set)
    # Users whose engagement changed.
    engaged_user_ids: set[int] = field(default_factory=set)
    # The events of the write. Empty if it is not known to be committed.
    event_ids: tuple[UUID, ...] = ()


# Called after each write, before the write returns to its caller.
ChangeListener: TypeAlias = Callable[[ChangedIds], Awaitable[None]]


class PostTransaction(Transaction, Protocol):
    """Changes in one transaction.

    Locks have one order: request, users by ascending id, post states by ascending id. Transactions
    that lock users before posts cannot deadlock.
    """

    async def lock_users(self, user_ids: Sequence[int]) -> None:
        """Until the transaction ends, no other transaction publishes events of these users."""
        ...

    async def lock_post(self, post_id: int) -> Post | None:
        """The current post or tombstone, locked until the transaction ends."""
        ...

    async def edit(self, before: Post, after: Post) -> None:
        """Replaces a locked post's text, entities, media and language, and stores the old text,
        entities and media as a revision."""
        ...

    async def replace_medium(self, post_id: int, medium: Medium) -> None:
        """Stores the present state of a medium in the post and its revisions, unless they have a
        newer one. Changes no revision number, nor a tombstone. Listeners are called in any case, so
        that a repetition invalidates what a process that died did not."""
        ...

    async def remove_medium(self, post_id: int, medium_id: int) -> None:
        """Removes a deleted medium from the post and its revisions, as `replace_medium`."""
        ...

    async def delete(self, post_ids: Sequence[int], now: datetime) -> list[Tombstone]:
        """Turns posts into tombstones: removes texts, media, languages and revisions, and lowers
        the counts of the posts that they reply to and quote.

        Returns those that were live, ascending by id.
        """
        ...

    async def engage(
        self,
        kind: EngagementKind,
        *,
        user_id: int,
        account: AccountState,
        post_id: int,
        author_id: int,
        engagement_id: int,
    ) -> EngagementResult:
        """Adds an engagement, unless it exists or the post is a tombstone.

        It is counted unless the user's account is protected, according to `account` or to what
        `record_protection` stored, whichever is newer. Locks the user as `lock_users` does.
        """
        ...

    async def withdraw(
        self, kind: EngagementKind, *, user_id: int, post_id: int
    ) -> EngagementResult:
        """Removes an engagement, if there is one."""
        ...

    async def withdraw_all(self, user_id: int, limit: int) -> list[Withdrawn]:
        """Removes up to `limit` of a user's engagements of every kind."""
        ...

    async def delete_likes(self, post_id: int, limit: int) -> int:
        """Removes up to `limit` likes of a tombstone without events; returns how many."""
        ...

    async def record_protection(self, user_id: int, account: AccountState) -> None:
        """Stores whether an account is protected, unless a newer state is stored.

        New contributions of the user are counted accordingly; `align_engagements` and
        `align_posts` update existing ones. Locks the user as `lock_users` does.
        """
        ...

    async def align_engagements(self, user_id: int, *, after: int, limit: int) -> AlignedBatch:
        """Counts up to `limit` of a user's engagements, or stops counting them, according to what
        `record_protection` stored: those with posts above `after`, ascending by post."""
        ...

    async def align_posts(self, user_id: int, *, after: int, limit: int) -> AlignedBatch:
        """The same for up to `limit` of a user's live posts above `after`: for the posts that they
        reply to and quote."""
        ...

    async def finish_protection(self, user_id: int, account: AccountState) -> None:
        """Records that all contributions of the user are counted according to the stored state,
        unless that is newer than `account`."""
        ...

    async def delete_protection(self, user_id: int) -> None:
        """Deletes what `record_protection` stored of a deleted account."""
        ...


class Store(Protocol):
    """Posts, conversations and engagement."""

    def on_change(self, listener: ChangeListener) -> None:
        """Calls `listener` after each later write, also after one whose outcome is unknown."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[PostTransaction]: ...

    async def create(self, new: NewPost) -> bytes | None:
        """Writes a post in its own transaction, with one round trip. Returns None if it did.

        Returns the response of the first request with this key if there was one. Locks the author
        as `lock_users` does. Raises RequestInFlight, RequestIdReused, and PostNotFound where the
        post that it replies to or quotes is a tombstone or does not exist.
        """
        ...

    async def posts(self, post_ids: Sequence[int]) -> dict[int, Post]:
        """The existing posts and tombstones."""
        ...

    async def scan(self, *, after: int, limit: int) -> list[Post]:
        """The next `limit` live posts of all users above `after`, ascending by id."""
        ...

    async def estimate_posts(self) -> int:
        """About how many live posts there are."""
        ...

    async def states(self, post_ids: Sequence[int], viewer_id: int) -> dict[int, PostState]:
        """The states of the existing posts, with the engagement of the viewer (0 for none)."""
        ...

    async def engaged(self, user_id: int, limit: int) -> list[ViewerEngagement]:
        """A user's engagement with posts, by descending id of the post."""
        ...

    async def revisions(self, post_id: int, *, before: int, limit: int) -> list[Revision]:
        """The texts and media that edits replaced, newest first; `before` is a revision number."""
        ...

    async def media_of(self, post_ids: Sequence[int]) -> dict[int, set[int]]:
        """The media of each of these posts and of its revisions, by post. Tombstones and unknown
        posts are absent."""
        ...

    async def ancestors(self, conversation_id: int, post_id: int, limit: int) -> list[int]:
        """The posts above a reply: the nearest `limit`, oldest first."""
        ...

    async def replies(
        self, conversation_id: int, post_id: int, *, after: int, limit: int
    ) -> list[int]:
        """Direct replies to a post, oldest first, including deleted ones."""
        ...

    async def answered(self, conversation_id: int, post_ids: Sequence[int]) -> set[int]:
        """The posts that have a live post below them: a reply, or a reply to a deleted reply, and
        so on, up to 50 levels."""
        ...

    async def quotes(self, post_id: int, *, before: int, limit: int) -> list[int]:
        """Live posts that quote a post, newest first."""
        ...

    async def entries(
        self, user_id: int, *, include_replies: bool, before: int, limit: int
    ) -> list[Entry]:
        """A user's live posts and reposts, newest first."""
        ...

    async def entries_with_media(self, user_id: int, *, before: int, limit: int) -> list[Entry]:
        """A user's live posts with media, newest first: replies too, no reposts."""
        ...

    async def engagements_of_post(
        self, kind: EngagementKind, post_id: int, *, before: int, limit: int
    ) -> list[ListPosition]:
        """The users who liked or reposted a post, newest first."""
        ...

    async def engagements_by_user(
        self, kind: EngagementKind, user_id: int, *, before: int, limit: int
    ) -> list[ListPosition]:
        """The posts that a user liked, reposted or bookmarked, newest engagement first."""
        ...

    async def reposts_between(self, user_id: int, author_id: int, limit: int) -> list[int]:
        """Up to `limit` posts of the author that the user reposted, oldest repost first."""
        ...

    async def timeline_entries(
        self, author_ids: Sequence[int], *, before: int, limit: int
    ) -> list[Entry]:
        """The newest entries of these users that belong on homes, newest first."""
        ...

    async def count_posts(self, author_ids: Sequence[int]) -> dict[int, int]:
        """How many live public posts that are not replies each user has; 0 is absent."""
        ...

    async def live_posts_of(self, author_id: int, limit: int) -> list[int]:
        """Up to `limit` of a user's live posts, oldest first."""
        ...

    async def contributors(self, *, after: int, limit: int) -> list[int]:
        """Up to `limit` users above `after` with engagement or live posts, ascending."""
        ...

    async def unreconciled(self, accounts: Mapping[int, AccountState]) -> list[int]:
        """The users whose contributions may not be counted according to this account: the account
        differs from what `record_protection` stored, or `finish_protection` did not follow. A
        user without a stored state counts as open."""
        ...

    async def touched(
        self, since: datetime, until: datetime, *, after: int, limit: int
    ) -> list[int]:
        """The posts whose counts changed at since ≤ t < until, ascending by id."""
        ...

    async def recount(self, post_ids: Sequence[int]) -> list[CountDrift]:
        """Recounts the stored counts of these posts and corrects them; returns what was wrong."""
        ...

"""What the Post service asks of its database: one contract, two implementations.

Reads see every commit that came before them. Lists go by ids, which sort by time: `before` and
`after` are exclusive, and 0 means from the newest or from the oldest.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

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
    Post,
    PostState,
    Revision,
    Tombstone,
    ViewerEngagement,
    Withdrawn,
)


class NewPost(NamedTuple):
    """A post to be written, and all that is written with it."""

    post: Post
    # The author's, by the User service.
    account: AccountState
    message: OutboxMessage
    # Under the key, where there is one, the response is kept for a repetition.
    key: RequestKey | None
    response: bytes


@dataclass(slots=True)
class ChangedIds:
    """What a write may have changed of that which readers keep at hand."""

    # Posts whose state is another one now.
    post_ids: set[int] = field(default_factory=set)
    # People who have done something else with posts now.
    engaged_user_ids: set[int] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.post_ids or self.engaged_user_ids)


# Called after each write, and before whoever wrote goes on.
ChangeListener: TypeAlias = Callable[[ChangedIds], Awaitable[None]]


class PostTransaction(Transaction, Protocol):
    """Changes that happen together.

    Locks are taken in one order: request, people, post states by ascending id. So transactions
    wait for each other and never in a circle, provided that people are locked before posts.
    """

    async def lock_users(self, user_ids: Sequence[int]) -> None:
        """Until the end, the events of these people are published by this transaction alone."""
        ...

    async def lock_post(self, post_id: int) -> Post | None:
        """The post as it is now, tombstone or not, unchanged by others until the end."""
        ...

    async def edit(self, before: Post, after: Post) -> None:
        """Replaces a locked post's text and entities, and keeps the old ones as a revision."""
        ...

    async def delete(self, post_ids: Sequence[int], now: datetime) -> list[Tombstone]:
        """Makes tombstones: texts and revisions go, counts of posts answered and quoted shrink.

        Gives those that were live until now, ascending by id.
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
        """Adds a response, unless the person gave it before or the post is a tombstone.

        It is counted unless the person's account is protected: by `account`, or by what
        `record_protection` keeps where that is not older. Locks the person as `lock_users` does.
        """
        ...

    async def withdraw(
        self, kind: EngagementKind, *, user_id: int, post_id: int
    ) -> EngagementResult:
        """Takes a response back, if there is one."""
        ...

    async def withdraw_all(self, user_id: int, limit: int) -> list[Withdrawn]:
        """Takes back up to `limit` of a person's responses of every kind."""
        ...

    async def forget_likes(self, post_id: int, limit: int) -> int:
        """Removes up to `limit` likes of a tombstone without a word; says how many went."""
        ...

    async def record_protection(self, user_id: int, account: AccountState) -> None:
        """Keeps whether an account is protected, unless a newer profile said so before.

        What the person contributes from then on is counted by it; what is there already by
        `align_responses` and `align_posts`. Locks the person as `lock_users` does.
        """
        ...

    async def align_engagements(self, user_id: int, *, after: int, limit: int) -> AlignedBatch:
        """Counts up to `limit` of a person's responses, or counts them no longer, by what
        `record_protection` keeps: those to posts above `after`, ascending by post."""
        ...

    async def align_posts(self, user_id: int, *, after: int, limit: int) -> AlignedBatch:
        """The same for up to `limit` of a person's live posts above `after`: for what they answer
        and quote."""
        ...

    async def finish_protection(self, user_id: int, account: AccountState) -> None:
        """Notes that all that the person contributed is counted by what is kept now, unless that
        is newer than `account`."""
        ...

    async def forget_protection(self, user_id: int) -> None:
        """Forgets what `record_protection` keeps of an account that is deleted."""
        ...


class Store(Protocol):
    """Posts, conversations and responses."""

    def watch(self, watcher: ChangeListener) -> None:
        """Tells `watcher` from now on what each write changed, one of uncertain outcome too."""
        ...

    def transaction(self) -> AbstractAsyncContextManager[PostTransaction]: ...

    async def create(self, new: NewPost) -> bytes | None:
        """Writes a post in a transaction of its own, in one trip; None where it was written.

        Otherwise the response of the first request with this key. Locks the author as
        `lock_users` does. Raises RequestInFlight, RequestIdReused, and PostNotFound where the
        post answered or quoted is a tombstone or does not exist.
        """
        ...

    async def posts(self, post_ids: Sequence[int]) -> dict[int, Post]:
        """Those that exist, tombstones among them."""
        ...

    async def states(self, post_ids: Sequence[int], viewer_id: int) -> dict[int, PostState]:
        """Counts of those that exist, with what the viewer (0 for nobody) did with them."""
        ...

    async def engaged(self, user_id: int, limit: int) -> list[ViewerEngagement]:
        """What a person did with posts, by descending id of the post."""
        ...

    async def revisions(self, post_id: int, *, before: int, limit: int) -> list[Revision]:
        """The texts that edits replaced, newest first; `before` is a revision's number."""
        ...

    async def ancestors(self, conversation_id: int, post_id: int, limit: int) -> list[int]:
        """The posts that a reply answers, directly or not: the nearest `limit`, oldest first."""
        ...

    async def replies(
        self, conversation_id: int, post_id: int, *, after: int, limit: int
    ) -> list[int]:
        """Direct replies to a post, oldest first, deleted ones among them."""
        ...

    async def answered(self, conversation_id: int, post_ids: Sequence[int]) -> set[int]:
        """Those of the posts under which a live post stands: a reply to it, or a reply to one of
        its deleted replies, and so on down to 50 steps."""
        ...

    async def quotes(self, post_id: int, *, before: int, limit: int) -> list[int]:
        """Live posts that quote a post, newest first."""
        ...

    async def entries(
        self, user_id: int, *, include_replies: bool, before: int, limit: int
    ) -> list[Entry]:
        """A person's live posts and reposts, newest first."""
        ...

    async def engagements_of_post(
        self, kind: EngagementKind, post_id: int, *, before: int, limit: int
    ) -> list[ListPosition]:
        """Who likes or reposted a post, newest first."""
        ...

    async def engagements_by_user(
        self, kind: EngagementKind, user_id: int, *, before: int, limit: int
    ) -> list[ListPosition]:
        """Which posts a person likes, reposted or keeps, newest response first."""
        ...

    async def reposts_between(self, user_id: int, author_id: int, limit: int) -> list[int]:
        """Up to `limit` posts by the author that the person reposted, oldest repost first."""
        ...

    async def timeline_entries(
        self, author_ids: Sequence[int], *, before: int, limit: int
    ) -> list[Entry]:
        """The newest entries of these people that belong on timelines, newest first."""
        ...

    async def count_posts(self, author_ids: Sequence[int]) -> dict[int, int]:
        """How many live public posts each has that answer nothing; those without any are absent."""
        ...

    async def live_posts_of(self, author_id: int, limit: int) -> list[int]:
        """Up to `limit` of a person's live posts, oldest first."""
        ...

    async def contributors(self, *, after: int, limit: int) -> list[int]:
        """Up to `limit` people above `after` who have engaged or have live posts, ascending."""
        ...

    async def unreconciled(self, accounts: Mapping[int, AccountState]) -> list[int]:
        """Those of the people whose contributions may be counted otherwise than by this account:
        the account differs from what `record_protection` keeps, or `finish_protection` did not
        follow. Of whom nothing is kept the account was open."""
        ...

    async def touched(
        self, since: datetime, until: datetime, *, after: int, limit: int
    ) -> list[int]:
        """Posts whose counts changed in that time (since ≤ t < until), ascending by id."""
        ...

    async def recount(self, post_ids: Sequence[int]) -> list[CountDrift]:
        """Counts anew what is kept for these posts, and corrects it; gives what was wrong."""
        ...

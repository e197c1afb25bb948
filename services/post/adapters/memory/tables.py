"""The tables of the in-memory store."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from services.chassis.storage.memory import MemoryTables
from services.post.domain.model import (
    AccountState,
    EngagementKind,
    Post,
    PostState,
    Revision,
)
from services.post.domain.visibility import is_counted_as_quote, is_counted_as_reply

# A kind, a user and a post.
EngagementKey: TypeAlias = tuple[EngagementKind, int, int]


@dataclass
class PostTables(MemoryTables):
    """`engagements` maps (kind, user, post) to (id, author of the post)."""

    posts: dict[int, Post] = field(default_factory=dict)
    states: dict[int, PostState] = field(default_factory=dict)
    touched: dict[int, datetime] = field(default_factory=dict)
    revisions: dict[int, list[Revision]] = field(default_factory=dict)
    engagements: dict[EngagementKey, tuple[int, int]] = field(default_factory=dict)
    # What is not counted because the account is protected: keys of `engagements`, ids of posts.
    closed_engagements: set[EngagementKey] = field(default_factory=set)
    closed_posts: set[int] = field(default_factory=set)
    protections: dict[int, AccountState] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)

    def live(self) -> Iterable[Post]:
        """All posts except tombstones."""
        return (post for post in self.posts.values() if not post.deleted)

    def counts(self, post_id: int) -> dict[str, int]:
        """The correct counts of a post."""
        counted = self.engagements.keys() - self.closed_engagements
        by_kind = Counter(kind for kind, _, liked in counted if liked == post_id)
        contributions = [(post, *self.contributions(post)) for post in self.live()]
        return {
            "likes": by_kind[EngagementKind.LIKE],
            "reposts": by_kind[EngagementKind.REPOST],
            "replies": sum(
                replies and post.reply_to_post_id == post_id for post, replies, _ in contributions
            ),
            "quotes": sum(
                quotes and post.quoted_post_id == post_id for post, _, quotes in contributions
            ),
        }

    def recounted(self, post_id: int) -> PostState:
        """The shared state of a post with the correct counts."""
        right = self.counts(post_id)
        return PostState(
            post_id,
            self.states[post_id].version,
            right["likes"],
            right["reposts"],
            right["replies"],
            right["quotes"],
        )

    def contributions(self, post: Post) -> tuple[bool, bool]:
        """Whether the post counts as a reply, and as a quote."""
        protected = post.id in self.closed_posts
        return (
            is_counted_as_reply(post, protected=protected),
            is_counted_as_quote(post, protected=protected),
        )

    def is_protected(self, user_id: int, account: AccountState) -> bool:
        """Whether an account is protected: by the stored state, unless that is older."""
        stored = self.protections.get(user_id)
        if stored is not None and stored.update_time >= account.update_time:
            return stored.protected
        return account.protected

    def state(self, post_id: int, viewer_id: int) -> PostState | None:
        """The state of a post, with the engagement of a viewer."""
        state = self.states.get(post_id)
        if state is None:
            return None
        liked, reposted, bookmarked = (
            (kind, viewer_id, post_id) in self.engagements for kind in EngagementKind
        )
        return state._replace(liked=liked, reposted=reposted, bookmarked=bookmarked)

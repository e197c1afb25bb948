"""The rows of the store in memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.chassis.storage.memory import MemoryTables
from services.post.domain.model import (
    AccountState,
    EngagementKind,
    Post,
    PostState,
    Revision,
    Visibility,
)


@dataclass
class PostTables(MemoryTables):
    """Everything that is kept. `responses` holds (kind, user, post) → (id, author of the post)."""

    posts: dict[int, Post] = field(default_factory=dict)
    states: dict[int, PostState] = field(default_factory=dict)
    touched: dict[int, datetime] = field(default_factory=dict)
    revisions: dict[int, list[Revision]] = field(default_factory=dict)
    responses: dict[tuple[EngagementKind, int, int], tuple[int, int]] = field(default_factory=dict)
    # What is not counted, since the account was protected: keys of `responses`, ids of posts.
    closed_engagements: set[tuple[EngagementKind, int, int]] = field(default_factory=set)
    closed_posts: set[int] = field(default_factory=set)
    protections: dict[int, AccountState] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)

    def live(self) -> Iterable[Post]:
        """All posts but tombstones."""
        return (post for post in self.posts.values() if not post.deleted)

    def counts(self, post_id: int) -> dict[str, int]:
        """What the counters of a post ought to be."""
        counted = self.responses.keys() - self.closed_engagements
        by_kind = Counter(kind for kind, _, liked in counted if liked == post_id)
        open_posts = [post for post in self.live() if self.is_open(post)]
        return {
            "likes": by_kind[EngagementKind.LIKE],
            "reposts": by_kind[EngagementKind.REPOST],
            "replies": sum(post.reply_to_post_id == post_id for post in open_posts),
            "quotes": sum(
                post.quoted_post_id == post_id and not post.reply_to_post_id for post in open_posts
            ),
        }

    def recounted(self, post_id: int) -> PostState:
        """The shared state of a post with its counters as they ought to be."""
        right = self.counts(post_id)
        return PostState(
            post_id,
            self.states[post_id].revision,
            right["likes"],
            right["reposts"],
            right["replies"],
            right["quotes"],
        )

    def is_open(self, post: Post) -> bool:
        """Whether the post is counted where it answers and quotes."""
        return post.visibility is Visibility.PUBLIC and post.id not in self.closed_posts

    def is_protected(self, user_id: int, account: AccountState) -> bool:
        """Whether an account is protected, by what is kept where that is not older."""
        kept = self.protections.get(user_id)
        if kept is not None and kept.update_time >= account.update_time:
            return kept.protected
        return account.protected

    def state(self, post_id: int, viewer_id: int) -> PostState | None:
        """The state of a post as a viewer sees it."""
        state = self.states.get(post_id)
        if state is None:
            return None
        liked, reposted, bookmarked = (
            (kind, viewer_id, post_id) in self.responses for kind in EngagementKind
        )
        return state._replace(liked=liked, reposted=reposted, bookmarked=bookmarked)

"""The rows of the store in memory."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.chassis.memory import Tables
from services.post.model import Post, PostState, ResponseKind, Revision


@dataclass
class PostTables(Tables):
    """Everything that is kept. `responses` holds (kind, user, post) → (id, author of the post)."""

    posts: dict[int, Post] = field(default_factory=dict)
    states: dict[int, PostState] = field(default_factory=dict)
    touched: dict[int, datetime] = field(default_factory=dict)
    revisions: dict[int, list[Revision]] = field(default_factory=dict)
    responses: dict[tuple[ResponseKind, int, int], tuple[int, int]] = field(default_factory=dict)

    def live(self) -> Iterable[Post]:
        """All posts but tombstones."""
        return (post for post in self.posts.values() if not post.deleted)

    def counts(self, post_id: int) -> dict[str, int]:
        """What the counters of a post ought to be."""
        by_kind = Counter(kind for kind, _, liked in self.responses if liked == post_id)
        return {
            "likes": by_kind[ResponseKind.LIKE],
            "reposts": by_kind[ResponseKind.REPOST],
            "replies": sum(post.reply_to_post_id == post_id for post in self.live()),
            "quotes": sum(post.quoted_post_id == post_id for post in self.live()),
        }

    def state(self, post_id: int, viewer_id: int) -> PostState | None:
        """The state of a post as a viewer sees it."""
        state = self.states.get(post_id)
        if state is None:
            return None
        liked, reposted, bookmarked = (
            (kind, viewer_id, post_id) in self.responses for kind in ResponseKind
        )
        return state._replace(liked=liked, reposted=reposted, bookmarked=bookmarked)

"""Other services, as the operations of timelines call them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.timeline.domain.model import Entry


@dataclass(frozen=True, slots=True)
class Followers:
    """A page of follower ids, ascending; whether there are more; how many there are in all."""

    ids: Sequence[int]
    has_more: bool
    total: int


@dataclass(frozen=True, slots=True)
class EngagementCounts:
    """The engagement counts of a post, and whether the viewer engaged."""

    likes: int = 0
    reposts: int = 0
    replies: int = 0
    quotes: int = 0
    by_viewer: bool = False


class Graph(Protocol):
    """Follows, strongly consistent: of GraphService."""

    async def followers(self, user_id: int, *, after: int) -> Followers:
        """The next page of a user's followers with ids above `after`."""
        ...

    async def following(self, user_id: int) -> list[int]:
        """The ids of all users whom a user follows."""
        ...

    async def follows(self, follower_id: int, followee_id: int) -> bool:
        """Whether one follows the other."""
        ...


class Posts(Protocol):
    """Posts and reposts, strongly consistent: of PostService."""

    async def newest(self, author_ids: Sequence[int], *, before: int, limit: int) -> list[Entry]:
        """The newest entries of these authors below `before`; fewer than `limit` only if all."""
        ...


class HashtagIndex(Protocol):
    """Posts by hashtag, a few seconds behind: of SearchService."""

    async def newest(self, tag: str, *, limit: int) -> list[Entry]:
        """The newest posts with the hashtag that everyone may see and that reply to nothing."""
        ...


class Engagement(Protocol):
    """Engagement counts: of EngagementService, on behalf of the viewer."""

    async def engagement_counts(self, post_ids: Sequence[int]) -> Mapping[int, EngagementCounts]:
        """By post id; posts that the viewer may not see are absent."""
        ...

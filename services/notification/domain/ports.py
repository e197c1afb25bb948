"""What the Notification service asks of other services, as the operations see it."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from services.notification.domain.model import Relationship

# Two people: who is told, and of whose deeds.
Pair = tuple[int, int]


class Graph(Protocol):
    """How people stand, strongly consistent: of GraphService, in this service's own name."""

    async def relationships(self, pairs: Sequence[Pair]) -> Mapping[Pair, Relationship]:
        """How the first of each pair stands to the second."""
        ...


class Profile(NamedTuple):
    """Somebody whom the caller finds, and what keeps their posts from the caller."""

    # Their posts are for followers alone, and the caller is none.
    closed: bool = False
    # The caller blocks them.
    blocked: bool = False


class People(Protocol):
    """People as one person sees them: of UserService."""

    async def find(self, user_id: int) -> Profile:
        """The person, for the caller. Raises NotFound (USER_NOT_FOUND) where they block the caller,
        or there is none."""
        ...

    async def watchable(self, viewer_id: int, user_ids: Collection[int]) -> set[int]:
        """Those of up to 1,000 people who exist, whom no block parts from the viewer, and whose
        posts the viewer may see."""
        ...


class Visible(NamedTuple):
    """What a viewer may see."""

    post_ids: Collection[int]
    # Those too whom the viewer mutes.
    user_ids: Collection[int]
    muted_user_ids: Collection[int]


class Visibility(Protocol):
    """Who may see what, at the moment of asking: of PostService, in this service's own name."""

    async def visible(
        self, viewer_id: int, *, post_ids: Collection[int], user_ids: Collection[int]
    ) -> Visible:
        """Those of up to 200 posts and 1,000 people that the viewer may see. Raises a RoostError
        where that cannot be said now."""
        ...


class Posts(Protocol):
    """Posts as whoever makes the running call sees them: of PostService."""

    async def conversation_of(self, post_id: int) -> int:
        """The conversation that the post is in. Raises NotFound (POST_NOT_FOUND)."""
        ...

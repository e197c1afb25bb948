"""What the Notification service asks of other services, as the operations see it."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.notification.model import Ties

# Two people: who is told, and of whose deeds.
Pair = tuple[int, int]


class Graph(Protocol):
    """How people stand, strongly consistent: of GraphService, in this service's own name."""

    async def ties(self, pairs: Sequence[Pair]) -> Mapping[Pair, Ties]:
        """How the first of each pair stands to the second."""
        ...


class People(Protocol):
    """People as whoever makes the running call sees them: of UserService."""

    async def check_visible(self, user_id: int) -> None:
        """Raises NotFound (USER_NOT_FOUND) where there is no such person for the caller."""
        ...


class Posts(Protocol):
    """Posts as whoever makes the running call sees them: of PostService."""

    async def conversation_of(self, post_id: int) -> int:
        """The conversation that the post is in. Raises NotFound (POST_NOT_FOUND)."""
        ...

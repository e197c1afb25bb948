"""What the Notification service needs from other services."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from services.notification.domain.model import Relationship

# A recipient, and the actor of an activity.
Pair = tuple[int, int]


class Graph(Protocol):
    """The relationships of users, strongly consistent, from GraphService. It calls with this
    service's identity."""

    async def relationships(self, pairs: Sequence[Pair]) -> Mapping[Pair, Relationship]:
        """The relationship of the first user of each pair to the second."""
        ...


class Profile(NamedTuple):
    """A user, and what hides their posts from the caller."""

    # The user is protected, and the caller does not follow them.
    protected: bool = False
    # The caller blocks the user.
    blocked: bool = False


class Profiles(Protocol):
    """Users as one viewer sees them, from UserService."""

    async def find(self, user_id: int) -> Profile:
        """The user, for the caller. Raises NotFound (USER_NOT_FOUND) if the user does not exist or
        blocks the caller."""
        ...

    async def watchable(self, viewer_id: int, user_ids: Collection[int]) -> set[int]:
        """Those of up to 1,000 users who exist, have no block with the viewer in either direction,
        and whose posts the viewer may see."""
        ...


class Visible(NamedTuple):
    """The posts and users that a viewer may see."""

    post_ids: Collection[int]
    # Includes muted users.
    user_ids: Collection[int]
    muted_user_ids: Collection[int]


class Visibility(Protocol):
    """Decides who may see what, at the time of the call, from PostService. It calls with this
    service's identity."""

    async def visible(
        self, viewer_id: int, *, post_ids: Collection[int], user_ids: Collection[int]
    ) -> Visible:
        """Those of up to 200 posts and 1,000 users that the viewer may see. Raises a RoostError if
        that cannot be decided now."""
        ...


class Posts(Protocol):
    """Posts as the caller sees them, from PostService."""

    async def conversation_of(self, post_id: int) -> int:
        """The conversation of the post. Raises NotFound (POST_NOT_FOUND)."""
        ...

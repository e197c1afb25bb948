"""What the operations need besides the database: the user cache, and what other services do."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Protocol, TypeAlias


class UserCache(Protocol):
    """Encoded profiles by user id, without a viewer's relationship to them."""

    async def get_many(self, keys: Iterable[int]) -> dict[int, bytes]:
        """The profiles of the users that exist."""
        ...

    async def forget(self, *keys: int) -> None:
        """Call it after the commit of a change to these profiles or their counters."""
        ...


class CacheInvalidation(Protocol):
    """Removes what other services cache of profiles and relationships, before a write is
    answered."""

    async def invalidate_pair(self, one_id: int, other_id: int) -> None:
        """Call it after the commit of a change to the relationship of the two. It never fails."""
        ...

    async def invalidate_profiles(self, user_ids: Iterable[int]) -> None:
        """Call it after the commit of a change to these profiles or counters. It never fails."""
        ...


class EmailAddresses(Protocol):
    """The Notification service's email addresses of users."""

    async def of_caller(self) -> str:
        """The address of the user who makes the running call; empty if there is none, or if it
        cannot be read in time."""
        ...


# The Post service's counts: how many public posts that are no replies each user has. Unknown users
# have none.
CountPosts: TypeAlias = Callable[[Sequence[int]], Awaitable[Mapping[int, int]]]

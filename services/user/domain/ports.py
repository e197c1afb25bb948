"""What the operations need besides the database: the user cache, and what other services do."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias
from uuid import UUID

from services.user.domain.model import ProfileMedium, ProfileUse


class UserCache(Protocol):
    """Encoded profiles by user id, without a viewer's relationship to them."""

    async def get_many(self, keys: Iterable[int]) -> dict[int, bytes]:
        """The profiles of the users that exist."""
        ...

    async def forget(self, *keys: int, event_ids: Collection[UUID] = ()) -> None:
        """Call it after the commit of a change to these profiles. It never fails.

        `event_ids` are the events of the change that will call `forget_again`.
        """
        ...

    async def forget_again(self, changes: Collection[tuple[int, UUID]]) -> None:
        """Repeats `forget` for profiles and events of their changes, where it was not done before
        the event came. It never fails."""
        ...

    async def forget_counts(self, *keys: int) -> None:
        """Call it after the commit of a change to nothing but the counters of these profiles. It
        never fails."""
        ...


class CacheInvalidation(Protocol):
    """Removes what other services cache of profiles and relationships, before a write is
    answered."""

    async def invalidate_pair(
        self, one_id: int, other_id: int, *, event_ids: Collection[UUID] = ()
    ) -> None:
        """Call it after the commit of a change to the relationship of the two. It never fails.

        `event_ids` are the events of the change.
        """
        ...

    async def invalidate_profiles(
        self,
        user_ids: Iterable[int],
        *,
        event_ids: Collection[UUID] = (),
        counts_only: bool = False,
    ) -> None:
        """Call it after the commit of a change to these profiles, or with `counts_only` to nothing
        but their counters. It never fails."""
        ...


class EmailAddresses(Protocol):
    """The Notification service's email addresses of users."""

    async def of_caller(self) -> str:
        """The address of the user who makes the running call; empty if there is none, or if it
        cannot be read in time."""
        ...


@dataclass(frozen=True, slots=True)
class MediaClaim:
    """A medium that an update is about to put on its owner's profile."""

    owner_id: int
    medium_id: int
    use: ProfileUse
    # Identifies the update: the same for every attempt of it.
    key: str


class MediaClaims(Protocol):
    """Claims of media, at the Media service."""

    async def claim(self, claim: MediaClaim) -> ProfileMedium | None:
        """Claims the medium and returns it; None if it is no picture and no animation.

        The claim ends if no UserUpdated with the medium follows. Raises WrongState
        (MEDIA_NOT_READY, MEDIUM_IN_USE), and Unavailable if the Media service does not answer.
        """
        ...

    async def release(self, claim: MediaClaim) -> None:
        """Ends a claim of an update that was refused. It never fails."""
        ...


# The Post service's counts: how many public posts that are no replies each user has. Unknown users
# have none.
CountPosts: TypeAlias = Callable[[Sequence[int]], Awaitable[Mapping[int, int]]]

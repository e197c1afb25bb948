"""The store of the Timeline service: read markers, celebrities, mutes, the public timeline."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.chassis.storage.transaction import Transaction
from services.timeline.domain.model import Marker, PublicEntry

# How many posts the public timeline reaches back.
MAX_PUBLIC = 10_000


class TimelineTransaction(Transaction, Protocol):
    """Writes on behalf of a request."""

    async def advance_marker(
        self, user_id: int, entry_id: int, now: datetime
    ) -> tuple[Marker, bool]:
        """Moves the marker forward to the entry; one that is as far or further stays.

        The marker after it, and whether it moved.
        """
        ...


class TimelineStore(Protocol):
    """Every write outside of a transaction may be repeated without a further effect."""

    def transaction(self) -> AbstractAsyncContextManager[TimelineTransaction]: ...

    async def marker(self, user_id: int) -> Marker | None:
        """The user's read marker."""
        ...

    async def add_celebrity(self, author_id: int, *, followers: int, now: datetime) -> None:
        """Stores that the author is a celebrity, permanently."""
        ...

    async def is_celebrity(self, author_id: int) -> bool:
        """Whether the author is a celebrity."""
        ...

    async def celebrities(self) -> frozenset[int]:
        """All celebrities. The set only grows, so its size identifies its state."""
        ...

    async def count_celebrities(self) -> int:
        """The size of that set."""
        ...

    async def add_mute(self, muter_id: int, muted_id: int) -> None: ...

    async def remove_mute(self, muter_id: int, muted_id: int) -> None: ...

    async def muted_by(self, muter_id: int) -> list[int]:
        """The ids of all users whom the user mutes."""
        ...

    async def delete_user(self, user_id: int) -> None:
        """Deletes the read marker, the mutes and the stored responses of a deleted user."""
        ...

    async def add_public(self, entries: Sequence[PublicEntry]) -> None:
        """Puts posts on the public timeline."""
        ...

    async def remove_public(self, post_ids: Sequence[int]) -> None:
        """Takes posts off it."""
        ...

    async def public(self, *, before: int, limit: int) -> list[PublicEntry]:
        """The newest public posts below `before` whose authors are not closed, newest first."""
        ...

    async def prune_public(self, *, keep: int) -> int:
        """Deletes all but the newest `keep`; returns how many."""
        ...

    async def set_protected(self, user_id: int, *, protected: bool) -> None:
        """Stores whether the account is protected; the posts of such authors are not public."""
        ...

    async def close_author(self, user_id: int) -> None:
        """Removes a deleted user's posts from the public timeline, permanently."""
        ...

"""What the Timeline service keeps for good: markers, and what it has learnt from events."""

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
        """Where the person stopped reading."""
        ...

    async def add_celebrity(self, author_id: int, *, followers: int, now: datetime) -> None:
        """Notes that the author is not fanned out any more: for good."""
        ...

    async def is_celebrity(self, author_id: int) -> bool:
        """Whether the author is noted, by now."""
        ...

    async def celebrities(self) -> frozenset[int]:
        """All who are noted. The set only grows, so its size tells one state from another."""
        ...

    async def count_celebrities(self) -> int:
        """The size of that set."""
        ...

    async def add_mute(self, muter_id: int, muted_id: int) -> None: ...

    async def remove_mute(self, muter_id: int, muted_id: int) -> None: ...

    async def muted_by(self, muter_id: int) -> list[int]:
        """All whom the person mutes."""
        ...

    async def delete_user(self, user_id: int) -> None:
        """Forgets the marker, the mutes and the remembered requests of a deleted person."""
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
        """Deletes all but the newest `keep`; says how many went."""
        ...

    async def set_protected(self, user_id: int, *, protected: bool) -> None:
        """Notes whether the person's posts are for followers only; such authors are closed."""
        ...

    async def close_author(self, user_id: int) -> None:
        """Takes a deleted person's posts off the public timeline, and keeps them off."""
        ...

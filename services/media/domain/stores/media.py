"""Media, what they are attached to, and the usage of their owners."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from services.media.domain.model import Medium, Usage, Use


class MediumTransaction(Protocol):
    """Changes of media."""

    async def lock_owner(self, owner_id: int) -> None:
        """Until the transaction ends, no other transaction changes anything of this owner."""
        ...

    async def lock_media(self, owner_id: int, medium_ids: Sequence[int]) -> dict[int, Medium]:
        """The existing media of these that belong to the owner, by id. Locks the owner."""
        ...

    async def lock_post_media(self, owner_id: int, post_id: int) -> list[Medium]:
        """The media that are attached to the post, ascending by id, including those with a
        provisional claim. Locks the owner."""
        ...

    async def lock_profile_media(self, owner_id: int, use: Use) -> list[Medium]:
        """The media that are attached to the owner's profile in this use, ascending by id,
        including those with a provisional claim. Locks the owner."""
        ...

    async def add_medium(self, medium: Medium) -> None:
        """Adds a medium under a new id."""
        ...

    async def save_medium(self, medium: Medium) -> None:
        """Writes everything that may change of a locked medium, progress included."""
        ...

    async def delete_medium(self, medium: Medium) -> None:
        """Deletes the row of a locked medium, with its processing job and placement. Its upload
        and folders remain, for the caller to doom; see `deletion.delete`."""
        ...

    async def add_usage(self, owner_id: int, day: date, size_bytes: int) -> Usage:
        """Adds one upload to the owner's day; returns the day's sum. Only after the owner was
        locked."""
        ...


class MediumStore(Protocol):
    """Reads of media, and writes that are their own transaction."""

    async def media(self, medium_ids: Sequence[int]) -> dict[int, Medium]:
        """The existing media by id."""
        ...

    async def media_of(self, owner_id: int, *, after: int, limit: int) -> list[Medium]:
        """Up to `limit` of an owner's media above `after`, ascending by id."""
        ...

    async def attached_media_of(self, owner_id: int, *, after: int, limit: int) -> list[Medium]:
        """The same of those that are attached, including those with a provisional claim."""
        ...

    async def provisional_media(self, before: datetime, limit: int) -> list[Medium]:
        """Up to `limit` media whose claim is provisional and was made before, oldest first."""
        ...

    async def expired_media(self, now: datetime, limit: int) -> list[Medium]:
        """Up to `limit` media that are not attached and whose expire_time has come, in any state,
        longest expired first."""
        ...

    async def report_progress(self, medium_id: int, progress: int) -> None:
        """Writes the progress of a medium that is PROCESSING; others are not changed."""
        ...

    async def usage(self, owner_id: int, day: date) -> Usage:
        """What the owner uploaded that day."""
        ...

    async def stored_bytes(self, owner_id: int) -> int:
        """The sum of `Medium.stored_bytes` of the owner's media."""
        ...

    async def prune_usage(self, before: date) -> int:
        """Deletes the usage of earlier days; returns how many rows."""
        ...

"""What the Media service needs from other services, and from the channel between its processes."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from services.media.domain.model import AccountState, Use


class PostVisibility(Protocol):
    """Who may see posts, from the Post service."""

    async def visible(self, viewer_id: int, post_ids: Collection[int]) -> set[int]:
        """Those of the posts that the user may see. Makes one call for each 200 posts."""
        ...


class PostMedia(Protocol):
    """The media of posts, from the Post service."""

    async def media_of(self, post_ids: Collection[int]) -> Mapping[int, Collection[int]]:
        """The media of the existing posts, revisions included. Raises Unavailable."""
        ...


class Accounts(Protocol):
    """Accounts and their profiles, from the User service."""

    async def states(self, user_ids: Collection[int]) -> Mapping[int, AccountState]:
        """The accounts as they are now; deleted ones are absent. Raises Unavailable."""
        ...

    async def media_of(self, user_ids: Collection[int]) -> Mapping[int, Mapping[Use, int]]:
        """The media that existing profiles show; 0 for none. Raises Unavailable."""
        ...


class WakeUps(Protocol):
    """Announces ends of processing to calls that wait for them. Announcements may be lost."""

    async def announce(self, medium_id: int) -> None:
        """Wakes the calls that wait for the medium, in all processes. Never fails."""
        ...

    def waiting(self, medium_id: int) -> AbstractContextManager[asyncio.Event]:
        """An event that is set at each announcement of the medium within the block."""
        ...

"""The store of the Timeline service: read markers, celebrities, mutes, the public timeline."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.chassis.storage.transaction import Transaction
from services.timeline.domain.model import Entry, FollowedHashtag, HashtagEntry, Marker, PublicEntry

# A home merges the feed of each when it is read.
MAX_HASHTAGS = 200
# How many entries of a followed hashtag are stored: as many as a home has.
MAX_HASHTAG_ENTRIES = 800
# How long entries of other hashtags are stored: much longer than the index, which has older ones,
# is behind.
UNFOLLOWED_SECONDS = 3_600

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

    async def follow_hashtag(
        self, user_id: int, tag: str, now: datetime
    ) -> tuple[FollowedHashtag, bool]:
        """Follows the hashtag; one that is followed stays as it is.

        The follow, and whether it is new. Raises TooManyHashtags for a new one above MAX_HASHTAGS.
        """
        ...

    async def unfollow_hashtag(self, user_id: int, tag: str) -> bool:
        """Ends the follow; returns whether there was one."""
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

    async def hashtags_of(self, user_id: int) -> list[str]:
        """All hashtags that the user follows."""
        ...

    async def followed_hashtags(
        self, user_id: int, *, before: FollowedHashtag | None, limit: int
    ) -> list[FollowedHashtag]:
        """A page of them, newest follow first, then by hashtag; those after `before`."""
        ...

    async def hashtags_followed_by(self, user_id: int, tags: Sequence[str]) -> frozenset[str]:
        """Those of the hashtags that the user follows."""
        ...

    async def followed_among(self, tags: Sequence[str]) -> frozenset[str]:
        """Those of the hashtags that anybody follows."""
        ...

    async def hashtag_followers(self, tags: Sequence[str], *, after: int, limit: int) -> list[int]:
        """Users above the id `after` who follow any of the hashtags, ascending, each once."""
        ...

    async def add_hashtag_entries(self, entries: Sequence[HashtagEntry]) -> None:
        """Stores posts of hashtags."""
        ...

    async def replace_hashtags(
        self, post_id: int, author_id: int, tags: Sequence[str]
    ) -> list[str]:
        """Stores the post under these hashtags alone; returns those that it is removed from."""
        ...

    async def remove_hashtag_entries(self, post_ids: Sequence[int]) -> None:
        """Removes posts from all hashtags."""
        ...

    async def hashtag_entries(self, tags: Sequence[str], *, before: int, limit: int) -> list[Entry]:
        """The newest posts below `before` with any of the hashtags, newest first, each once;
        without those of closed authors."""
        ...

    async def prune_hashtag_entries(self, *, keep: int, below: int) -> int:
        """Deletes all but the newest `keep` of each followed hashtag, and the posts below the id
        `below` of others; returns how many."""
        ...

    async def delete_user(self, user_id: int) -> None:
        """Deletes the read marker, the mutes, the followed hashtags and the stored responses of a
        deleted user."""
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

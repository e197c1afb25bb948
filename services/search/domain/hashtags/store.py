"""The interface of the store of hashtags. It has two implementations.

A read outside of a transaction sees everything committed before it began. All changes of usage
happen one after another: each transaction locks the usage first. A transaction that also changes
the index of posts does that before, so that the lock is short.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from services.search.domain.hashtags.model import (
    AccountChanged,
    HashtagHour,
    HashtagUse,
    Position,
    TagsOfPost,
    TrendList,
)


class HashtagTransaction(Protocol):
    """Changes of usage. `usage.HashtagUsage` calls them in their order."""

    async def lock_hashtags(self) -> None:
        """Waits for other changes of usage. Before any other method."""
        ...

    async def save_hashtag_accounts(self, accounts: Sequence[AccountChanged]) -> set[int]:
        """Stores the states of accounts unless newer ones are stored; returns the accounts that
        are protected or deleted now and were not before, or the other way round."""
        ...

    async def save_tags(self, posts: Sequence[TagsOfPost]) -> set[int]:
        """Stores the tags of posts unless a higher revision is stored or the post is deleted;
        returns the posts that were stored. A post without tags is stored if an earlier event of it
        may still arrive."""
        ...

    async def delete_tags(self, post_ids: Collection[int]) -> None:
        """Marks posts as deleted, also unknown ones."""
        ...

    async def posts_decided_by(self, user_ids: Collection[int]) -> set[int]:
        """The stored posts that these accounts wrote or limit."""
        ...

    async def recount(self, post_ids: Collection[int]) -> None:
        """Makes the usage of these posts what it must be: each tag once in a post that everyone may
        see now, none in others."""
        ...

    async def add_vouch(self, follower_id: int, followee_id: int, *, most: int) -> None:
        """Stores that the follower vouches for the followee, unless it vouches for `most` others."""
        ...

    async def remove_vouch(self, follower_id: int, followee_id: int) -> None:
        """Deletes the vouch, if it exists."""
        ...


class HashtagStore(Protocol):
    """Reads of usage and trends, and what operators hide. Each write is its own transaction."""

    async def find_hashtags(
        self, prefix: str, *, after: Position | None, limit: int
    ) -> Sequence[HashtagUse]:
        """Up to `limit` hashtags that begin with the folded prefix, most used first, without
        history. Hidden hashtags, and those that no counted post uses, are absent."""
        ...

    async def hashtags(self, tags: Collection[str]) -> Mapping[str, HashtagUse]:
        """The usage of these folded hashtags without history, hidden or not. A hashtag that nobody
        uses is absent."""
        ...

    async def histories(
        self, tags: Collection[str], now: datetime
    ) -> Mapping[str, tuple[HashtagHour, ...]]:
        """The history of each of these hashtags, up to the hour of `now`: always HISTORY_HOURS
        hours."""
        ...

    async def trends(self, language: str) -> TrendList:
        """The latest trends of a language, or of ALL_LANGUAGES, without hidden hashtags."""
        ...

    async def hide_hashtag(self, tag: str, now: datetime) -> None:
        """Hides a folded hashtag from trends and searches of hashtags, at once."""
        ...

    async def unhide_hashtag(self, tag: str) -> None:
        """Ends it. The hashtag may trend from the next computation on."""
        ...

    async def hidden_hashtags(self, *, after: str, limit: int) -> Sequence[str]:
        """Up to `limit` hidden hashtags after `after`, in the order of their code points."""
        ...

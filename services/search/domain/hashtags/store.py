"""The interface of the store of hashtags. It has two implementations.

A read outside of a transaction sees everything committed before it began. All changes of usage
happen one after another: each transaction locks the usage first. A transaction that also changes
the index of posts does that before, so that the lock is short.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from services.chassis.storage.transaction import Transaction
from services.search.domain.hashtags.model import (
    AccountChanged,
    CountedHours,
    HashtagHour,
    HashtagUse,
    Observation,
    Position,
    TaggedPost,
    TrendList,
    Use,
)


class HashtagTransaction(Protocol):
    """Changes of usage within a transaction. `usage.HashtagUsage` has the rules."""

    async def lock_hashtags(self) -> None:
        """Waits for other changes of usage. Before any other method."""
        ...

    async def hashtag_accounts(self, user_ids: Collection[int]) -> dict[int, AccountChanged]:
        """The stored states of these accounts; unknown ones are absent."""
        ...

    async def save_hashtag_accounts(self, accounts: Sequence[AccountChanged]) -> None:
        """Stores states of accounts, whatever is stored."""
        ...

    async def tagged_posts(self, post_ids: Collection[int]) -> dict[int, TaggedPost]:
        """The stored posts of these; others are absent."""
        ...

    async def tagged_posts_decided_by(self, user_ids: Collection[int]) -> set[int]:
        """The stored posts that these accounts wrote or limit."""
        ...

    async def save_tagged_posts(self, posts: Sequence[TaggedPost]) -> None:
        """Stores posts, whatever is stored."""
        ...

    async def uses_of(self, post_ids: Collection[int]) -> set[Use]:
        """The uses that are counted of these posts."""
        ...

    async def change_uses(self, *, removed: Collection[Use], added: Collection[Use]) -> None:
        """Removes uses that exist and adds uses that do not, with all counts that follow. What
        changes within a counted hour has its trusted authors counted again later."""
        ...

    async def add_recounts(self, post_ids: Collection[int]) -> None:
        """Stores that the uses of these posts have to be compared with what they must be."""
        ...

    async def take_recounts(self, limit: int) -> list[int]:
        """Removes up to `limit` posts of `add_recounts`, newest first, and returns them."""
        ...

    async def add_vouch(
        self, follower_id: int, followee_id: int, *, young_from: int, most: int
    ) -> None:
        """Stores that the follower vouches for the followee, unless it vouches for `most` other
        accounts with ids from `young_from` on."""
        ...

    async def remove_vouches(self, *, follower_id: int, followee_id: int | None = None) -> None:
        """Deletes the vouch, if it exists; without a followee all of the follower."""
        ...

    async def uses_before(self, post_id: int, limit: int) -> list[Use]:
        """Up to `limit` uses in posts below an id, lowest first."""
        ...


class HashtagStore(Protocol):
    """Reads of usage and trends, and what operators hide. Each write is its own transaction, except
    those of `within`."""

    def within(self, transaction: Transaction) -> HashtagTransaction:
        """The changes of usage within a transaction of this database."""
        ...

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

    async def hidden_hashtags(self, *, after: str = "", limit: int) -> Sequence[str]:
        """Up to `limit` hidden hashtags after `after`, in the order of their code points."""
        ...


class TrendStore(Protocol):
    """What the computation of trends reads and writes. Each write is its own transaction."""

    async def lease_trends(self, now: datetime, lease_end: datetime) -> bool:
        """Leases the computation; False while another lease lasts."""
        ...

    async def counted_hours(self) -> CountedHours | None:
        """The hours that `count_hour` counted; None before the first."""
        ...

    async def oldest_hour(self) -> int | None:
        """The hour of the oldest use; None if there is no use."""
        ...

    async def count_hour(self, hour: int, *, trusted_below: int) -> None:
        """Counts the trusted authors of an hour that has ended, the one after the last counted hour
        or the first of all. A repetition changes nothing."""
        ...

    async def changed_hours(self, limit: int) -> Sequence[tuple[str, int]]:
        """Up to `limit` hashtags and counted hours whose trusted authors must be counted again."""
        ...

    async def recount_hour(self, tag: str, hour: int, *, trusted_below: int) -> None:
        """Counts the trusted authors of a hashtag in a counted hour again."""
        ...

    async def observe(
        self, first_post_id: int, *, trusted_below: int, least: int, limit: int
    ) -> Sequence[Observation]:
        """The trusted authors of each hashtag and language since a post: an account with an id
        below `trusted_below` is trusted, and one that another account vouches for. Only where
        there are `least`, most first; without hidden hashtags."""
        ...

    async def past_hours(
        self, observed: Collection[tuple[str, str]], *, since: int
    ) -> Mapping[tuple[str, str], Mapping[int, int]]:
        """By hashtag and language the trusted authors of counted hours from `since` on. Hours with
        fewer than LEAST_RECORDED are absent. The hashtag ALL_HASHTAGS has the sum of all."""
        ...

    async def save_trends(self, trends: Mapping[str, TrendList]) -> None:
        """Replaces the trends of all languages."""
        ...

    async def prune_posts(self, before: int, limit: int) -> int:
        """Deletes up to `limit` stored posts with ids below, whose uses were removed; returns how
        many."""
        ...

    async def prune_usage_hours(self, before: int, limit: int) -> int:
        """Deletes the usage of hours before, up to `limit` rows; returns how many."""
        ...

    async def prune_trusted_hours(self, before: int, limit: int) -> int:
        """Deletes the trusted authors of hours before, up to `limit` rows; returns how many. The
        first counted hour is not before then."""
        ...

    async def prune_vouches(self, followees_below: int, limit: int) -> int:
        """Deletes up to `limit` vouches for accounts with ids below; returns how many."""
        ...

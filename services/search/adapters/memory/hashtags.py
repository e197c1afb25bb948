"""The usage of hashtags in memory. All counts are made of the uses when they are read."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from services.chassis.storage.transaction import Transaction
from services.search.adapters.memory.store import MemorySearchStore, tables_of
from services.search.adapters.memory.tables import SearchTables
from services.search.domain.hashtags.model import (
    EXACT_HOURS,
    HISTORY_HOURS,
    AccountChanged,
    HashtagHour,
    HashtagUse,
    Position,
    TaggedPost,
    TrendList,
    Use,
    hour_at,
    start_of,
)
from services.search.domain.hashtags.store import HashtagStore, HashtagTransaction


class MemoryHashtagTransaction:
    """See `store.HashtagTransaction`. Transactions run one after another, so nothing is locked."""

    def __init__(self, tables: SearchTables) -> None:
        self._tables = tables

    async def lock_hashtags(self) -> None:
        pass

    async def hashtag_accounts(self, user_ids: Collection[int]) -> dict[int, AccountChanged]:
        accounts = self._tables.hashtag_accounts
        return {each: accounts[each] for each in user_ids if each in accounts}

    async def save_hashtag_accounts(self, accounts: Sequence[AccountChanged]) -> None:
        self._tables.hashtag_accounts |= {each.user_id: each for each in accounts}

    async def tagged_posts(self, post_ids: Collection[int]) -> dict[int, TaggedPost]:
        posts = self._tables.hashtag_posts
        return {each: posts[each] for each in post_ids if each in posts}

    async def tagged_posts_decided_by(self, user_ids: Collection[int]) -> set[int]:
        users = set(user_ids)
        posts = self._tables.hashtag_posts.values()
        return {each.post_id for each in posts if not users.isdisjoint(each.deciders)}

    async def save_tagged_posts(self, posts: Sequence[TaggedPost]) -> None:
        self._tables.hashtag_posts |= {each.post_id: each for each in posts}

    async def uses_of(self, post_ids: Collection[int]) -> set[Use]:
        posts = set(post_ids)
        return {each for each in self._tables.hashtag_uses if each.post_id in posts}

    async def change_uses(self, *, removed: Collection[Use], added: Collection[Use]) -> None:
        self._tables.hashtag_uses -= set(removed)
        self._tables.hashtag_uses |= set(added)
        counted = self._tables.counted_hours
        if counted is not None:
            first = max(counted.first, counted.last - EXACT_HOURS + 1)
            self._tables.changed_hours |= {
                (each.tag, each.hour)
                for each in (*removed, *added)
                if first <= each.hour <= counted.last
            }

    async def add_recounts(self, post_ids: Collection[int]) -> None:
        self._tables.hashtag_recounts |= set(post_ids)

    async def take_recounts(self, limit: int) -> list[int]:
        taken = sorted(self._tables.hashtag_recounts, reverse=True)[:limit]
        self._tables.hashtag_recounts -= set(taken)
        return taken

    async def add_vouch(
        self, follower_id: int, followee_id: int, *, young_from: int, most: int
    ) -> None:
        vouches = self._tables.hashtag_vouches
        others = [each for each in vouches if each[0] == follower_id and each[1] >= young_from]
        if len(others) < most:
            vouches.add((follower_id, followee_id))

    async def remove_vouches(self, *, follower_id: int, followee_id: int | None = None) -> None:
        self._tables.hashtag_vouches -= {
            each
            for each in self._tables.hashtag_vouches
            if each[0] == follower_id and followee_id in {None, each[1]}
        }

    async def uses_before(self, post_id: int, limit: int) -> list[Use]:
        old = [each for each in self._tables.hashtag_uses if each.post_id < post_id]
        return sorted(old, key=lambda each: (each.post_id, each.tag))[:limit]


class MemoryHashtags:
    """See `store.HashtagStore`."""

    def __init__(self, store: MemorySearchStore) -> None:
        self._store = store

    def within(self, transaction: Transaction) -> HashtagTransaction:
        return MemoryHashtagTransaction(tables_of(transaction))

    async def find_hashtags(
        self, prefix: str, *, after: Position | None, limit: int
    ) -> Sequence[HashtagUse]:
        tables = self._store.tables
        tags = {
            each.tag
            for each in tables.hashtag_uses
            if each.tag.startswith(prefix) and each.tag not in tables.hidden_hashtags
        }
        found = sorted((await self.hashtags(tags)).values(), key=_order)
        return [
            each
            for each in found
            if after is None or _order(each) > (-after.posts_count, after.tag)
        ][:limit]

    async def hashtags(self, tags: Collection[str]) -> Mapping[str, HashtagUse]:
        wanted = set(tags)
        by_tag: dict[str, list[Use]] = {}
        for each in self._store.tables.hashtag_uses:
            if each.tag in wanted:
                by_tag.setdefault(each.tag, []).append(each)
        return {tag: HashtagUse(tag, *_counts(uses)) for tag, uses in by_tag.items()}

    async def histories(
        self, tags: Collection[str], now: datetime
    ) -> Mapping[str, tuple[HashtagHour, ...]]:
        last = hour_at(now)
        by_hour: dict[tuple[str, int], list[Use]] = {}
        for each in self._store.tables.hashtag_uses:
            by_hour.setdefault((each.tag, each.hour), []).append(each)
        return {
            tag: tuple(
                HashtagHour(start_of(hour), *_counts(by_hour.get((tag, hour), ())))
                for hour in range(last - HISTORY_HOURS + 1, last + 1)
            )
            for tag in tags
        }

    async def trends(self, language: str) -> TrendList:
        tables = self._store.tables
        stored = tables.trends.get(language)
        if stored is None:
            return TrendList(tables.trends[""].as_of if "" in tables.trends else None)
        return stored._replace(
            trends=tuple(
                each for each in stored.trends if each.use.tag not in tables.hidden_hashtags
            )
        )

    async def hide_hashtag(self, tag: str, now: datetime) -> None:
        async with self._store.transaction() as transaction:
            transaction.tables.hidden_hashtags.add(tag)

    async def unhide_hashtag(self, tag: str) -> None:
        async with self._store.transaction() as transaction:
            transaction.tables.hidden_hashtags.discard(tag)

    async def hidden_hashtags(self, *, after: str = "", limit: int) -> Sequence[str]:
        return sorted(each for each in self._store.tables.hidden_hashtags if each > after)[:limit]


def _order(use: HashtagUse) -> tuple[int, str]:
    return -use.posts_count, use.tag


def _counts(uses: Iterable[Use]) -> tuple[int, int]:
    """The number of posts and of authors."""
    listed = list(uses)
    return len({each.post_id for each in listed}), len({each.author_id for each in listed})


if TYPE_CHECKING:

    def _transaction(transaction: MemoryHashtagTransaction) -> HashtagTransaction:
        return transaction

    def _store(store: MemoryHashtags) -> HashtagStore:
        return store

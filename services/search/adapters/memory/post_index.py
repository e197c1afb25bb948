"""The index of posts in memory: what every engine must find, by definition."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING

from services.chassis.runtime.ids import MAX_ID
from services.chassis.storage.transaction import Transaction
from services.search.adapters.memory.store import MemorySearchStore, tables_of
from services.search.adapters.memory.tables import SearchTables
from services.search.domain.posts.index import GenerationGone, GenerationRunning, PostIndex
from services.search.domain.posts.model import (
    NO_COUNTS,
    OPEN_ACCOUNT,
    Account,
    Counts,
    Delete,
    Found,
    IndexedPost,
    PostChange,
    SegmentComparison,
    SetAccount,
    SetCounts,
    Upsert,
    Viewer,
)
from services.search.domain.posts.visibility import can_find
from services.search.domain.query.model import (
    All,
    Among,
    AtLeast,
    ByAuthors,
    CountName,
    Either,
    Expression,
    IdRange,
    Not,
    Phrase,
    Term,
    Word,
)


class MemoryPostIndex:
    """See `index.PostIndex`. A generation is one segment."""

    def __init__(self, store: MemorySearchStore) -> None:
        self._store = store

    async def find(
        self, expression: Expression, viewer: Viewer, *, below: int = MAX_ID, limit: int
    ) -> list[Found]:
        tables = self._store.tables
        accounts = {user_id: account for user_id, (_, account) in tables.accounts.items()}
        counts = tables.post_counts[tables.live_generation]
        found = [
            _found(post, counts.get(post.post_id, NO_COUNTS))
            for post in tables.posts[tables.live_generation].values()
            if post.post_id < below
            and matches(expression, post, counts.get(post.post_id, NO_COUNTS))
            and can_find(post, accounts, viewer)
        ]
        return sorted(found, key=attrgetter("post_id"), reverse=True)[:limit]

    async def ids_with(self, term: str, *, limit: int) -> list[int]:
        tables = self._store.tables
        posts = tables.posts[tables.live_generation].values()
        return sorted((each.post_id for each in posts if term in each.terms), reverse=True)[:limit]

    async def apply(self, transaction: Transaction, changes: Sequence[PostChange]) -> None:
        tables = tables_of(transaction)
        for change in changes:
            match change:
                case SetAccount():
                    _set_account(tables, change)
                case Delete(post_id):
                    tables.deleted_posts.add(post_id)
                    for generation in tables.posts:
                        tables.posts[generation].pop(post_id, None)
                        tables.post_counts[generation].pop(post_id, None)
                case Upsert(post):
                    for generation in tables.posts:
                        _put(tables, generation, post, again=True)
                case SetCounts(post_id, counts):
                    if post_id not in tables.deleted_posts:
                        for stored in tables.post_counts.values():
                            stored[post_id] = counts

    async def maintain(self) -> None:
        """Nothing to do: there is one segment, and no index."""

    async def start_generation(self, transaction: Transaction) -> int:
        tables = tables_of(transaction)
        if tables.building_generation:
            raise GenerationRunning
        tables.last_generation += 1
        tables.building_generation = tables.last_generation
        tables.building_is_finished = False
        tables.posts[tables.building_generation] = {}
        tables.post_counts[tables.building_generation] = {}
        return tables.building_generation

    async def load(self, generation: int, posts: Sequence[IndexedPost]) -> None:
        async with self._store.transaction() as transaction:
            tables = _building(tables_of(transaction), generation)
            for post in posts:
                _put(tables, generation, post, again=False)

    async def finish(self, generation: int) -> None:
        async with self._store.transaction() as transaction:
            _building(tables_of(transaction), generation).building_is_finished = True

    async def compare(self, generation: int) -> list[SegmentComparison]:
        tables = _building(self._store.tables, generation)
        new, live = tables.posts[generation], tables.posts[tables.live_generation]
        return [
            SegmentComparison(
                first_id=0,
                last_id=MAX_ID,
                count=len(new),
                checksum=sum(map(_hash, new.values())),
                live_count=len(live),
                live_checksum=sum(map(_hash, live.values())),
            )
        ]

    async def differing(
        self, generation: int, segment: SegmentComparison, *, limit: int
    ) -> list[int]:
        tables = _building(self._store.tables, generation)
        new, live = tables.posts[generation], tables.posts[tables.live_generation]
        ids = sorted(each for each in new.keys() | live.keys() if new.get(each) != live.get(each))
        return [each for each in ids if segment.first_id <= each <= segment.last_id][:limit]

    async def swap(self, transaction: Transaction, generation: int) -> None:
        tables = _building(tables_of(transaction), generation)
        if not tables.building_is_finished:
            raise ValueError("the generation is not finished")
        del tables.posts[tables.live_generation], tables.post_counts[tables.live_generation]
        tables.live_generation, tables.building_generation = generation, 0

    async def drop(self, transaction: Transaction, generation: int) -> None:
        tables = tables_of(transaction)
        if generation and generation == tables.building_generation:
            del tables.posts[generation], tables.post_counts[generation]
            tables.building_generation = 0


_COUNTS: Mapping[CountName, Callable[[Counts], int]] = {
    "likes": lambda counts: counts.likes,
    "replies": lambda counts: counts.replies,
    "quotes": lambda counts: counts.quotes,
}


def matches(expression: Expression, post: IndexedPost, counts: Counts) -> bool:
    """Whether the post matches. It does not matter who may see it."""
    match expression:
        case Word(form):
            return form in post.words
        case Phrase(words):
            return _has_phrase(post.words, words)
        case Term(value):
            return value in post.terms
        case AtLeast(count, least):
            return _COUNTS[count](counts) >= least
        case IdRange(first, last):
            return first <= post.post_id <= last
        case Among(post_ids):
            return post.post_id in post_ids
        case ByAuthors(author_ids):
            return post.author_id in author_ids
        case All(parts):
            return all(matches(part, post, counts) for part in parts)
        case Either(parts):
            return any(matches(part, post, counts) for part in parts)
        case Not(part):
            return not matches(part, post, counts)


def _has_phrase(words: Sequence[str], phrase: Sequence[str]) -> bool:
    length = len(phrase)
    return any(
        tuple(words[start : start + length]) == tuple(phrase)
        for start in range(len(words) - length + 1)
    )


def _set_account(tables: SearchTables, change: SetAccount) -> None:
    version, account = tables.accounts.get(change.user_id, (-1, OPEN_ACCOUNT))
    protected = account.protected if change.version < version else change.protected
    tables.accounts[change.user_id] = (
        max(version, change.version),
        Account(protected=protected, deleted=account.deleted or change.deleted),
    )


def _put(tables: SearchTables, generation: int, post: IndexedPost, *, again: bool) -> None:
    """Stores the post. Where it is stored in the same revision, only if `again`."""
    stored = tables.posts[generation].get(post.post_id)
    if post.post_id in tables.deleted_posts:
        return
    if stored is None or post.revision > stored.revision - again:
        tables.posts[generation][post.post_id] = replace(post, counts=NO_COUNTS)
    if post.counts != NO_COUNTS:
        tables.post_counts[generation].setdefault(post.post_id, post.counts)


def _building(tables: SearchTables, generation: int) -> SearchTables:
    if not generation or generation != tables.building_generation:
        raise GenerationGone
    return tables


def _found(post: IndexedPost, counts: Counts) -> Found:
    return Found(post.post_id, post.author_id, post.revision, post.language, post.marks, counts)


def _hash(post: IndexedPost) -> int:
    parts: tuple[object, ...] = (
        post.post_id,
        post.author_id,
        post.revision,
        post.language,
        post.visibility,
        sorted(post.addressed),
        post.limits,
        post.words,
        sorted(post.terms),
        post.marks,
    )
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8])


if TYPE_CHECKING:

    def _index(index: MemoryPostIndex) -> PostIndex:
        return index

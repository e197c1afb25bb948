"""An index of posts under test, with verbs for what tests do."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from services.chassis.runtime.ids import MAX_ID
from services.search.domain.posts.index import PostIndex
from services.search.domain.posts.model import (
    ANONYMOUS,
    Delete,
    IndexedPost,
    PostChange,
    SetAccount,
    Upsert,
    Viewer,
)
from services.search.domain.query.model import Expression, IdRange
from services.search.domain.store import Store

EVERYTHING = IdRange(0, MAX_ID)


def a_document(post_id: int, text: str = "", *terms: str, **given: Any) -> IndexedPost:
    """A post by user 1 with these words and terms. A `_` among the words is a gap."""
    words = given.pop("words", tuple("" if each == "_" else each for each in text.split()))
    usual = {"author_id": 1, "revision": 1, "language": "en", "marks": text.encode()}
    return IndexedPost(post_id=post_id, words=words, terms=frozenset(terms), **(usual | given))


async def at_once() -> None:
    """Searches see every commit."""


@dataclass(frozen=True)
class Engine:
    """The index, and the store whose transactions it writes in."""

    store: Store
    index: PostIndex
    # Makes searches see what was applied, where they do not see every commit at once.
    refresh: Callable[[], Awaitable[None]] = at_once
    # Whether an aborted transaction takes back what `apply` wrote.
    transactional: bool = True

    async def apply(self, *changes: PostChange) -> None:
        """Applies the changes in one transaction, and waits until searches see them."""
        async with self.store.transaction() as transaction:
            await self.index.apply(transaction, changes)
        await self.refresh()

    async def put(self, *posts: IndexedPost) -> None:
        await self.apply(*map(Upsert, posts))

    async def delete(self, *post_ids: int) -> None:
        await self.apply(*map(Delete, post_ids))

    async def protect(self, user_id: int, *, version: int = 1, protected: bool = True) -> None:
        await self.apply(SetAccount(user_id, version, protected))

    async def ids(
        self,
        expression: Expression = EVERYTHING,
        viewer: Viewer = ANONYMOUS,
        *,
        below: int = MAX_ID,
        limit: int = 50,
    ) -> list[int]:
        found = await self.index.find(expression, viewer, below=below, limit=limit)
        return [each.post_id for each in found]

    async def begin(self) -> int:
        async with self.store.transaction() as transaction:
            return await self.index.start_generation(transaction)

    async def rebuild(self, posts: Iterable[IndexedPost]) -> int:
        """Loads a new generation as far as it can be swapped."""
        generation = await self.begin()
        given = sorted(posts, key=lambda each: each.post_id)
        for start in range(0, len(given), 20):
            await self.index.load(generation, given[start : start + 20])
        await self.index.finish(generation)
        return generation

    async def swap(self, generation: int) -> None:
        async with self.store.transaction() as transaction:
            await self.index.swap(transaction, generation)

    async def drop(self, generation: int) -> None:
        async with self.store.transaction() as transaction:
            await self.index.drop(transaction, generation)

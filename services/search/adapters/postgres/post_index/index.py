"""The index of posts in PostgreSQL: `index.PostIndex` by the modules of this folder."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import asyncpg

from services.chassis.runtime.ids import MAX_ID
from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database, DatabaseUnavailable, PostgresTransaction
from services.chassis.storage.transaction import Transaction
from services.search.adapters.postgres.post_index import generations, writes
from services.search.adapters.postgres.post_index.catalogue import (
    generations_in,
    live_generation,
    lock_for_writing,
)
from services.search.adapters.postgres.post_index.search import WINDOW, Search, ids_with
from services.search.adapters.postgres.store import connection_of
from services.search.domain.posts.index import PostIndex
from services.search.domain.posts.model import (
    Found,
    IndexedPost,
    PostChange,
    SegmentComparison,
    Viewer,
)
from services.search.domain.query.model import Expression

# Posts of a segment. The index of one segment finds all its posts with a word before they are
# sorted, which takes about 5 ms for a word in one of 50 posts; smaller segments cost rare words
# more, as each segment is searched.
SEGMENT_SIZE = 250_000

# A generation may be replaced and deleted while a search reads it. Twice in one search is a fault.
_ATTEMPTS = 3


class PostgresPostIndex:
    """See `index.PostIndex`."""

    def __init__(
        self, database: Database, *, segment_size: int = SEGMENT_SIZE, window: int = WINDOW
    ) -> None:
        self._database = database
        self._segment_size = segment_size
        self._window = window

    async def find(
        self, expression: Expression, viewer: Viewer, *, below: int = MAX_ID, limit: int
    ) -> list[Found]:
        for _ in range(_ATTEMPTS - 1):
            with suppress(asyncpg.UndefinedTableError):
                return await self._find(expression, viewer, below=below, limit=limit)
        return await self._find(expression, viewer, below=below, limit=limit)

    async def _find(
        self, expression: Expression, viewer: Viewer, *, below: int, limit: int
    ) -> list[Found]:
        async with self._reading() as connection:
            generation = await live_generation(connection)
            search = Search(
                connection,
                generation,
                expression,
                viewer,
                window=self._window,
                segment_size=self._segment_size,
            )
            return await search.newest(below=below, limit=limit)

    async def ids_with(self, term: str, *, limit: int) -> list[int]:
        async with self._reading() as connection:
            return await ids_with(connection, term, limit=limit)

    async def apply(self, transaction: Transaction, changes: Sequence[PostChange]) -> None:
        connection = connection_of(transaction)
        await lock_for_writing(connection)
        written = await generations_in(connection, "live", "building")
        await writes.apply(connection, written, changes)

    async def maintain(self) -> None:
        size = self._segment_size
        async with self._transaction() as connection:
            full = await generations.has_full_segment(connection, segment_size=size)
        if full:
            async with self._transaction() as connection:
                await generations.open_segments(connection, segment_size=size)
        async with self._transaction() as connection:
            await generations.merge_pending(connection)
        while await self._delete_retired():
            pass

    async def start_generation(self, transaction: Transaction) -> int:
        return await generations.start(connection_of(transaction))

    async def load(self, generation: int, posts: Sequence[IndexedPost]) -> None:
        if not posts:
            return
        async with self._transaction() as connection:
            full = await generations.load(
                connection, generation, posts, segment_size=self._segment_size
            )
        if full:
            next_id = posts[-1].post_id + 1
            async with self._transaction() as connection:
                await generations.split(connection, generation, next_id)

    async def finish(self, generation: int) -> None:
        await generations.finish(self._database.url, generation)

    async def compare(self, generation: int) -> list[SegmentComparison]:
        async with self._transaction(seconds=generations.TRANSACTION_SECONDS) as connection:
            return await generations.compare(connection, generation)

    async def differing(
        self, generation: int, segment: SegmentComparison, *, limit: int
    ) -> list[int]:
        async with self._transaction(seconds=generations.TRANSACTION_SECONDS) as connection:
            return await generations.differing(connection, generation, segment, limit=limit)

    async def swap(self, transaction: Transaction, generation: int) -> None:
        await generations.swap(connection_of(transaction), generation)

    async def drop(self, transaction: Transaction, generation: int) -> None:
        await generations.drop(connection_of(transaction), generation)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[Connection]:
        """A transaction with one snapshot. A prepared statement gets a plan for its values each
        time: the generic plan of its sixth use would read a segment by id for any word."""
        async with self._database.transaction(
            PostgresTransaction, isolation="repeatable_read"
        ) as transaction:
            await transaction.connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
            yield transaction.connection

    @asynccontextmanager
    async def _transaction(self, *, seconds: float | None = None) -> AsyncIterator[Connection]:
        async with self._database.transaction(PostgresTransaction, seconds=seconds) as transaction:
            yield transaction.connection

    async def _delete_retired(self) -> bool:
        """Deletes one segment of a retired generation, unless a search reads it."""
        try:
            async with self._transaction() as connection:
                return await generations.delete_retired(connection)
        except DatabaseUnavailable as refused:
            if isinstance(refused.__cause__, asyncpg.LockNotAvailableError):
                return False
            raise


if TYPE_CHECKING:

    def _index(index: PostgresPostIndex) -> PostIndex:
        return index

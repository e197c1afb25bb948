"""The index of posts in OpenSearch: `index.PostIndex` by the modules of this folder.

Documents have what a post is. What its author and the authors above it are now is in PostgreSQL,
and is looked up for the posts that OpenSearch finds; so a change of an account holds at once.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from services.chassis.runtime.ids import MAX_ID
from services.chassis.runtime.logs import logger
from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.chassis.storage.transaction import Transaction
from services.search.adapters.opensearch import catalogue, comparison
from services.search.adapters.opensearch.cluster import Cluster, IndexMissing, OpenSearchUnavailable
from services.search.adapters.opensearch.documents import FOUND, INDEX, found_from, limits_from
from services.search.adapters.opensearch.queries import query_of, term_query
from services.search.adapters.opensearch.writes import Change, changes_of, write
from services.search.adapters.postgres.accounts import restricted_accounts, set_accounts
from services.search.adapters.postgres.store import connection_of
from services.search.domain.posts.index import PostIndex
from services.search.domain.posts.model import (
    OPEN_ACCOUNT,
    Account,
    Found,
    IndexedPost,
    PostChange,
    SegmentComparison,
    SetAccount,
    Viewer,
)
from services.search.domain.posts.visibility import within
from services.search.domain.query.model import Expression

# The hits of one request at most. The first request gets a few more than the page needs, as some
# may be hidden.
_MAX_SIZE = 1_000
_SPARE = 10

# The live generation may be replaced and deleted while a search reads it. Twice is a fault.
_ATTEMPTS = 3


class OpenSearchPostIndex:
    """See `index.PostIndex`. `name` begins the names of its indexes of OpenSearch."""

    def __init__(
        self,
        database: Database,
        cluster: Cluster,
        *,
        name: str = "roost-posts",
        segment_size: int = comparison.SEGMENT_SIZE,
    ) -> None:
        self._database = database
        self._cluster = cluster
        self._name = name
        self._segment_size = segment_size

    async def find(
        self, expression: Expression, viewer: Viewer, *, below: int = MAX_ID, limit: int
    ) -> list[Found]:
        for _ in range(_ATTEMPTS):
            async with self._database.connection() as connection:
                generation = await catalogue.live_generation(connection)
            with suppress(IndexMissing):
                return await self._find(
                    self._index(generation), expression, viewer, below=below, limit=limit
                )
        raise OpenSearchUnavailable

    async def _find(
        self, index: str, expression: Expression, viewer: Viewer, *, below: int, limit: int
    ) -> list[Found]:
        found: list[Found] = []
        without: set[int] = set()
        while len(found) < limit:
            size = min(limit - len(found) + _SPARE + 2 * len(without), _MAX_SIZE)
            query = query_of(expression, viewer, below=below, without=without)
            hits = await self._cluster.search(index, _request(query, size, FOUND))
            accounts = await self._accounts_of(hits)
            # Their posts are not asked for again: pages are filled although many are hidden.
            without |= {
                user_id
                for user_id, account in accounts.items()
                if not _shows(user_id, account, viewer)
            }
            found.extend(
                found_from(int(hit["_id"]), hit["_source"])
                for hit in hits
                if _can_find(hit["_source"], accounts, viewer)
            )
            if len(hits) < size:
                break
            below = int(hits[-1]["_id"])
        return found[:limit]

    async def ids_with(self, term: str, *, limit: int) -> list[int]:
        ids: list[int] = []
        async with self._database.connection() as connection:
            index = self._index(await catalogue.live_generation(connection))
        below = MAX_ID
        try:
            while len(ids) < limit:
                size = min(limit - len(ids), _MAX_SIZE)
                query = {"bool": {"filter": [term_query(term), {"range": {"id": {"lt": below}}}]}}
                hits = await self._cluster.search(index, _request(query, size, ()))
                ids.extend(int(hit["_id"]) for hit in hits)
                if len(hits) < size:
                    break
                below = ids[-1]
        except IndexMissing as missing:
            raise OpenSearchUnavailable from missing
        return ids

    async def apply(self, transaction: Transaction, changes: Sequence[PostChange]) -> None:
        connection = connection_of(transaction)
        await set_accounts(connection, [each for each in changes if isinstance(each, SetAccount)])
        await catalogue.lock_for_writing(connection)
        posts = changes_of(changes)
        if posts:
            for generation in await catalogue.generations_in(connection, "live", "building"):
                await write(self._cluster, self._index(generation.number), posts)

    async def maintain(self) -> None:
        """Creates the indexes that are missing, so that an installation begins with an empty one,
        and deletes those of no generation: it was replaced or dropped, or its start was aborted."""
        async with self._transaction() as connection:
            await catalogue.lock_for_writing(connection)
            used = {
                self._index(each.number)
                for each in await catalogue.generations_in(connection, "live", "building")
            }
            existing = await self._cluster.names(f"{self._name}-*")
            for index in sorted(used - existing):
                await self._create(index)
            for index in sorted(existing - used):
                await self._cluster.delete(index)
                logger().info("search_index_deleted", index=index)
            await catalogue.delete_retired(connection)

    async def start_generation(self, transaction: Transaction) -> int:
        number = await catalogue.start(connection_of(transaction))
        await self._create(self._index(number))
        return number

    async def load(self, generation: int, posts: Sequence[IndexedPost]) -> None:
        changes = [Change(each.post_id, each, added=each.counts) for each in posts]
        async with self._building(generation):
            await write(self._cluster, self._index(generation), changes, again=False)

    async def finish(self, generation: int) -> None:
        async with self._building(generation) as connection:
            await catalogue.finish(connection, generation)

    async def compare(self, generation: int) -> list[SegmentComparison]:
        new, live = await self._compared(generation)
        return await comparison.compare(self._cluster, new, live, segment_size=self._segment_size)

    async def differing(
        self, generation: int, segment: SegmentComparison, *, limit: int
    ) -> list[int]:
        new, live = await self._compared(generation)
        return await comparison.differing(self._cluster, new, live, segment, limit=limit)

    async def swap(self, transaction: Transaction, generation: int) -> None:
        connection = connection_of(transaction)
        await catalogue.building(connection, generation)
        # Searches of the new generation find from the commit on what was written before it.
        await self._refresh(self._index(generation))
        await catalogue.swap(connection, generation)

    async def drop(self, transaction: Transaction, generation: int) -> None:
        await catalogue.drop(connection_of(transaction), generation)

    def _index(self, generation: int) -> str:
        return f"{self._name}-{generation}"

    async def _create(self, index: str) -> None:
        if await self._cluster.create(index, INDEX):
            logger().info("search_index_created", index=index)

    async def _compared(self, generation: int) -> tuple[str, str]:
        """The names of the index that is being built and of the live one, both refreshed."""
        async with self._building(generation) as connection:
            live = await catalogue.live_generation(connection)
        names = self._index(generation), self._index(live)
        for each in names:
            await self._refresh(each)
        return names

    async def _refresh(self, index: str) -> None:
        try:
            await self._cluster.refresh(index)
        except IndexMissing as missing:
            raise OpenSearchUnavailable from missing

    async def _accounts_of(self, hits: Sequence[Any]) -> dict[int, Account]:
        """The restricted ones among the authors of the hits and of what they reply to."""
        authors = {hit["_source"]["author"] for hit in hits}
        authors.update(limit.author_id for hit in hits for limit in limits_from(hit["_source"]))
        if not authors:
            return {}
        async with self._database.connection() as connection:
            return await restricted_accounts(connection, authors)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Connection]:
        async with self._database.transaction(PostgresTransaction) as transaction:
            yield transaction.connection

    @asynccontextmanager
    async def _building(self, generation: int) -> AsyncIterator[Connection]:
        """A transaction during which the generation is being built. Raises GenerationGone."""
        async with self._transaction() as connection:
            await catalogue.lock_for_writing(connection)
            await catalogue.building(connection, generation)
            yield connection


def _request(query: Any, size: int, fields: Sequence[str]) -> dict[str, Any]:
    return {
        "query": query,
        "sort": [{"id": "desc"}],
        "size": size,
        "_source": list(fields) if fields else False,
    }


def _shows(user_id: int, account: Account, viewer: Viewer) -> bool:
    """Whether the viewer finds posts of the account."""
    if account.deleted:
        return False
    return not account.protected or user_id == viewer.user_id or user_id in viewer.following


def _can_find(source: Any, accounts: dict[int, Account], viewer: Viewer) -> bool:
    """`visibility.can_find` of a hit: the query decided what its document says."""
    author_id = source["author"]
    if not _shows(author_id, accounts.get(author_id, OPEN_ACCOUNT), viewer):
        return False
    return author_id == viewer.user_id or within(limits_from(source), accounts, viewer)


if TYPE_CHECKING:

    def _index(index: OpenSearchPostIndex) -> PostIndex:
        return index

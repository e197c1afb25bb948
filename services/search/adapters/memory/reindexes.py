"""Rebuilds in memory."""

from datetime import datetime
from typing import TYPE_CHECKING

from services.chassis.storage.transaction import Transaction
from services.search.adapters.memory.store import MemorySearchStore, tables_of
from services.search.domain.reindexing import Reindex, ReindexStore


class MemoryReindexes:
    """See `reindexing.ReindexStore`. Transactions run one after another, so nothing is locked."""

    def __init__(self, store: MemorySearchStore) -> None:
        self._store = store

    async def reindex(self, reindex_id: int) -> Reindex | None:
        reindexes = self._store.tables.reindexes
        return reindexes.get(reindex_id or max(reindexes, default=0))

    async def add_reindex(self, transaction: Transaction, reindex: Reindex) -> bool:
        reindexes = tables_of(transaction).reindexes
        if reindex.id in reindexes or any(not each.ended for each in reindexes.values()):
            return False
        reindexes[reindex.id] = reindex
        return True

    async def lock_reindex(self, transaction: Transaction, reindex_id: int) -> Reindex | None:
        return tables_of(transaction).reindexes.get(reindex_id)

    async def save_reindex(self, transaction: Transaction, reindex: Reindex) -> None:
        tables_of(transaction).reindexes[reindex.id] = reindex

    async def lease_reindex(
        self, holder: str, *, now: datetime, lease_end: datetime
    ) -> Reindex | None:
        async with self._store.transaction() as transaction:
            for reindex in transaction.tables.reindexes.values():
                if not reindex.ended and reindex.run_after <= now:
                    leased = reindex.changed(holder=holder, run_after=lease_end)
                    transaction.tables.reindexes[reindex.id] = leased
                    return leased
        return None

    async def renew_reindex(self, reindex_id: int, holder: str, lease_end: datetime) -> bool:
        async with self._store.transaction() as transaction:
            reindex = transaction.tables.reindexes.get(reindex_id)
            if reindex is None or reindex.ended or reindex.holder != holder:
                return False
            transaction.tables.reindexes[reindex_id] = reindex.changed(run_after=lease_end)
            return True

    async def was_started(self, analyzer: int) -> bool:
        return any(each.analyzer == analyzer for each in self._store.tables.reindexes.values())

    async def users_were_read(self) -> bool:
        return any(each.users_read for each in self._store.tables.reindexes.values())


if TYPE_CHECKING:

    def _store(store: MemoryReindexes) -> ReindexStore:
        return store

"""The transactions of the in-memory store."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from services.chassis.runtime.clock import Clock
from services.chassis.storage.memory import MemoryDatabase, MemoryTransaction
from services.chassis.storage.transaction import Transaction
from services.search.adapters.memory.tables import SearchTables
from services.search.domain.store import Store


class MemorySearchStore:
    """See `store.Store`. The indexes read `tables`, which is what is committed."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self.database = MemoryDatabase(SearchTables(), clock=clock)

    @property
    def tables(self) -> SearchTables:
        """What is committed."""
        return self.database.tables

    def transaction(self) -> AbstractAsyncContextManager[MemoryTransaction[SearchTables]]:
        return self.database.transaction(MemoryTransaction[SearchTables])


def tables_of(transaction: Transaction) -> SearchTables:
    """The rows of a transaction that `MemorySearchStore` began."""
    if not isinstance(transaction, MemoryTransaction):
        raise TypeError("the transaction is of another store")
    tables = transaction.tables
    if not isinstance(tables, SearchTables):
        raise TypeError("the transaction is of another store")
    return tables


if TYPE_CHECKING:

    def _store(store: MemorySearchStore) -> Store:
        return store

"""The transactions of the PostgreSQL store."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database, PostgresTransaction
from services.chassis.storage.transaction import Transaction
from services.search.domain.store import Store


class PostgresSearchStore:
    """See `store.Store`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transaction(self) -> AbstractAsyncContextManager[PostgresTransaction]:
        return self._database.transaction(PostgresTransaction)


def connection_of(transaction: Transaction) -> Connection:
    """The connection of a transaction that `PostgresSearchStore` began."""
    if not isinstance(transaction, PostgresTransaction):
        raise TypeError("the transaction is of another store")
    return transaction.connection


if TYPE_CHECKING:

    def _store(store: PostgresSearchStore) -> Store:
        return store

"""The User service's store on PostgreSQL, put together from accounts, sessions and graph."""

from contextlib import AbstractAsyncContextManager
from functools import partial

from services.chassis.runtime.clock import Clock
from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database
from services.user.adapters.postgres.accounts import PostgresAccounts, PostgresAccountTransaction
from services.user.adapters.postgres.graph import PostgresGraph, PostgresGraphTransaction
from services.user.adapters.postgres.sessions import PostgresSessions, PostgresSessionTransaction
from services.user.domain.domain_events import Describe, DomainEvent
from services.user.domain.store import UserTransaction


class PostgresUserTransaction(
    PostgresAccountTransaction, PostgresSessionTransaction, PostgresGraphTransaction
):
    """See `store.UserTransaction`."""

    def __init__(self, connection: Connection, clock: Clock, *, describe: Describe) -> None:
        super().__init__(connection, clock)
        self._describe = describe

    async def emit(self, event: DomainEvent) -> None:
        await self.publish(self._describe(event))


class PostgresUserStore(PostgresAccounts, PostgresSessions, PostgresGraph):
    """See `store.Store`. `describe` converts domain events to messages of the outbox."""

    def __init__(self, database: Database, *, describe: Describe) -> None:
        self._database = database
        self._kind = partial(PostgresUserTransaction, describe=describe)

    def transaction(self) -> AbstractAsyncContextManager[UserTransaction]:
        return self._database.transaction(self._kind)

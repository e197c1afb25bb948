"""The PostgreSQL store of the Media service, put together from its parts."""

from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage.connection import Connection
from services.chassis.storage.postgres import Database
from services.media.adapters.postgres.audiences import (
    PostgresAudiences,
    PostgresAudienceTransaction,
)
from services.media.adapters.postgres.folders import PostgresFolders, PostgresFolderTransaction
from services.media.adapters.postgres.jobs import PostgresJobs, PostgresJobTransaction
from services.media.adapters.postgres.media import PostgresMedia, PostgresMediumTransaction
from services.media.adapters.postgres.placements import (
    PostgresPlacements,
    PostgresPlacementTransaction,
)
from services.media.adapters.postgres.uploads import PostgresUploads, PostgresUploadTransaction
from services.media.domain.domain_events import Describe, DomainEvent
from services.media.domain.store import MediaTransaction, Store


class PostgresMediaTransaction(
    PostgresMediumTransaction,
    PostgresUploadTransaction,
    PostgresJobTransaction,
    PostgresFolderTransaction,
    PostgresPlacementTransaction,
    PostgresAudienceTransaction,
):
    """See `store.MediaTransaction`."""

    shard_key = ShardKey.BUCKET

    def __init__(self, connection: Connection, clock: Clock, *, describe: Describe) -> None:
        super().__init__(connection, clock)
        self._describe = describe

    async def emit(self, event: DomainEvent) -> None:
        await self.publish(self._describe(event))


class PostgresMediaStore(
    PostgresMedia,
    PostgresUploads,
    PostgresJobs,
    PostgresFolders,
    PostgresPlacements,
    PostgresAudiences,
):
    """See `store.Store`. `describe` converts domain events to messages of the outbox."""

    def __init__(self, database: Database, *, describe: Describe) -> None:
        self._database = database
        self._kind = partial(PostgresMediaTransaction, describe=describe)

    def transaction(self) -> AbstractAsyncContextManager[MediaTransaction]:
        return self._database.transaction(self._kind)


if TYPE_CHECKING:

    def _store(store: PostgresMediaStore) -> Store:
        return store

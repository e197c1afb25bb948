"""The in-memory store of the Media service, put together from its parts."""

from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING

from services.chassis.runtime.clock import Clock
from services.chassis.storage.memory import MemoryDatabase
from services.media.adapters.memory.audiences import MemoryAudiences, MemoryAudienceTransaction
from services.media.adapters.memory.folders import MemoryFolders, MemoryFolderTransaction
from services.media.adapters.memory.jobs import MemoryJobs, MemoryJobTransaction
from services.media.adapters.memory.media import MemoryMedia, MemoryMediumTransaction
from services.media.adapters.memory.placements import MemoryPlacements, MemoryPlacementTransaction
from services.media.adapters.memory.tables import MediaTables
from services.media.adapters.memory.uploads import MemoryUploads, MemoryUploadTransaction
from services.media.domain.domain_events import Describe, DomainEvent
from services.media.domain.store import MediaTransaction, Store


class MemoryMediaTransaction(
    MemoryMediumTransaction,
    MemoryUploadTransaction,
    MemoryJobTransaction,
    MemoryFolderTransaction,
    MemoryPlacementTransaction,
    MemoryAudienceTransaction,
):
    """See `store.MediaTransaction`. Transactions run one after another, so nothing is locked."""

    def __init__(self, tables: MediaTables, clock: Clock, *, describe: Describe) -> None:
        super().__init__(tables, clock)
        self._describe = describe

    async def emit(self, event: DomainEvent) -> None:
        await self.publish(self._describe(event))


class MemoryMediaStore(
    MemoryMedia, MemoryUploads, MemoryJobs, MemoryFolders, MemoryPlacements, MemoryAudiences
):
    """See `store.Store`. `describe` converts domain events to messages of the outbox."""

    def __init__(self, *, clock: Clock, describe: Describe) -> None:
        self.database = MemoryDatabase(MediaTables(), clock=clock)
        self._kind = partial(MemoryMediaTransaction, describe=describe)

    def transaction(self) -> AbstractAsyncContextManager[MediaTransaction]:
        return self.database.transaction(self._kind)


if TYPE_CHECKING:

    def _store(store: MemoryMediaStore) -> Store:
        return store

"""The interface of the Media service's database. It has two implementations.

A read outside of a transaction sees everything committed before it began. The parts by concern are
in `stores`.

Locks have one order: request, owner, rows. A transaction that changes anything of an owner locks
the owner first (`lock_owner`, `lock_media`), so all changes of one owner happen one after another,
their events are published in the order of the commits, and none of them can deadlock. A
transaction locks one owner.
"""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from services.chassis.storage.transaction import Transaction
from services.media.domain.domain_events import DomainEvent
from services.media.domain.stores.audiences import AudienceStore, AudienceTransaction
from services.media.domain.stores.folders import FolderStore, FolderTransaction
from services.media.domain.stores.jobs import JobStore, JobTransaction
from services.media.domain.stores.media import MediumStore, MediumTransaction
from services.media.domain.stores.placements import PlacementStore, PlacementTransaction
from services.media.domain.stores.uploads import UploadStore, UploadTransaction


class MediaTransaction(
    MediumTransaction,
    UploadTransaction,
    JobTransaction,
    FolderTransaction,
    PlacementTransaction,
    AudienceTransaction,
    Transaction,
    Protocol,
):
    """Changes in one transaction."""

    async def emit(self, event: DomainEvent) -> None:
        """Publishes the event if this commits. Only after the owner was locked."""
        ...


class Store(
    MediumStore, UploadStore, JobStore, FolderStore, PlacementStore, AudienceStore, Protocol
):
    """Media, their uploads, folders and audiences, and the work that is due."""

    def transaction(self) -> AbstractAsyncContextManager[MediaTransaction]: ...

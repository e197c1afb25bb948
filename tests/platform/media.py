"""What the worker of the Media service does with an upload, without looking at its bytes."""

from __future__ import annotations

from datetime import UTC, datetime

from services.media.adapters.memory import MemoryMediaStore
from services.media.domain import deletion
from services.media.domain.domain_events import MediumProcessed
from services.media.domain.model import FolderState, MediumState
from tests.builders.media import a_folder, a_picture


async def process(store: MemoryMediaStore, medium_id: int) -> None:
    """Makes a picture of a medium whose upload is complete."""
    stored = (await store.media([medium_id]))[medium_id]
    folder = a_folder(stored, f"folder-{medium_id}", state=FolderState.WRITING)
    await store.add_folder(folder)
    async with store.transaction() as transaction:
        (medium,) = (await transaction.lock_media(stored.owner_id, [medium_id])).values()
        assert await transaction.publish_folder(folder.key)
        medium = medium.changed(
            state=MediumState.READY, processed=a_picture(), progress=100, folder=folder.path
        )
        await transaction.save_medium(medium)
        await deletion.doom_upload(transaction, medium, datetime.now(UTC))
        await transaction.emit(MediumProcessed(medium))

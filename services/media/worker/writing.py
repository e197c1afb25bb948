"""Writes files into a new folder, so that no object is ever without a row.

The row is committed before the first object. It becomes LIVE in the transaction that makes the
folder that of its medium, or it is doomed. A writer ends long before `WRITING_TIME`: then a
sweep dooms the folders of writers that died, and no folder is deleted before.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import TRANSIENT_ERRORS
from services.chassis.runtime.logs import logger
from services.media.domain.model import Access, Folder, FolderState, Medium
from services.media.domain.storage import new_key
from services.media.domain.store import MediaTransaction, Store

# Uploading all files of a video takes some seconds. Far below `WRITING_TIME`: a call of the object
# store that was cancelled may have its effect later.
MAX_SECONDS = 1_200.0


class Superseded(Exception):
    """The medium changed or was deleted, or the lease was lost: nothing may be committed."""


@asynccontextmanager
async def new_folder(
    store: Store,
    *,
    medium: Medium,
    access: Access,
    files: tuple[str, ...],
    clock: Clock,
    seconds: float = MAX_SECONDS,
) -> AsyncIterator[Folder]:
    """A new WRITING folder. The block writes its files and publishes it; if it raises, the folder
    is doomed. Raises TimeoutError after so many seconds."""
    folder = Folder(
        key=new_key(),
        owner_id=medium.owner_id,
        medium_id=medium.id,
        access=access,
        state=FolderState.WRITING,
        files=files,
        create_time=clock.now(),
    )
    await store.add_folder(folder)
    try:
        async with asyncio.timeout(seconds):
            yield folder
    except BaseException:
        await asyncio.shield(_abandon(store, folder, clock))
        raise


async def publish(transaction: MediaTransaction, folder: Folder) -> None:
    """Makes the folder LIVE. Raises Superseded."""
    if not await transaction.publish_folder(folder.key):
        raise Superseded("the folder was doomed")


async def _abandon(store: Store, folder: Folder, clock: Clock) -> None:
    """Dooms the folder unless it is LIVE: the commit may have succeeded although its caller got an
    error."""
    try:
        await store.abandon_folder(folder.key, clock.now())
    except TRANSIENT_ERRORS as error:
        # The sweep dooms it after WRITING_TIME.
        logger().warning("media_folder_not_doomed", folder=folder.path, error=repr(error))

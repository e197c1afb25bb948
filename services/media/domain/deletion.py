"""Deletes a medium: the one way, for its owner, expiry, and deleted posts and accounts."""

from datetime import datetime, timedelta

from services.media.domain.domain_events import MediumDeleted
from services.media.domain.model import Medium, UploadState
from services.media.domain.store import MediaTransaction

# A doomed upload is deleted after any call that was under way has ended: the object store must not
# join parts that are deleted at the same time.
UPLOAD_GRACE = timedelta(minutes=2)


async def delete(transaction: MediaTransaction, medium: Medium, now: datetime) -> None:
    """Deletes a locked medium in any state, with its job; dooms its upload and folders.

    The files are deleted at once, and caches drop them: the addresses end. Publishes the event.
    """
    await doom_upload(transaction, medium, now)
    for folder in await transaction.doom_folders(medium.id, delete_after=now):
        await transaction.add_purge(folder, now)
    await transaction.delete_medium(medium)
    await transaction.emit(MediumDeleted(medium, now))


async def doom_upload(transaction: MediaTransaction, medium: Medium, now: datetime) -> None:
    """Dooms the upload of a locked medium, if there is one: after processing, too."""
    upload = await transaction.lock_upload(medium.owner_id, medium.id)
    if upload is None or upload.state is UploadState.DOOMED:
        return
    grace = timedelta(0) if upload.state is UploadState.COMPLETE else UPLOAD_GRACE
    await transaction.save_upload(upload.doomed(now + grace))

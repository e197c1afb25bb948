"""Media and their owners: reading, waiting, describing, deleting."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from services.chassis.runtime.clock import Clock
from services.media.domain import deletion, text
from services.media.domain.domain_events import MediumUpdated
from services.media.domain.errors import (
    EtagMismatch,
    FieldNotUpdatable,
    MediumInUse,
    MediumNotFound,
)
from services.media.domain.model import FocalPoint, Medium, MediumState
from services.media.domain.ports import WakeUps
from services.media.domain.store import MediaTransaction, Store

FINAL = frozenset({MediumState.READY, MediumState.FAILED})
# How often a waiting call reads the medium although nothing was announced.
POLL_SECONDS = 1.0
_FIELDS = ("alt_text", "focal_point")


class Changes(NamedTuple):
    """New values for the fields of `mask`."""

    mask: Sequence[str]
    alt_text: str
    focal_point: FocalPoint | None


def checked_changes(
    mask: Sequence[str], *, alt_text: str, focal_point: FocalPoint | None
) -> Changes:
    """Raises FieldNotUpdatable, TextInvalid and TextTooLong."""
    fields = list(dict.fromkeys(mask))
    for field in fields:
        if field not in _FIELDS:
            raise FieldNotUpdatable(metadata={"field": field[:100]})
    described = "alt_text" in fields
    cleaned = text.cleaned(alt_text, field="medium.alt_text") if described else ""
    return Changes(fields, cleaned, focal_point)


async def own(store: Store, owner_id: int, medium_id: int) -> Medium:
    """The owner's medium in any state. Raises MediumNotFound."""
    medium = (await store.media([medium_id])).get(medium_id)
    if medium is None or medium.owner_id != owner_id:
        raise MediumNotFound
    return medium


async def wait(
    store: Store, owner_id: int, medium_id: int, *, seconds: float, wake_ups: WakeUps
) -> Medium:
    """The owner's medium as soon as its processing has ended, or as it is after `seconds`.

    Raises MediumNotFound, also if it is deleted in the meantime.
    """
    ends = asyncio.get_running_loop().time() + seconds
    with wake_ups.waiting(medium_id) as announced:
        while True:
            announced.clear()
            medium = await own(store, owner_id, medium_id)
            left = ends - asyncio.get_running_loop().time()
            if medium.state in FINAL or left <= 0:
                return medium
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, POLL_SECONDS)):
                    await announced.wait()


async def update(
    transaction: MediaTransaction, owner_id: int, medium_id: int, changes: Changes, *, etag: str
) -> Medium:
    """Changes the owner's medium. Equal values change nothing, not even the etag.

    Raises MediumNotFound and EtagMismatch.
    """
    before = (await transaction.lock_media(owner_id, [medium_id])).get(medium_id)
    if before is None:
        raise MediumNotFound
    if etag and etag != before.etag:
        raise EtagMismatch(metadata={"etag": before.etag})
    values = {field: getattr(changes, field) for field in changes.mask}
    if replace(before, **values) == before:
        return before
    after = before.changed(**values)
    await transaction.save_medium(after)
    # Until its processing has ended, no other service has the medium.
    if after.state in FINAL:
        changed = tuple(each for each in values if getattr(after, each) != getattr(before, each))
        await transaction.emit(MediumUpdated(after, changed))
    return after


async def delete(
    transaction: MediaTransaction, owner_id: int, medium_id: int, *, clock: Clock
) -> None:
    """Deletes the owner's medium in any state. Nothing happens if there is none.

    Raises MediumInUse for an attached one, also if the claim is provisional.
    """
    medium = (await transaction.lock_media(owner_id, [medium_id])).get(medium_id)
    if medium is None:
        return
    if medium.claim is not None:
        raise MediumInUse(metadata={"media_id": str(medium_id)})
    await deletion.delete(transaction, medium, clock.now())

"""Claims: what media are attached to.

Another service claims media before it writes a post or profile. The claim is provisional until the
event of that write arrives. Without the event, a review asks that service whether the write
happened.
"""

from collections.abc import Sequence
from datetime import datetime

from services.media.domain.domain_events import MediumUpdated
from services.media.domain.errors import MediaNotReady, MediumInUse
from services.media.domain.limits import UNATTACHED
from services.media.domain.model import Claim, Medium, MediumState, Use
from services.media.domain.store import MediaTransaction

# The fields of the contract that attaching and releasing change.
_CHANGED = ("use", "post_id", "expire_time")


async def claim(
    transaction: MediaTransaction, owner_id: int, medium_ids: Sequence[int], wanted: Claim
) -> list[Medium]:
    """Attaches media; returns them in the same order. All are claimed, or none.

    A claim by the same key replaces a provisional one. A medium that is attached to the same post
    or profile already keeps its claim. Raises MediaNotReady and MediumInUse.
    """
    found = await transaction.lock_media(owner_id, medium_ids)
    for each in medium_ids:
        if each not in found or found[each].state is not MediumState.READY:
            raise MediaNotReady(metadata={"media_id": str(each)})
        if not _may_claim(found[each].claim, wanted):
            raise MediumInUse(metadata={"media_id": str(each)})
    return [await _attach(transaction, found[each], wanted) for each in medium_ids]


async def release(transaction: MediaTransaction, medium: Medium, now: datetime) -> Medium:
    """Ends the claim of a locked medium: it is its owner's alone, and expires."""
    if medium.claim is None:
        return medium
    released = medium.changed(claim=None, expire_time=now + UNATTACHED, open=False)
    await transaction.save_medium(released)
    if released.misplaced:
        await transaction.request_placement(released.owner_id, [released.id], now=now)
    await transaction.emit(MediumUpdated(released, _CHANGED))
    return released


async def release_provisional(
    transaction: MediaTransaction,
    owner_id: int,
    medium_ids: Sequence[int],
    key: str,
    now: datetime,
) -> None:
    """Ends provisional claims by this key. Others are not affected."""
    found = await transaction.lock_media(owner_id, medium_ids)
    for medium in found.values():
        if medium.claim is not None and not medium.claim.confirmed and medium.claim.key == key:
            await release(transaction, medium, now)


async def confirm(transaction: MediaTransaction, medium: Medium, wanted: Claim) -> Medium:
    """Confirms that a locked medium is attached to this, whatever its claim was: the event of the
    write is the truth."""
    confirmed = wanted._replace(confirmed=True)
    if medium.claim is not None and _target(medium.claim) == _target(wanted):
        confirmed = medium.claim._replace(confirmed=True)
        if confirmed == medium.claim:
            return medium
        # No reader sees whether a claim is provisional, so the version stays. The writer stored the
        # medium as it was at the claim: this event has what changed before the write was committed.
        same = medium.attached(confirmed)
        await transaction.save_medium(same)
        await transaction.emit(MediumUpdated(same, ()))
        return same
    after = medium.changed(claim=confirmed, expire_time=None)
    await transaction.save_medium(after)
    await transaction.emit(MediumUpdated(after, _CHANGED))
    return after


def _may_claim(current: Claim | None, wanted: Claim) -> bool:
    if current is None or _target(current) == _target(wanted):
        return True
    return not current.confirmed and current.key == wanted.key


async def _attach(transaction: MediaTransaction, medium: Medium, wanted: Claim) -> Medium:
    if medium.claim is not None and _target(medium.claim) == _target(wanted):
        if medium.claim.key == wanted.key and not medium.claim.confirmed:
            # The review waits for this attempt.
            again = medium.attached(wanted)
        elif wanted.use is not Use.POST:
            # An earlier write may have replaced it on the profile: its event does not delete it.
            again = medium.attached(medium.claim._replace(claim_time=wanted.claim_time))
        else:
            return medium
        await transaction.save_medium(again)
        return again
    attached = medium.changed(claim=wanted, expire_time=None)
    await transaction.save_medium(attached)
    await transaction.emit(MediumUpdated(attached, _CHANGED))
    return attached


def _target(claim: Claim) -> tuple[int, int]:
    return claim.use, claim.post_id

"""Blocks and mutes of one user by another."""

from services.chassis.runtime.ids import IdGenerator, bucket_of
from services.user.domain import follows, visibility
from services.user.domain.domain_events import RelationshipAdded
from services.user.domain.errors import CannotBlockSelf, CannotMuteSelf
from services.user.domain.model import Relationship, RelationshipKind
from services.user.domain.store import UserTransaction


async def block(
    transaction: UserTransaction, caller_id: int, other_id: int, *, ids: IdGenerator
) -> Relationship:
    """Blocks the other user and ends follows and requests in both directions. Returns the new
    relationship.

    It also succeeds if the other user blocks the caller: a block that is possible only after the
    end of the other one would come too late. Raises CannotBlockSelf, UserNotFound.
    """
    if caller_id == other_id:
        raise CannotBlockSelf
    await follows.lock_other(transaction, caller_id, other_id)
    for kind in (RelationshipKind.FOLLOW, RelationshipKind.REQUEST):
        await follows.remove(transaction, kind, caller_id, other_id)
        await follows.remove(transaction, kind, other_id, caller_id)
    await _add(transaction, RelationshipKind.BLOCK, caller_id, other_id, ids)
    return await transaction.relationship(caller_id, other_id)


async def unblock(transaction: UserTransaction, caller_id: int, other_id: int) -> Relationship:
    """Ends the block. Returns the new relationship. Raises UserNotFound, also if there is no block
    to end and the other user blocks the caller."""
    return await _remove(transaction, RelationshipKind.BLOCK, caller_id, other_id)


async def mute(
    transaction: UserTransaction, caller_id: int, other_id: int, *, ids: IdGenerator
) -> Relationship:
    """Mutes the other user. Returns the new relationship. Raises CannotMuteSelf, UserNotFound (also
    if the other user blocks the caller, and the caller has not muted them before)."""
    if caller_id == other_id:
        raise CannotMuteSelf
    await follows.lock_other(transaction, caller_id, other_id)
    relationship = await transaction.relationship(caller_id, other_id)
    if Relationship.MUTING in relationship:
        return relationship
    visibility.check_profile(relationship)
    await _add(transaction, RelationshipKind.MUTE, caller_id, other_id, ids)
    return await transaction.relationship(caller_id, other_id)


async def unmute(transaction: UserTransaction, caller_id: int, other_id: int) -> Relationship:
    """Ends the mute. Returns the new relationship. Raises UserNotFound, also if there is no mute to
    end and the other user blocks the caller."""
    return await _remove(transaction, RelationshipKind.MUTE, caller_id, other_id)


async def _remove(
    transaction: UserTransaction, kind: RelationshipKind, caller_id: int, other_id: int
) -> Relationship:
    await follows.lock_other(transaction, caller_id, other_id)
    removed = await follows.remove(transaction, kind, caller_id, other_id)
    relationship = await transaction.relationship(caller_id, other_id)
    visibility.check_actionable(relationship, changed=removed)
    return relationship


async def _add(
    transaction: UserTransaction,
    kind: RelationshipKind,
    caller_id: int,
    other_id: int,
    ids: IdGenerator,
) -> None:
    new_id = await ids.make(bucket_of(caller_id))
    if await transaction.add_relationship(kind, caller_id, other_id, new_id):
        await transaction.emit(RelationshipAdded(kind, caller_id, other_id))

"""Blocks and mutes: what one person no longer wants of another."""

from services.chassis.runtime.ids import IdGenerator, bucket_of
from services.user.domain import follows, visibility
from services.user.domain.errors import CannotBlockSelf, CannotMuteSelf
from services.user.domain.model import Relationship, RelationshipKind
from services.user.domain.store import UserTransaction
from services.user.rpc import events


async def block(
    transaction: UserTransaction, caller_id: int, other_id: int, *, ids: IdGenerator
) -> Relationship:
    """Blocks the other one and ends follows and requests both ways; how the two stand then.

    Also where the other blocks the caller: a block that had to wait for the end of another would
    come too late. Raises CannotBlockSelf, UserNotFound.
    """
    if caller_id == other_id:
        raise CannotBlockSelf
    await follows.lock_other(transaction, caller_id, other_id)
    for edge in (RelationshipKind.FOLLOW, RelationshipKind.REQUEST):
        await follows.remove(transaction, edge, caller_id, other_id)
        await follows.remove(transaction, edge, other_id, caller_id)
    await _add(transaction, RelationshipKind.BLOCK, caller_id, other_id, ids)
    return await transaction.relationship(caller_id, other_id)


async def unblock(transaction: UserTransaction, caller_id: int, other_id: int) -> Relationship:
    """Ends the block; how the two stand then. Raises UserNotFound, also if there is no block to
    end and the other blocks the caller."""
    return await _remove(transaction, RelationshipKind.BLOCK, caller_id, other_id)


async def mute(
    transaction: UserTransaction, caller_id: int, other_id: int, *, ids: IdGenerator
) -> Relationship:
    """Mutes the other one; how the two stand then. Raises CannotMuteSelf, UserNotFound (also if
    the other blocks the caller, who has not muted them before)."""
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
    """Ends the mute; how the two stand then. Raises UserNotFound, also if there is no mute to end
    and the other blocks the caller."""
    return await _remove(transaction, RelationshipKind.MUTE, caller_id, other_id)


async def _remove(
    transaction: UserTransaction, edge: RelationshipKind, caller_id: int, other_id: int
) -> Relationship:
    await follows.lock_other(transaction, caller_id, other_id)
    removed = await follows.remove(transaction, edge, caller_id, other_id)
    relationship = await transaction.relationship(caller_id, other_id)
    visibility.check_actionable(relationship, changed=removed)
    return relationship


async def _add(
    transaction: UserTransaction,
    edge: RelationshipKind,
    caller_id: int,
    other_id: int,
    ids: IdGenerator,
) -> None:
    edge_id = await ids.make(bucket_of(caller_id))
    if await transaction.add_edge(edge, caller_id, other_id, edge_id):
        await transaction.publish(events.edge_added(edge, caller_id, other_id))

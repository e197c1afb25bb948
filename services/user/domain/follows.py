"""Follows and follow requests: who may start one, and what ends one."""

from services.chassis.auth.tokens import SessionRevoked
from services.chassis.runtime.ids import IdGenerator, bucket_of
from services.user.domain import visibility
from services.user.domain.domain_events import (
    FollowCreated,
    RelationshipAdded,
    RelationshipRemoved,
)
from services.user.domain.errors import (
    Blocking,
    CannotFollowSelf,
    FollowRequestNotFound,
    TooManyFollows,
    UserNotFound,
)
from services.user.domain.model import Relationship, RelationshipKind, UserRow
from services.user.domain.store import UserTransaction

# Followed users and open requests together: a home timeline is merged from them.
MAX_FOLLOWS = 7500
# How many requests one transaction accepts.
MAX_ACCEPTED = 100


async def follow(
    transaction: UserTransaction, caller_id: int, other_id: int, *, ids: IdGenerator
) -> Relationship:
    """Makes the caller a follower of the other user, or sends a follow request to a protected one.
    Returns the new relationship.

    Raises CannotFollowSelf, UserNotFound (also if the other user blocks the caller), Blocking,
    TooManyFollows.
    """
    if caller_id == other_id:
        raise CannotFollowSelf
    other = await lock_other(transaction, caller_id, other_id)
    relationship = await transaction.relationship(caller_id, other_id)
    if Relationship.BLOCKED_BY in relationship:
        raise UserNotFound
    if Relationship.BLOCKING in relationship:
        raise Blocking
    if Relationship.FOLLOWING in relationship or (
        Relationship.REQUESTED in relationship and other.protected
    ):
        return relationship
    if Relationship.REQUESTED in relationship:
        # The account is no longer protected. The worker has not accepted this request yet.
        return await _accept(transaction, caller_id, other_id, relationship, ids=ids, opening=True)
    if await transaction.count_wanted(caller_id, MAX_FOLLOWS) >= MAX_FOLLOWS:
        raise TooManyFollows(metadata={"limit": str(MAX_FOLLOWS)})
    new_id = await ids.make(bucket_of(caller_id))
    if other.protected:
        kind = RelationshipKind.REQUEST
        await transaction.add_relationship(kind, caller_id, other_id, new_id)
        await transaction.emit(RelationshipAdded(kind, caller_id, other_id))
        return relationship | Relationship.REQUESTED
    await transaction.add_relationship(RelationshipKind.FOLLOW, caller_id, other_id, new_id)
    await transaction.emit(FollowCreated(caller_id, other_id))
    return relationship | Relationship.FOLLOWING


async def unfollow(transaction: UserTransaction, caller_id: int, other_id: int) -> Relationship:
    """Ends the caller's follow or withdraws the request. Returns the new relationship.

    Raises UserNotFound (also if the other user blocks the caller).
    """
    await lock_other(transaction, caller_id, other_id)
    removed = [
        await remove(transaction, kind, caller_id, other_id)
        for kind in (RelationshipKind.FOLLOW, RelationshipKind.REQUEST)
    ]
    relationship = await transaction.relationship(caller_id, other_id)
    visibility.check_actionable(relationship, changed=any(removed))
    return relationship


async def accept(
    transaction: UserTransaction, caller_id: int, follower_id: int, *, ids: IdGenerator
) -> Relationship:
    """Accepts a follow request to the caller. Returns the new relationship.

    Raises FollowRequestNotFound, unless that user follows the caller already.
    """
    caller, follower = await transaction.lock_pair(caller_id, follower_id)
    if caller is None:
        raise SessionRevoked
    relationship = await transaction.relationship(caller_id, follower_id)
    if Relationship.FOLLOWED_BY in relationship and follower is not None:
        return relationship
    if Relationship.REQUESTED_BY not in relationship or follower is None:
        raise FollowRequestNotFound
    await _accept(transaction, follower_id, caller_id, relationship, ids=ids)
    return (relationship & ~Relationship.REQUESTED_BY) | Relationship.FOLLOWED_BY


async def reject(transaction: UserTransaction, caller_id: int, follower_id: int) -> Relationship:
    """Removes a follow request to the caller, if there is one. Returns the new relationship."""
    caller, _ = await transaction.lock_pair(caller_id, follower_id)
    if caller is None:
        raise SessionRevoked
    await remove(transaction, RelationshipKind.REQUEST, follower_id, caller_id)
    return await transaction.relationship(caller_id, follower_id)


async def accept_some(transaction: UserTransaction, user_id: int, *, ids: IdGenerator) -> bool:
    """Accepts the user's oldest follow requests. The user is locked.

    Returns whether more requests may be left.
    """
    waiting = await transaction.oldest_requests(user_id, MAX_ACCEPTED)
    for follower_id in waiting:
        await _accept(transaction, follower_id, user_id, Relationship.NONE, ids=ids, opening=True)
    return len(waiting) == MAX_ACCEPTED


async def lock_other(transaction: UserTransaction, caller_id: int, other_id: int) -> UserRow:
    """Locks the pair and returns the other user. Raises SessionRevoked if the caller is deleted,
    UserNotFound if the other user is deleted or unknown."""
    caller, other = await transaction.lock_pair(caller_id, other_id)
    if caller is None:
        raise SessionRevoked
    if other is None:
        raise UserNotFound
    return other


async def remove(
    transaction: UserTransaction, kind: RelationshipKind, source_id: int, target_id: int
) -> bool:
    """Removes a relationship of a locked pair, with an event; False if there is none."""
    removed = await transaction.remove_relationship(kind, source_id, target_id)
    if removed:
        await transaction.emit(RelationshipRemoved(kind, source_id, target_id))
    return removed


async def _accept(
    transaction: UserTransaction,
    follower_id: int,
    followee_id: int,
    relationship: Relationship,
    *,
    ids: IdGenerator,
    opening: bool = False,
) -> Relationship:
    """Turns a request into a follow: the owner accepted it, or the account is no longer protected
    (`opening`). The only event is FollowCreated; it implies the end of the request."""
    await transaction.remove_relationship(RelationshipKind.REQUEST, follower_id, followee_id)
    new_id = await ids.make(bucket_of(follower_id))
    if await transaction.add_relationship(
        RelationshipKind.FOLLOW, follower_id, followee_id, new_id
    ):
        await transaction.emit(
            FollowCreated(follower_id, followee_id, by_request=True, by_opening=opening)
        )
    return (relationship & ~Relationship.REQUESTED) | Relationship.FOLLOWING

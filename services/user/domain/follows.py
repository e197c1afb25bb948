"""Follows and requests to follow: who may begin one, and what ends one."""

from services.chassis.auth.tokens import SessionRevoked
from services.chassis.runtime.ids import IdGenerator, bucket_of
from services.user.domain import visibility
from services.user.domain.errors import (
    Blocking,
    CannotFollowSelf,
    FollowRequestNotFound,
    TooManyFollows,
    UserNotFound,
)
from services.user.domain.model import Relationship, RelationshipKind, UserRow
from services.user.domain.store import UserTransaction
from services.user.rpc import events

# Followed people and open requests together: a home timeline has to be put together from them.
MAX_FOLLOWS = 7500
# How many requests one transaction accepts.
ACCEPTED_AT_ONCE = 100


async def follow(
    transaction: UserTransaction, caller_id: int, other_id: int, *, ids: IdGenerator
) -> Relationship:
    """Makes the caller a follower, or asks for consent; how the two stand then.

    Raises CannotFollowSelf, UserNotFound (also if the other blocks the caller), Blocking,
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
        # The other one is open to all since; the worker would come to this request in time.
        return await _accept(transaction, caller_id, other_id, relationship, ids=ids, opening=True)
    if await transaction.count_wanted(caller_id, MAX_FOLLOWS) >= MAX_FOLLOWS:
        raise TooManyFollows(metadata={"limit": str(MAX_FOLLOWS)})
    edge_id = await ids.make(bucket_of(caller_id))
    if other.protected:
        await transaction.add_edge(RelationshipKind.REQUEST, caller_id, other_id, edge_id)
        await transaction.publish(events.edge_added(RelationshipKind.REQUEST, caller_id, other_id))
        return relationship | Relationship.REQUESTED
    await transaction.add_edge(RelationshipKind.FOLLOW, caller_id, other_id, edge_id)
    await transaction.publish(events.follow_created(caller_id, other_id, by_request=False))
    return relationship | Relationship.FOLLOWING


async def unfollow(transaction: UserTransaction, caller_id: int, other_id: int) -> Relationship:
    """Ends the caller's follow or withdraws the request; how the two stand then.

    Raises UserNotFound (also if the other blocks the caller).
    """
    await lock_other(transaction, caller_id, other_id)
    removed = [
        await remove(transaction, edge, caller_id, other_id)
        for edge in (RelationshipKind.FOLLOW, RelationshipKind.REQUEST)
    ]
    relationship = await transaction.relationship(caller_id, other_id)
    visibility.check_actionable(relationship, changed=any(removed))
    return relationship


async def accept(
    transaction: UserTransaction, caller_id: int, follower_id: int, *, ids: IdGenerator
) -> Relationship:
    """Makes one who asked a follower of the caller; how the two stand then.

    Raises FollowRequestNotFound, unless that one follows already.
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
    """Drops a request to follow the caller, if there is one; how the two stand then."""
    caller, _ = await transaction.lock_pair(caller_id, follower_id)
    if caller is None:
        raise SessionRevoked
    await remove(transaction, RelationshipKind.REQUEST, follower_id, caller_id)
    return await transaction.relationship(caller_id, follower_id)


async def accept_some(transaction: UserTransaction, user_id: int, *, ids: IdGenerator) -> bool:
    """Accepts those who have waited longest for the person, whose lock is held.

    Tells whether others may be waiting still.
    """
    waiting = await transaction.oldest_requests(user_id, ACCEPTED_AT_ONCE)
    for follower_id in waiting:
        await _accept(transaction, follower_id, user_id, Relationship.NONE, ids=ids, opening=True)
    return len(waiting) == ACCEPTED_AT_ONCE


async def lock_other(transaction: UserTransaction, caller_id: int, other_id: int) -> UserRow:
    """Locks the pair and gives the other one. Raises SessionRevoked if the caller is deleted,
    UserNotFound if the other one is, or never was."""
    caller, other = await transaction.lock_pair(caller_id, other_id)
    if caller is None:
        raise SessionRevoked
    if other is None:
        raise UserNotFound
    return other


async def remove(
    transaction: UserTransaction, edge: RelationshipKind, source_id: int, target_id: int
) -> bool:
    """Ends an edge of a pair whose lock is held, with an event; False if there is none."""
    removed = await transaction.remove_edge(edge, source_id, target_id)
    if removed:
        await transaction.publish(events.edge_removed(edge, source_id, target_id))
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
    """Turns a request into a follow: by consent to it, or because the person is protected no more
    (`opening`). It has one event, as nothing else ends the request."""
    await transaction.remove_edge(RelationshipKind.REQUEST, follower_id, followee_id)
    edge_id = await ids.make(bucket_of(follower_id))
    if await transaction.add_edge(RelationshipKind.FOLLOW, follower_id, followee_id, edge_id):
        await transaction.publish(
            events.follow_created(follower_id, followee_id, by_request=True, by_opening=opening)
        )
    return (relationship & ~Relationship.REQUESTED) | Relationship.FOLLOWING

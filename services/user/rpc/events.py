"""What the User service publishes: its domain events as messages of the contract, on one topic."""

from google.protobuf.message import Message
from roost.user.v1 import user_events_pb2 as pb

from services.chassis.events.records import OutboxMessage
from services.user.domain.domain_events import (
    DomainEvent,
    FollowCreated,
    PasswordChanged,
    RelationshipAdded,
    RelationshipRemoved,
    SessionRevoked,
    SignedIn,
    SignInsFailed,
    UserDeleted,
    UserRegistered,
    UserUpdated,
)
from services.user.domain.model import RelationshipKind
from services.user.rpc import convert
from services.user.service import MANIFEST

(TOPIC,) = MANIFEST.publishes


def describe(event: DomainEvent) -> OutboxMessage:
    """The message of a domain event. Its key is the user whose events keep their order: the owner
    of the account, or the source of the relationship."""
    key, body = _keyed(event)
    return OutboxMessage.of(topic=TOPIC, key=key, body=body)


def _keyed(event: DomainEvent) -> tuple[int, Message]:
    match event:
        case UserRegistered(user):
            return user.id, pb.UserRegistered(user=convert.profile(user))
        case UserUpdated(user, changed_fields):
            updated = pb.UserUpdated(user=convert.profile(user), changed_fields=changed_fields)
            return user.id, updated
        case UserDeleted(user_id, delete_time):
            return user_id, pb.UserDeleted(user_id=user_id, delete_time=delete_time)
        case SignedIn(user_id, session_id, new_network, sign_in_time):
            signed_in = pb.SignedIn(
                user_id=user_id,
                session_id=session_id,
                new_network=new_network,
                sign_in_time=sign_in_time,
            )
            return user_id, signed_in
        case PasswordChanged(user_id, session_id, change_time):
            changed = pb.PasswordChanged(
                user_id=user_id, session_id=session_id, change_time=change_time
            )
            return user_id, changed
        case SignInsFailed(user_id, failures, last_time):
            failed = pb.SignInsFailed(user_id=user_id, failures=failures, last_time=last_time)
            return user_id, failed
        case SessionRevoked(user_id, session_id, access_expire_time):
            revoked = pb.SessionRevoked(
                user_id=user_id, session_id=session_id, access_expire_time=access_expire_time
            )
            return user_id, revoked
        case FollowCreated(follower_id, followee_id, by_request, by_opening):
            followed = pb.FollowCreated(
                follower_id=follower_id,
                followee_id=followee_id,
                by_request=by_request,
                by_opening=by_opening,
            )
            return follower_id, followed
        case RelationshipAdded(kind, source_id, target_id):
            return source_id, _added(kind, source_id, target_id)
        case RelationshipRemoved(kind, source_id, target_id):
            return source_id, _removed(kind, source_id, target_id)


def _added(kind: RelationshipKind, source_id: int, target_id: int) -> Message:
    match kind:
        case RelationshipKind.REQUEST:
            return pb.FollowRequested(follower_id=source_id, followee_id=target_id)
        case RelationshipKind.BLOCK:
            return pb.BlockCreated(blocker_id=source_id, blocked_id=target_id)
        case RelationshipKind.MUTE:
            return pb.MuteCreated(muter_id=source_id, muted_id=target_id)
        case RelationshipKind.FOLLOW:
            raise ValueError("a follow is described by FollowCreated")


def _removed(kind: RelationshipKind, source_id: int, target_id: int) -> Message:
    match kind:
        case RelationshipKind.FOLLOW:
            return pb.FollowRemoved(follower_id=source_id, followee_id=target_id)
        case RelationshipKind.REQUEST:
            return pb.FollowRequestRemoved(follower_id=source_id, followee_id=target_id)
        case RelationshipKind.BLOCK:
            return pb.BlockRemoved(blocker_id=source_id, blocked_id=target_id)
        case RelationshipKind.MUTE:
            return pb.MuteRemoved(muter_id=source_id, muted_id=target_id)

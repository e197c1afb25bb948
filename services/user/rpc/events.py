"""The events of the User service, as messages for the outbox."""

from datetime import datetime

from google.protobuf.message import Message
from roost.user.v1 import user_events_pb2 as pb

from services.chassis.auth.tokens.access_tokens import LIFETIME
from services.chassis.events.records import OutboxMessage
from services.user.domain.model import RelationshipKind, Session, User
from services.user.rpc import convert

TOPIC = "roost.user.v1"


def user_registered(user: User) -> OutboxMessage:
    return _about(user.id, pb.UserRegistered(user=convert.user(user)))


def user_updated(user: User, changed_fields: list[str]) -> OutboxMessage:
    return _about(user.id, pb.UserUpdated(user=convert.user(user), changed_fields=changed_fields))


def user_deleted(user: User) -> OutboxMessage:
    """Somebody deleted the account, at its `update_time`."""
    return _about(user.id, pb.UserDeleted(user_id=user.id, delete_time=user.update_time))


def signed_in(session: Session, *, new_network: bool) -> OutboxMessage:
    """A device signed in with the password."""
    return _about(
        session.user_id,
        pb.SignedIn(
            user_id=session.user_id,
            session_id=session.id,
            new_network=new_network,
            sign_in_time=session.create_time,
        ),
    )


def password_changed(user_id: int, session_id: int, now: datetime) -> OutboxMessage:
    """A password was changed in a session."""
    body = pb.PasswordChanged(user_id=user_id, session_id=session_id, change_time=now)
    return _about(user_id, body)


def sign_ins_failed(user_id: int, failures: int, now: datetime) -> OutboxMessage:
    """So many wrong passwords were tried for an account."""
    return _about(user_id, pb.SignInsFailed(user_id=user_id, failures=failures, last_time=now))


def session_revoked(session: Session) -> OutboxMessage:
    """A session ended before its time."""
    return _about(
        session.user_id,
        pb.SessionRevoked(
            user_id=session.user_id,
            session_id=session.id,
            access_expire_time=session.last_used_time + LIFETIME,
        ),
    )


def follow_created(
    follower_id: int, followee_id: int, *, by_request: bool, by_opening: bool = False
) -> OutboxMessage:
    """A follow began: by consent to a request, perhaps to all of them at once."""
    return _about(
        follower_id,
        pb.FollowCreated(
            follower_id=follower_id,
            followee_id=followee_id,
            by_request=by_request,
            by_opening=by_opening,
        ),
    )


def edge_added(edge: RelationshipKind, source_id: int, target_id: int) -> OutboxMessage:
    """An edge came to be that is no follow."""
    match edge:
        case RelationshipKind.REQUEST:
            body: Message = pb.FollowRequested(follower_id=source_id, followee_id=target_id)
        case RelationshipKind.BLOCK:
            body = pb.BlockCreated(blocker_id=source_id, blocked_id=target_id)
        case RelationshipKind.MUTE:
            body = pb.MuteCreated(muter_id=source_id, muted_id=target_id)
        case _:
            raise ValueError(f"{edge.name} tells more than its ends")
    return _about(source_id, body)


def edge_removed(edge: RelationshipKind, source_id: int, target_id: int) -> OutboxMessage:
    match edge:
        case RelationshipKind.FOLLOW:
            body: Message = pb.FollowRemoved(follower_id=source_id, followee_id=target_id)
        case RelationshipKind.REQUEST:
            body = pb.FollowRequestRemoved(follower_id=source_id, followee_id=target_id)
        case RelationshipKind.BLOCK:
            body = pb.BlockRemoved(blocker_id=source_id, blocked_id=target_id)
        case RelationshipKind.MUTE:
            body = pb.MuteRemoved(muter_id=source_id, muted_id=target_id)
    return _about(source_id, body)


def _about(user_id: int, body: Message) -> OutboxMessage:
    return OutboxMessage.of(topic=TOPIC, key=user_id, body=body)

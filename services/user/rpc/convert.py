"""Between the model and its protobuf messages."""

from collections.abc import Iterable
from typing import Any

from roost.user.v1 import auth_service_pb2 as auth_pb
from roost.user.v1 import graph_service_pb2 as graph_pb
from roost.user.v1 import user_pb2 as pb

from services.chassis.auth.tokens import Jwk
from services.user.domain.model import (
    Relationship,
    Session,
    TokenPair,
    User,
)
from services.user.domain.visibility import hidden_counts

_FLAGS = (
    (Relationship.FOLLOWING, "following"),
    (Relationship.FOLLOWED_BY, "followed_by"),
    (Relationship.REQUESTED, "follow_requested"),
    (Relationship.REQUESTED_BY, "follow_requested_by"),
    (Relationship.BLOCKING, "blocking"),
    (Relationship.BLOCKED_BY, "blocked_by"),
    (Relationship.MUTING, "muting"),
)
# Every combination of ties once, to be copied: cheaper than testing seven bits for each person.
_RELATIONSHIPS = [
    pb.Relationship(**{name: True for flag, name in _FLAGS if flag & bits}) for bits in range(128)
]


def user(person: User) -> pb.User:
    """A profile, without anybody's relationship to it."""
    return pb.User(
        id=person.id,
        handle=person.handle,
        display_name=person.display_name,
        bio=person.bio,
        location=person.location,
        website=person.website,
        avatar_media_id=person.avatar_media_id,
        protected=person.protected,
        followers_count=person.followers_count,
        following_count=person.following_count,
        posts_count=person.posts_count,
        create_time=person.create_time,
        update_time=person.update_time,
        etag=person.etag,
    )


def packed_user(person: User) -> bytes:
    """A profile as it is kept in the cache."""
    return user(person).SerializeToString()


def unpack_user(
    content: bytes, user_id: int, relationship: Relationship | None, *, viewer_id: int | None
) -> pb.User:
    """The profile of a card as the viewer may see it, with the viewer's relationship to it."""
    message = pb.User.FromString(content)
    _show(message, user_id, relationship, viewer_id)
    return message


def fill_relationship(message: pb.Relationship, user_id: int, relationship: Relationship) -> None:
    """Writes how a viewer and that person stand into an empty message."""
    if relationship:
        message.CopyFrom(_RELATIONSHIPS[relationship])
    message.user_id = user_id


def fill_pair_relationship(message: graph_pb.PairRelationship, relationship: Relationship) -> None:
    """Writes into an empty message what services that act on events ask about a pair."""
    message.following = Relationship.FOLLOWING in relationship
    message.muting = Relationship.MUTING in relationship
    message.either_blocks = bool(relationship & (Relationship.BLOCKING | Relationship.BLOCKED_BY))


def relationship(user_id: int, relationship: Relationship) -> pb.Relationship:
    """How a viewer and that person stand."""
    message = pb.Relationship()
    fill_relationship(message, user_id, relationship)
    return message


def session(each: Session, *, current_id: int) -> pb.Session:
    """A session, as its owner sees it from the session `current_id`."""
    return pb.Session(
        id=each.id,
        device_name=each.device_name,
        create_time=each.create_time,
        last_used_time=each.last_used_time,
        expire_time=each.expire_time,
        current=each.id == current_id,
    )


def tokens(pair: TokenPair) -> pb.TokenPair:
    """What a device is given."""
    return pb.TokenPair(
        access_token=pair.access_token,
        access_expire_time=pair.access_expire_time,
        refresh_token=pair.refresh_token,
        refresh_expire_time=pair.refresh_expire_time,
    )


def key(public: Jwk) -> auth_pb.JsonWebKey:
    return auth_pb.JsonWebKey(**public)


def add_visible_users(
    users: Any, found: Iterable[tuple[int, bytes, Relationship | None]], *, viewer_id: int | None
) -> None:
    """Appends the profiles of these cards as the viewer may see them, in their order."""
    for user_id, card_, relationship in found:
        message = users.add()
        message.MergeFromString(card_)
        _show(message, user_id, relationship, viewer_id)


def add_packed_users(users: Any, found: Iterable[tuple[int, bytes, Relationship | None]]) -> None:
    """Appends the complete profiles of these cards, in their order: for services."""
    for user_id, card_, relationship in found:
        message = users.add()
        message.MergeFromString(card_)
        if relationship is not None:
            fill_relationship(message.viewer_relationship, user_id, relationship)


def _show(
    message: pb.User, user_id: int, relationship: Relationship | None, viewer_id: int | None
) -> None:
    for count in hidden_counts(
        viewer_id, user_id, message.protected, relationship or Relationship.NONE
    ):
        message.ClearField(count)
    if relationship is not None:
        fill_relationship(message.viewer_relationship, user_id, relationship)

"""Conversions between the model and the messages of the contract."""

from collections.abc import Iterable
from typing import Any

from roost.user.v1 import auth_service_pb2 as auth_pb
from roost.user.v1 import graph_service_pb2 as graph_pb
from roost.user.v1 import user_pb2 as pb
from roost.user.v1 import user_service_pb2 as user_pb

from services.chassis.auth.tokens import Jwk
from services.user.domain.model import (
    ProfileUse,
    Relationship,
    Session,
    Settings,
    TokenPair,
    User,
)
from services.user.domain.user_queries import FoundUser
from services.user.domain.visibility import hidden_counts
from services.user.rpc import profile_media

_FLAGS = (
    (Relationship.FOLLOWING, "following"),
    (Relationship.FOLLOWED_BY, "followed_by"),
    (Relationship.REQUESTED, "follow_requested"),
    (Relationship.REQUESTED_BY, "follow_requested_by"),
    (Relationship.BLOCKING, "blocking"),
    (Relationship.BLOCKED_BY, "blocked_by"),
    (Relationship.MUTING, "muting"),
)
# Every combination of flags once, to be copied: cheaper than testing seven bits for each user.
_RELATIONSHIPS = [
    pb.Relationship(**{name: True for flag, name in _FLAGS if flag & bits}) for bits in range(128)
]


def user(user: User) -> pb.User:
    """A profile as lists show it: without the banner and a viewer's relationship to it."""
    message = pb.User(
        id=user.id,
        handle=user.handle,
        display_name=user.display_name,
        bio=user.bio,
        location=user.location,
        website=user.website,
        avatar_media_id=user.avatar_media_id,
        banner_media_id=user.banner_media_id,
        protected=user.protected,
        followers_count=user.followers_count,
        following_count=user.following_count,
        posts_count=user.posts_count,
        create_time=user.create_time,
        update_time=user.update_time,
        etag=user.etag,
    )
    if user.avatar is not None:
        message.avatar.CopyFrom(profile_media.shown(user.avatar, ProfileUse.AVATAR))
    return message


def profile(of: User) -> pb.User:
    """A complete profile, without a viewer's relationship to it."""
    message = user(of)
    if of.banner is not None:
        message.banner.CopyFrom(profile_media.shown(of.banner, ProfileUse.BANNER))
    return message


def packed_user(of: User) -> bytes:
    """A complete profile as the cache stores it."""
    return profile(of).SerializeToString()


def settings(settings: Settings) -> user_pb.Settings:
    """The settings of a user."""
    return user_pb.Settings(alt_text_reminder=settings.alt_text_reminder)


def unpack_user(found: FoundUser, *, viewer_id: int | None) -> pb.User:
    """A cached profile as the viewer may see it, with the viewer's relationship to it."""
    message = pb.User.FromString(found.packed)
    _show(message, found, viewer_id)
    return message


def fill_relationship(message: pb.Relationship, user_id: int, relationship: Relationship) -> None:
    """Writes the viewer's relationship with that user into an empty message."""
    if relationship:
        message.CopyFrom(_RELATIONSHIPS[relationship])
    message.user_id = user_id


def fill_pair_relationship(message: graph_pb.PairRelationship, relationship: Relationship) -> None:
    """Writes into an empty message what services that process events need of a pair."""
    message.following = Relationship.FOLLOWING in relationship
    message.muting = Relationship.MUTING in relationship
    message.either_blocks = bool(relationship & (Relationship.BLOCKING | Relationship.BLOCKED_BY))


def relationship(user_id: int, relationship: Relationship) -> pb.Relationship:
    """The viewer's relationship with that user."""
    message = pb.Relationship()
    fill_relationship(message, user_id, relationship)
    return message


def session(each: Session, *, current_id: int) -> pb.Session:
    """A session as its owner sees it from the session `current_id`."""
    return pb.Session(
        id=each.id,
        device_name=each.device_name,
        create_time=each.create_time,
        last_used_time=each.last_used_time,
        expire_time=each.expire_time,
        current=each.id == current_id,
    )


def tokens(pair: TokenPair) -> pb.TokenPair:
    """The tokens of a device."""
    return pb.TokenPair(
        access_token=pair.access_token,
        access_expire_time=pair.access_expire_time,
        refresh_token=pair.refresh_token,
        refresh_expire_time=pair.refresh_expire_time,
    )


def key(public: Jwk) -> auth_pb.JsonWebKey:
    """A public key that verifies access tokens."""
    return auth_pb.JsonWebKey(**public)


def add_visible_users(users: Any, found: Iterable[FoundUser], *, viewer_id: int | None) -> None:
    """Appends the profiles as the viewer may see them, in this order."""
    for user in found:
        message = users.add()
        message.MergeFromString(user.packed)
        message.ClearField("banner")
        _show(message, user, viewer_id)


def add_packed_users(users: Any, found: Iterable[FoundUser]) -> None:
    """Appends the profiles with all counts, in this order: for other services."""
    for user_id, packed, relationship in found:
        message = users.add()
        message.MergeFromString(packed)
        message.ClearField("banner")
        if relationship is not None:
            fill_relationship(message.viewer_relationship, user_id, relationship)


def _show(message: pb.User, found: FoundUser, viewer_id: int | None) -> None:
    user_id, _, relationship = found
    known = relationship or Relationship.NONE
    for count in hidden_counts(viewer_id, user_id, message.protected, known):
        message.ClearField(count)
    if relationship is not None:
        fill_relationship(message.viewer_relationship, user_id, relationship)

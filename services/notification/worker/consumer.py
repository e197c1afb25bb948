"""Which event is which cause."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from google.protobuf.message import Message
from roost.post.v1 import post_events_pb2 as posts
from roost.user.v1 import user_events_pb2 as users

from services.chassis.events import bodies
from services.chassis.events.records import Event
from services.notification.domain.domain_events import (
    Cause,
    Edited,
    Followed,
    FollowRequested,
    Heard,
    MuteChanged,
    Parted,
    PersonLeft,
    PostGone,
    ProfileChanged,
    RequestEnded,
    Response,
    SessionEnded,
    Unfollowed,
    Written,
)
from services.notification.domain.notifier import Telling
from services.notification.rpc.convert import post_from_proto
from services.notification.worker.account_cleanup import Departures

GROUP = "notification.events"
TOPICS = ("roost.user.v1", "roost.post.v1")


class Causes:
    """Handles batches of events of one partition."""

    def __init__(self, telling: Telling, departures: Departures) -> None:
        self._telling = telling
        self._departures = departures

    async def __call__(self, events: Sequence[Event]) -> None:
        """Tells people what happened. Raises Undecodable for an event that cannot be read."""
        heard = [cause for event in events if (cause := cause_of(event)) is not None]
        if heard:
            await self._telling.hear(heard)
        for each in heard:
            await self._departures.follow_up(each.cause)


def cause_of(event: Event) -> Heard | None:
    """What the event tells of; None for those that nobody is told of. Raises Undecodable."""
    reader = _READERS.get(event.type)
    if reader is None:
        return None
    return Heard(event.event_id, event.time, reader(event))


def _written(body: posts.PostCreated) -> Written:
    return Written(post_from_proto(body.post), body.quoted_author_id)


def _edited(body: posts.PostUpdated) -> Edited:
    return Edited(post_from_proto(body.post), frozenset(body.previous_mentioned_user_ids))


def _response(*, undone: bool) -> Callable[[Any], Response]:
    def read(body: posts.PostLiked) -> Response:
        return Response(body.user_id, body.post_id, body.author_id, is_repost=False, undone=undone)

    return read


def _repost(*, undone: bool) -> Callable[[Any], Response]:
    def read(body: posts.PostReposted) -> Response:
        entry = body.entry
        return Response(
            entry.reposter_id, entry.post_id, entry.author_id, is_repost=True, undone=undone
        )

    return read


def _profile(body: users.UserRegistered) -> ProfileChanged:
    return ProfileChanged(body.user.id, body.user.protected)


def _changed(body: users.UserUpdated) -> ProfileChanged:
    closed = body.user.protected and "protected" in body.changed_fields
    return ProfileChanged(body.user.id, body.user.protected, closed=closed)


# A block that ends brings nothing back, so it is none of these.
_CAUSES: Mapping[type[Message], Callable[[Any], Cause]] = {
    users.FollowCreated: lambda body: Followed(
        body.follower_id, body.followee_id, body.by_request, body.by_opening
    ),
    users.FollowRemoved: lambda body: Unfollowed(body.follower_id, body.followee_id),
    users.FollowRequested: lambda body: FollowRequested(body.follower_id, body.followee_id),
    users.FollowRequestRemoved: lambda body: RequestEnded(body.follower_id, body.followee_id),
    users.BlockCreated: lambda body: Parted(body.blocker_id, body.blocked_id),
    users.MuteCreated: lambda body: MuteChanged(body.muter_id, body.muted_id, muting=True),
    users.MuteRemoved: lambda body: MuteChanged(body.muter_id, body.muted_id, muting=False),
    users.UserRegistered: _profile,
    users.UserUpdated: _changed,
    users.UserDeleted: lambda body: PersonLeft(body.user_id),
    users.SessionRevoked: lambda body: SessionEnded(body.user_id, body.session_id),
    posts.PostCreated: _written,
    posts.PostUpdated: _edited,
    posts.PostDeleted: lambda body: PostGone(body.post_id, body.author_id),
    posts.PostLiked: _response(undone=False),
    posts.PostUnliked: _response(undone=True),
    posts.PostReposted: _repost(undone=False),
    posts.RepostUndone: _repost(undone=True),
}


def _reader(body: type[Message], cause: Callable[[Any], Cause]) -> Callable[[Event], Cause]:
    return lambda event: cause(bodies.read(event, body))


_READERS = {body.DESCRIPTOR.full_name: _reader(body, cause) for body, cause in _CAUSES.items()}

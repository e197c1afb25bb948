"""Events of a user's log: what happened, in order, each with its place."""

from enum import Enum
from typing import Annotated

import strawberry
from google.protobuf.timestamp_pb2 import Timestamp
from roost.notification.v1.notification_pb2 import SecurityNotice, UserEvent

from gateway.api.events.queries import HASHTAG_FOLLOW
from gateway.api.media.types import Medium
from gateway.api.notifications.types import NOTIFICATION, Notification
from gateway.api.posts.types import PLACE, Post
from gateway.api.timelines.types import TimelineItem
from gateway.api.users.types import User
from gateway.protocols.graphql.fields import value
from gateway.protocols.graphql.global_ids import global_id
from gateway.protocols.graphql.scalars import DateTime, Sequence
from gateway.views import times


@strawberry.enum(description="A part of the caller's log. Names as on the stream, in capitals.")
class Topic(Enum):
    """Of the stream's topics, those of the log."""

    HOME = value("home", "Arrivals in the home timeline, and its read marker.")
    NOTIFICATIONS = value(
        "notifications", "Notifications that came, grew or are gone, and their read marker."
    )
    ACCOUNT = value(
        "account",
        "Changes of the caller's own posts, profile, follows, followed hashtags, blocks, mutes and "
        "responses; devices signed "
        "in and out, a changed password, failed sign-ins.",
    )


@strawberry.enum(description="What changed of the caller. Names as on the stream, in capitals.")
class Resource(Enum):
    """Newer kinds are left out."""

    POST = value("post", "A post of the caller.")
    USER = value("user", "The caller's profile.")
    FOLLOW = value("follow", "A user whom the caller follows.")
    FOLLOW_REQUEST = value("follow_request", "A user whom the caller asked to follow.")
    BLOCK = value("block", "A user whom the caller blocks.")
    MUTE = value("mute", "A user whom the caller mutes.")
    LIKE = value("like", "A post that the caller likes.")
    REPOST = value("repost", "A post that the caller reposted.")
    BOOKMARK = value("bookmark", "A post among the caller's bookmarks.")
    MEDIUM = value("medium", "A medium of the caller: its processing ended, or it was deleted.")


# What the others are about is a user.
_KINDS = {
    Resource.POST: Post.kind,
    Resource.LIKE: Post.kind,
    Resource.REPOST: Post.kind,
    Resource.BOOKMARK: Post.kind,
    Resource.MEDIUM: Medium.kind,
}
_MARKED = {Topic.HOME: PLACE, Topic.NOTIFICATIONS: NOTIFICATION}


@strawberry.type(description="A post or repost came to the caller's home timeline.")
class Arrival:
    """As it is now."""

    item: TimelineItem = strawberry.field(description="Its place, and what stands there.")


@strawberry.type(description="A notification came or changed, or is gone: undone, or hidden.")
class NotificationEvent:
    """Either `notification` or `withdrawn_id` is null."""

    notification: Notification | None = strawberry.field(
        description="The notification that came, or changed; null where one is gone."
    )
    replaces_id: strawberry.ID | None = strawberry.field(
        description="The id that the notification had before it changed, which no list has now; "
        "null where it is new."
    )
    withdrawn_id: strawberry.ID | None = strawberry.field(
        description="The id of the notification that is gone; null where one came."
    )


@strawberry.type(description="Something of the caller changed; read it again.")
class ResourceChange:
    """As the log says."""

    resource: Resource = strawberry.field(description="What changed.")
    id: strawberry.ID = strawberry.field(
        description="The id of the post, of the user, or of the medium."
    )
    deleted: bool = strawberry.field(description="Whether it is gone: undone, unfollowed, deleted.")


@strawberry.type(
    description="The caller began or stopped to follow a hashtag, perhaps on another device."
)
class HashtagFollowChange:
    """As the log says."""

    tag: str = strawberry.field(description="Without the #, in the form that its spellings share.")
    deleted: bool = strawberry.field(description="Whether it is followed no more.")


@strawberry.type(description="One has read on, on another device perhaps.")
class MarkerMove:
    """As the log says."""

    timeline: Topic = strawberry.field(description="HOME or NOTIFICATIONS.")
    last_read_id: strawberry.ID = strawberry.field(
        description="The id of the newest item that was read."
    )


@strawberry.type(description="Another device was signed out.")
class SessionEnd:
    """As the log says."""

    session_id: strawberry.ID = strawberry.field(description="The id of its session.")


@strawberry.type(
    description="A device signed in with the password. If it was somebody else, change the "
    "password."
)
class SignIn:
    """As the log says."""

    session_id: strawberry.ID = strawberry.field(
        description="The id of its session, which names the device."
    )
    new_network: bool = strawberry.field(
        description="Whether nobody had signed in from its network within 90 days."
    )


@strawberry.type(description="The password was changed.")
class PasswordReplaced:
    """As the log says."""

    session_id: strawberry.ID = strawberry.field(
        description="The id of the session that changed it."
    )


@strawberry.type(
    description="Wrong passwords were tried: 10, and again each time that the number has doubled."
)
class FailedSignIns:
    """As the log says."""

    failures: int = strawberry.field(description="How many lately.")


@strawberry.type(
    description="Events up to this one's `sequence` are gone for good: read lists and objects "
    "again. What comes after it follows, and is safe to apply to what was read."
)
class Gap:
    """What cannot be had."""

    topics: list[Topic] = strawberry.field(description="What is missing is of these alone.")


Change = Annotated[
    Arrival
    | NotificationEvent
    | ResourceChange
    | HashtagFollowChange
    | MarkerMove
    | SessionEnd
    | SignIn
    | PasswordReplaced
    | FailedSignIns
    | Gap,
    strawberry.union("Change", description="What happened."),
]


@strawberry.type(description="One event of the caller's log, or how far the log was sent.")
class Event:
    """Sequences rise; those of other topics, and of what rules leave out, are missing."""

    sequence: Sequence = strawberry.field(
        description="Everything up to here was sent: give it as `after` to go on from here."
    )
    at: DateTime | None = strawberry.field(
        description="When it was logged; null where `change` is, or is a gap of more than one."
    )
    change: Change | None = strawberry.field(
        description="What happened; null where this only says how far the log was sent."
    )


def logged(event: UserEvent, change: Change) -> Event:
    """An event, with what is to be shown of it."""
    return Event(sequence=Sequence(event.sequence), at=_at(event.event_time), change=change)


def plain(event: UserEvent) -> Change | None:
    """What needs nothing loaded; None for a kind that is not known here."""
    match event.WhichOneof("kind"):
        case "resource":
            return _resource(event)
        case "marker":
            return _marker(event)
        case "session":
            return SessionEnd(session_id=_id("Session", event.session.session_id))
        case "security":
            return _security(event.security)
        case "arrivals_missed":
            return Gap(topics=[Topic.HOME])
        case _:
            return None


def _security(notice: SecurityNotice) -> Change | None:
    match notice.WhichOneof("notice"):
        case "signed_in":
            found = notice.signed_in
            return SignIn(
                session_id=_id("Session", found.session_id),
                new_network=found.new_network,
            )
        case "password_changed":
            return PasswordReplaced(session_id=_id("Session", notice.password_changed.session_id))
        case "sign_ins_failed":
            return FailedSignIns(failures=notice.sign_ins_failed.failures)
        case _:
            return None


def _resource(event: UserEvent) -> ResourceChange | HashtagFollowChange | None:
    change = event.resource
    if change.resource == HASHTAG_FOLLOW:
        return HashtagFollowChange(tag=change.tag, deleted=change.deleted)
    known = next((each for each in Resource if each.value == change.resource), None)
    if known is None:
        return None
    kind = _KINDS.get(known, User.kind)
    return ResourceChange(resource=known, id=_id(kind, change.resource_id), deleted=change.deleted)


def _marker(event: UserEvent) -> MarkerMove | None:
    marker = event.marker
    for topic, kind in _MARKED.items():
        if topic.value == marker.timeline:
            return MarkerMove(timeline=topic, last_read_id=_id(kind, marker.last_read_id))
    return None


def _id(kind: str, number: int) -> strawberry.ID:
    return strawberry.ID(global_id(kind, number))


def _at(time: Timestamp) -> DateTime:
    return DateTime(times.time(time))

"""The frames of the subprotocol `roost.v1`: what either side sends, as JSON in text messages.

What is parsed, printed and documented (`asyncapi`) are these types. Objects inside are those of
REST's version 1.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.core.ids import ID_PATTERN, Id
from gateway.core.problems import Problem
from gateway.views.shapes import Notification, Post, TimelineItem
from gateway.views.times import Time

SUBPROTOCOL = "roost.v1"
# Well below the idle timeouts of proxies and mobile networks.
HEARTBEAT_SECONDS = 25
MAX_TOPICS = 100
# What topics of hashtags begin with.
HASHTAG = "hashtag:"

Topic = Annotated[
    str,
    Meta(
        description="`home`, `notifications`, `account`, `post:` and the id of a post, or "
        "`hashtag:` and a hashtag without its #.",
        # Hashtags have up to 100 characters, of which folding makes up to three each.
        max_length=308,
        examples=["home", "post:187649984473770", "hashtag:roost"],
        extra_json_schema={
            "pattern": f"^(home|notifications|account|post:{ID_PATTERN.strip('^$')}|hashtag:.+)$"
        },
    ),
]
Topics = Annotated[list[Topic], Meta(min_length=1, max_length=MAX_TOPICS)]
Resource = Literal[
    "post",
    "user",
    "follow",
    "follow_request",
    "block",
    "mute",
    "like",
    "repost",
    "bookmark",
    "medium",
]
MarkedList = Literal["home", "notifications"]
Sequence = Annotated[
    int,
    Meta(ge=0, le=2**53 - 1, description="A place in the user's log: 1, 2, 3 … without holes."),
]


# --- what clients send ---


class Subscribe(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="subscribe"):
    """Begin to send events of topics."""

    topics: Topics


class Unsubscribe(
    Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="unsubscribe"
):
    """Stop sending events of topics."""

    topics: Topics


class Resume(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="resume"):
    """Go on after a sequence that an earlier connection reached. Before the first `subscribe`."""

    after_sequence: Sequence


class Ack(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="ack"):
    """What the client has handled. Optional: it changes nothing that is sent."""

    sequence: Sequence


class Ping(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="ping"):
    """A heartbeat of the client; the server answers with `pong`."""


class Pong(Struct, frozen=True, forbid_unknown_fields=True, tag_field="type", tag="pong"):
    """The answer to the other side's `ping`."""


ClientFrame = Subscribe | Unsubscribe | Resume | Ack | Ping | Pong


# --- what the server sends ---


class Hello(Struct, frozen=True, tag_field="type", tag="hello"):
    """The first frame of every connection."""

    connection_id: Annotated[str, Meta(description="Finds the connection in the server's logs.")]
    heartbeat_seconds: Annotated[
        int,
        Meta(
            description="A `ping` comes at least this often. After twice this time without "
            "a frame the connection is dead."
        ),
    ]
    last_sequence: Annotated[Sequence, Meta(description="The newest event at this moment.")]


class Subscribed(Struct, frozen=True, tag_field="type", tag="subscribed"):
    """Events of these topics follow."""

    topics: Annotated[
        list[Topic],
        Meta(description="As frames name them: hashtags in the form that spellings share."),
    ]


class Unsubscribed(Struct, frozen=True, tag_field="type", tag="unsubscribed"):
    """No more events of these topics follow: as requested, or since a post is hidden now."""

    topics: list[Topic]


class Arrival(Struct, frozen=True, tag_field="kind", tag="arrival"):
    """A post came to the home timeline.

    What depends on who looks (`viewer`, `relationship`) may be left out where it goes to many.
    """

    item: TimelineItem


class NotificationUpdated(Struct, frozen=True, tag_field="kind", tag="notification"):
    """A notification came, or changed: then it takes the place of the one that it was."""

    notification: Notification
    replaces: Annotated[
        Id | None,
        Meta(description="The id that it had before, which no list has now; null where it is new."),
    ]


class NotificationWithdrawn(Struct, frozen=True, tag_field="kind", tag="notification_withdrawn"):
    """A notification is gone: undone, or hidden."""

    id: Id


class ResourceChanged(Struct, frozen=True, tag_field="kind", tag="resource"):
    """Something of the caller changed; read it again."""

    resource: Resource
    id: Annotated[Id, Meta(description="Of the post, of the user, or of the medium.")]
    deleted: Annotated[bool, Meta(description="Whether it is gone: undone, unfollowed, deleted.")]


class HashtagFollowChanged(Struct, frozen=True, tag_field="kind", tag="hashtag_follow"):
    """The caller began or stopped to follow a hashtag, perhaps on another device."""

    hashtag: Annotated[str, Meta(description="Its form that spellings share, without the #.")]
    deleted: Annotated[bool, Meta(description="Whether it is followed no more.")]


class MarkerMoved(Struct, frozen=True, tag_field="kind", tag="marker"):
    """A read marker moved, perhaps on another device."""

    timeline: MarkedList
    last_read_id: Id


class SessionEnded(Struct, frozen=True, tag_field="kind", tag="session_ended"):
    """Another device was signed out."""

    session_id: Id


class SignedIn(Struct, frozen=True, tag_field="kind", tag="signed_in"):
    """A device signed in with the password. If it was somebody else, change the password."""

    session_id: Annotated[Id, Meta(description="Its session, which names the device.")]
    new_network: Annotated[
        bool,
        Meta(description="Whether nobody had signed in from its network within 90 days."),
    ]


class PasswordChanged(Struct, frozen=True, tag_field="kind", tag="password_changed"):
    """The password was changed."""

    session_id: Annotated[Id, Meta(description="The session that changed it.")]


class SignInsFailed(Struct, frozen=True, tag_field="kind", tag="sign_ins_failed"):
    """Wrong passwords were tried: 10, and again each time that the number has doubled."""

    failures: Annotated[int, Meta(description="How many lately.")]


Change = (
    Arrival
    | NotificationUpdated
    | NotificationWithdrawn
    | ResourceChanged
    | HashtagFollowChanged
    | MarkerMoved
    | SessionEnded
    | SignedIn
    | PasswordChanged
    | SignInsFailed
)


class Event(Struct, frozen=True, tag_field="type", tag="event"):
    """Something happened that the log keeps. Sequences rise; those of other topics are missing."""

    sequence: Sequence
    topic: Topic
    at: Annotated[Time, Meta(description="When it was logged.")]
    change: Change


class Activity(Struct, frozen=True, tag_field="type", tag="activity"):
    """Activity of a watched post, at most once a second. It is not in the log."""

    topic: Topic
    post: Annotated[Post | None, Meta(description="As it is now; null where it is gone.")]
    replies: Annotated[
        list[Post], Meta(description="New ones, oldest first, 20 at most; read the list for more.")
    ]


class HashtagPosts(Struct, frozen=True, tag_field="type", tag="hashtag_posts"):
    """New posts with a watched hashtag, at most once a second. They are not in the log."""

    topic: Topic
    posts: Annotated[
        list[Post],
        Meta(
            description="Oldest first, 20 at most; read the list for more. Each comes once on a "
            "topic."
        ),
    ]


class Gap(Struct, frozen=True, tag_field="type", tag="gap"):
    """Events are gone for good: read everything again, or what belongs to the named topics.

    Events from this sequence on follow."""

    first_sequence: Sequence
    topics: Annotated[
        list[Topic] | UnsetType,
        Meta(description="What has gone missing is of these alone; of all where they are absent."),
    ] = UNSET


class Error(Struct, frozen=True, tag_field="type", tag="error"):
    """A frame was refused, or the connection is about to be closed."""

    problem: Problem
    topic: Annotated[
        str | UnsetType, Meta(description="The topic that was refused, if it was one.")
    ] = UNSET


class Heartbeat(Struct, frozen=True, tag_field="type", tag="ping"):
    """A heartbeat of the server; answer with `pong`, or the connection is closed."""

    sequence: Annotated[
        Sequence,
        Meta(description="Everything up to here was sent, or is of no topic that was asked for."),
    ]


ServerFrame = (
    Hello
    | Subscribed
    | Unsubscribed
    | Event
    | Activity
    | HashtagPosts
    | Gap
    | Error
    | Heartbeat
    | Pong
)


class CloseReason(Struct, frozen=True, omit_defaults=True):
    """What the reason of a close frame holds, as JSON."""

    reason: Annotated[
        str, Meta(description="Why, for machines; absent where nothing is wrong.")
    ] = ""
    retry_after: Annotated[
        float | None, Meta(description="Seconds to wait before the next connection.")
    ] = None


_encoder = msgspec.json.Encoder()


def encode(frame: ServerFrame | CloseReason) -> str:
    """The text of a frame."""
    return _encoder.encode(frame).decode()

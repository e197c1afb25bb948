"""The shapes of notifications, beside `shapes.Notification` itself."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from gateway.core.ids import Id
from gateway.views.shapes import NextCursor, Notification

SenderFilter = Literal["everyone", "following", "nobody"]


class NotificationPage(Struct, frozen=True, gc=False):
    """A page of notifications."""

    items: list[Notification]
    next_cursor: NextCursor


class UnreadCount(Struct, frozen=True, gc=False):
    """How many notifications the read marker has not passed."""

    count: Annotated[int, Meta(ge=0, le=100, description="100 stands for 100 or more.")]


Hour = Annotated[int, Meta(ge=0, le=23)]


class QuietHours(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A part of each day in which nothing is pushed: what is due in it goes out when it ends."""

    start_hour: Annotated[
        Hour,
        Meta(
            description="The hour with which it begins, in the caller's time zone.", examples=[22]
        ),
    ]
    end_hour: Annotated[
        Hour,
        Meta(
            description="The hour with which it ends, another one; one before `start_hour` is on "
            "the next day.",
            examples=[7],
        ),
    ]


class KindPreference(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How the user is notified of one kind."""

    sender: Annotated[SenderFilter, Meta(description="Whose activities notify.")] = field(
        name="from"
    )
    push: Annotated[bool, Meta(description="Whether they are also pushed to devices.")]


class KindPreferences(Struct, frozen=True, gc=False):
    """How the user is notified of each kind."""

    follow: KindPreference
    follow_request: KindPreference
    follow_accepted: KindPreference
    mention: KindPreference
    reply: KindPreference
    like: KindPreference
    repost: KindPreference
    quote: KindPreference
    post: KindPreference


class NotificationPreferences(Struct, frozen=True, gc=False):
    """The caller's preferences of notifications."""

    kinds: KindPreferences
    muted_conversation_ids: Annotated[
        list[Id], Meta(description="Muted conversations, by their first posts.")
    ]
    watched_user_ids: Annotated[
        list[Id],
        Meta(description="The users whom the caller watches, as far as the caller may see them."),
    ]
    email_digest: Annotated[bool, Meta(description="Whether a daily summary goes out by e-mail.")]
    time_zone: Annotated[
        str,
        Meta(
            description="By its name in the IANA database: digests and quiet hours go by it.",
            examples=["Europe/Berlin"],
        ),
    ]
    quiet_hours: Annotated[QuietHours | None, Meta(description="Null for none.")]

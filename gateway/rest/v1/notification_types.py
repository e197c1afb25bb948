"""The shapes of notifications in version 1, beside `types.Notification` itself."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from gateway.rest.ids import Id
from gateway.rest.v1.types import NextCursor, Notification

SenderFilter = Literal["everyone", "following", "nobody"]


class NotificationPage(Struct, frozen=True, gc=False):
    """A page of notifications."""

    items: list[Notification]
    next_cursor: NextCursor


class UnreadCount(Struct, frozen=True, gc=False):
    """How many notifications the read marker has not passed."""

    count: Annotated[int, Meta(ge=0, le=100, description="100 stands for 100 or more.")]


class KindPreference(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """How somebody wishes to hear of one kind."""

    sender: Annotated[SenderFilter, Meta(description="Whose deeds are told.")] = field(name="from")
    push: Annotated[bool, Meta(description="Whether they are also pushed to devices.")]


class KindPreferences(Struct, frozen=True, gc=False):
    """How somebody wishes to hear of each kind."""

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
    """What the caller wishes to hear of."""

    kinds: KindPreferences
    muted_conversation_ids: Annotated[
        list[Id], Meta(description="Conversations that are not told, by their first posts.")
    ]
    watched_user_ids: Annotated[list[Id], Meta(description="People whose new posts are told.")]
    email_digest: Annotated[bool, Meta(description="Whether a daily summary goes out by e-mail.")]

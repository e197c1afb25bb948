"""What requests about timelines take."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.core.ids import Id
from gateway.protocols.rest.context import DEFAULT_LIMIT, Cursor, Limit


class HomeQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How the home timeline is ordered, and where it goes on."""

    order: Annotated[
        Literal["latest", "relevant"],
        Meta(description="Newest first, or the newest by recency, engagement and closeness."),
    ] = "latest"
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


class UserPostsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of a user's posts, and where the list goes on."""

    include_replies: Annotated[
        bool, Meta(description="Whether answers to other users are among them.")
    ] = False
    only_media: Annotated[
        bool,
        Meta(description="Only the user's own posts with media: replies too, but no reposts."),
    ] = False
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


class MarkerChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The newest item that was read."""

    last_read_id: Id

"""What requests about posts take."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.core.ids import Id
from gateway.views.shapes import Visibility
from services.chassis.text.kinds import (
    POST,
)

# However long it is, its service refuses it with a reason of its own (TEXT_TOO_LONG).
Text = Annotated[
    str,
    Meta(
        min_length=1,
        description=f"What the post says. {POST.limits}.",
        examples=["Good morning @bob!"],
    ),
]


class NewPost(Struct, frozen=True, forbid_unknown_fields=True):
    """The post to write."""

    text: Text
    visibility: Annotated[
        Visibility,
        Meta(description="Everyone; followers and users mentioned; or users mentioned."),
    ] = "public"
    reply_to_post_id: Annotated[Id | None, Meta(description="The post to answer.")] = None
    quoted_post_id: Annotated[Id | None, Meta(description="The post to quote.")] = None
    media_ids: Annotated[
        tuple[Id, ...], Meta(max_length=4, description="The caller's own media, ready for use.")
    ] = ()


class PostChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The new text of a post; the old one is kept as a revision."""

    text: Text

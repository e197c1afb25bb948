"""What requests about posts take."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.core.field_rules import pattern
from gateway.core.ids import Id
from gateway.views.shapes import Visibility
from services.chassis.text.kinds import (
    POST,
)

# However long it is, its service refuses it with a reason of its own (TEXT_TOO_LONG).
Text = Annotated[
    str,
    Meta(
        description=f"What the post says. {POST.limits}. Empty where media say it all.",
        examples=["Good morning @bob!"],
    ),
]
MediaIds = Annotated[
    tuple[Id, ...],
    Meta(
        max_length=4,
        description="The caller's own media in order, ready for use and used by nothing else: up "
        "to four pictures, or one animation, video or audio.",
    ),
]


LanguageCode = Annotated[
    str,
    Meta(
        pattern=pattern(
            "^[a-z]{2,3}$", "must be a language code of two or three lower-case letters"
        ),
        examples=["en"],
    ),
]


class NewPost(Struct, frozen=True, forbid_unknown_fields=True):
    """The post to write."""

    text: Text = ""
    visibility: Annotated[
        Visibility,
        Meta(description="Everyone; followers and users mentioned; or users mentioned."),
    ] = "public"
    reply_to_post_id: Annotated[Id | None, Meta(description="The post to answer.")] = None
    quoted_post_id: Annotated[Id | None, Meta(description="The post to quote.")] = None
    media_ids: MediaIds = ()
    language: Annotated[
        LanguageCode | None,
        Meta(
            description="The language of the text, an ISO 639 code of two or three lower-case "
            "letters; null to detect it."
        ),
    ] = None


class PostChange(Struct, frozen=True, forbid_unknown_fields=True):
    """The new text of a post, and its media; the old ones are kept as a revision."""

    text: Text
    media_ids: MediaIds | UnsetType = UNSET
    language: Annotated[
        LanguageCode | None,
        Meta(
            description="The language of the new text; null to keep what the author gave before, "
            "and to detect it otherwise."
        ),
    ] = None

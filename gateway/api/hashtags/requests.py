"""What requests about hashtags take."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.core.field_rules import pattern
from gateway.protocols.rest.context import DEFAULT_LIMIT, Cursor, Limit


class HashtagPostsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which of the posts with a hashtag, and where the list goes on."""

    only_media: Annotated[bool, Meta(description="Whether to list only posts with media.")] = False
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


class TrendsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """In which language."""

    language: Annotated[
        str,
        Meta(
            pattern=pattern(
                "^([a-z]{2,3})?$", "must be a language code of two or three lower-case letters"
            ),
            description="Only posts in this language, an ISO 639 code; empty for all.",
            examples=["en"],
        ),
    ] = ""

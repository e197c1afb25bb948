"""What searches take."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from gateway.core.field_rules import text_meta
from gateway.protocols.rest.context import DEFAULT_LIMIT, Cursor, Limit
from services.chassis.text.kinds import SEARCH_QUERY

# The limits of SearchPosts and Typeahead, which are not those of SEARCH_QUERY.
MAX_QUERY_CODE_POINTS = 2_048
MAX_TYPED_CODE_POINTS = 500
DEFAULT_SUGGESTIONS = 8
MAX_SUGGESTIONS = 20

PostQuery = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_QUERY_CODE_POINTS,
        description="What to look for, up to 512 characters on a single line: words, and "
        'operators such as `from:alice`, `#roost`, `"a phrase"`, `-not`.',
        examples=['heron -from:bob "early morning"'],
    ),
]
Beginning = Annotated[str, Meta(min_length=1), text_meta(SEARCH_QUERY, "What names begin with.")]
Typed = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=MAX_TYPED_CODE_POINTS,
        description="What was typed, up to 50 characters: only users after an @, only hashtags "
        "after a #, else both.",
        examples=["@al"],
    ),
]
PostOrderName = Literal["top", "latest"]


class SearchPostsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which posts, in which order, and where the list goes on."""

    q: PostQuery
    order: Annotated[
        PostOrderName,
        Meta(description="The best of the newest 300 matches first, or the newest first."),
    ] = "top"
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


class SearchNamesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which users or hashtags, and where the list goes on."""

    q: Beginning
    limit: Limit = DEFAULT_LIMIT
    cursor: Cursor = ""


class TypeaheadQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """What was typed, and how many suggestions are wanted."""

    q: Typed
    limit: Annotated[
        int,
        Meta(ge=1, le=MAX_SUGGESTIONS, description="How many suggestions there are at most."),
    ] = DEFAULT_SUGGESTIONS

"""The shapes of search, hashtags and trends."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.core.ids import Id
from gateway.views.shapes import NextCursor, Post, User
from gateway.views.times import Time

MatchedField = Literal["handle", "display_name", "bio"]
Tag = Annotated[
    str,
    Meta(description="Without the #, in the form that its spellings share.", examples=["roost"]),
]
_PostsCount = Annotated[int, Meta(ge=0, description="Posts with it that everyone may see.")]
_AuthorsCount = Annotated[int, Meta(ge=0, description="Their authors.")]


class MatchedRange(Struct, frozen=True, gc=False):
    """A part of a text that the query matches."""

    start: Annotated[int, Meta(ge=0, description="The first code point, counted from 0.")]
    end: Annotated[int, Meta(ge=0, description="The code point after the last.")]
    medium_id: Annotated[
        Id | None,
        Meta(description="The medium whose alt text is meant; null for the text of the post."),
    ]


class Matches(Struct, frozen=True, gc=False):
    """Which parts of a post the query matches."""

    revision: Annotated[
        int, Meta(ge=0, description="The revision of the post that the search found.")
    ]
    ranges: Annotated[
        list[MatchedRange],
        Meta(
            description="Up to 100: those of the text first, then those of alt texts. Empty where "
            "only properties match, and where the post was edited since it was indexed."
        ),
    ]


class FoundPost(Struct, frozen=True, gc=False):
    """A post that was found, and why."""

    post: Post
    matches: Matches


class FoundPostPage(Struct, frozen=True, gc=False):
    """A page of posts that were found."""

    items: list[FoundPost]
    next_cursor: NextCursor


class FoundUser(Struct, frozen=True, gc=False):
    """A user who was found, and why."""

    user: User
    matched_field: Annotated[MatchedField, Meta(description="The field that matches best.")]


class FoundUserPage(Struct, frozen=True, gc=False):
    """A page of users who were found."""

    items: list[FoundUser]
    next_cursor: NextCursor


class HashtagHour(Struct, frozen=True, gc=False):
    """How a hashtag was used in one hour."""

    start_at: Annotated[Time, Meta(description="The start of the hour.")]
    posts_count: _PostsCount
    authors_count: _AuthorsCount


class HashtagUse(Struct, frozen=True, gc=False):
    """How a hashtag is used: for every caller the same numbers."""

    tag: Tag
    posts_count: Annotated[
        int, Meta(ge=0, description="Posts of the last 7 days that everyone may see.")
    ]
    authors_count: _AuthorsCount
    history: Annotated[
        list[HashtagHour],
        Meta(
            description="The last 24 hours, oldest first, the running hour last; empty in "
            "suggestions."
        ),
    ]
    following: Annotated[
        bool | UnsetType,
        Meta(description="Whether the caller follows it. Absent for strangers, and in lists."),
    ] = UNSET


class HashtagPage(Struct, frozen=True, gc=False):
    """A page of hashtags."""

    items: list[HashtagUse]
    next_cursor: NextCursor


class HashtagFollow(Struct, frozen=True, gc=False):
    """Whether the caller follows a hashtag."""

    tag: Tag
    following: bool
    followed_at: Annotated[Time | None, Meta(description="Null where it is not followed.")]


class HashtagFollowPage(Struct, frozen=True, gc=False):
    """A page of the hashtags that the caller follows."""

    items: list[HashtagFollow]
    next_cursor: NextCursor


class Trend(Struct, frozen=True, gc=False):
    """A hashtag whose use rises, and by which figures."""

    hashtag: HashtagUse
    score: Annotated[
        float, Meta(description="(observed - baseline) / sqrt(baseline + 4): the strength.")
    ]
    observed: Annotated[int, Meta(ge=0, description="Its trusted authors of the last hour.")]
    baseline: Annotated[float, Meta(ge=0, description="As many as its own past makes one expect.")]


class Trends(Struct, frozen=True, gc=False):
    """The hashtags whose use rises most compared with their own past, strongest first."""

    as_of: Annotated[
        Time | None,
        Meta(description="The time for which they were computed; null before the first."),
    ]
    items: list[Trend]


class UserSuggestion(Struct, frozen=True, gc=False, tag_field="type", tag="user"):
    """A user whose handle or name begins with what was typed."""

    user: User


class HashtagSuggestion(Struct, frozen=True, gc=False, tag_field="type", tag="hashtag"):
    """A hashtag that begins with what was typed."""

    hashtag: HashtagUse


class Suggestions(Struct, frozen=True, gc=False):
    """What was perhaps to be typed, best first."""

    items: list[UserSuggestion | HashtagSuggestion]

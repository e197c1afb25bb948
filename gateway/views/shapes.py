"""What is shown, without a version: the shapes that are printed, parsed and documented.

Ids are strings, since JavaScript's numbers end at 2^53. Limits are those of the contracts in
protos/, which the services check again; a test compares the two.

No value refers back to itself, so none needs the garbage collector (`gc=False`).
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.core.ids import Id
from gateway.views.media_shapes import Medium
from gateway.views.times import Time

Count = Annotated[
    int,
    Meta(
        ge=0,
        description="What everybody may see: public posts, and responses, of users who are not "
        "protected. Never more than the list shows, except users whom a block hides from "
        "the caller. Settles within seconds; never negative.",
    ),
]
EdgeCount = Annotated[
    int,
    Meta(
        ge=0,
        description="As many as the list shows, except users whom a block hides from the "
        "caller; 0 where the list is refused: for followers of a protected user. Settles within "
        "seconds; never negative.",
    ),
]
PostsCount = Annotated[
    int,
    Meta(
        ge=0,
        description="Public posts that answer nothing, without reposts; 0 where the caller may not "
        "list them: where the user is protected and not followed, or the caller blocks them. "
        "Settles within seconds; never negative.",
    ),
]
Visibility = Literal["public", "followers", "mentioned"]


# --- answers ---


class Relationship(Struct, frozen=True, gc=False):
    """The relationship of the caller and another user."""

    user_id: Annotated[Id, Meta(description="The other user.")]
    following: Annotated[bool, Meta(description="The caller follows the other.")]
    followed_by: Annotated[bool, Meta(description="The other follows the caller.")]
    follow_requested: Annotated[
        bool, Meta(description="The caller asked to follow the other, who has not answered yet.")
    ]
    follow_requested_by: Annotated[
        bool, Meta(description="The other asked to follow the caller, who has not answered yet.")
    ]
    blocking: Annotated[bool, Meta(description="The caller blocks the other.")]
    blocked_by: Annotated[
        bool,
        Meta(
            description="Always false: somebody who blocks the caller is to the caller as if they "
            "did not exist. Kept for clients that read it."
        ),
    ]
    muting: Annotated[bool, Meta(description="The caller mutes the other.")]


class User(Struct, frozen=True, gc=False):
    """A user's profile."""

    id: Id
    handle: Annotated[str, Meta(description="The name after the @.", examples=["alice"])]
    display_name: Annotated[str, Meta(examples=["Alice Liddell"])]
    bio: Annotated[str, Meta(description="Empty for none.")]
    location: Annotated[str, Meta(description="Empty for none.")]
    website: Annotated[str, Meta(description="http or https; empty for none.")]
    avatar_media_id: Annotated[
        Id | None, Meta(description="The profile picture, by its id; null for none.")
    ]
    avatar: Annotated[Medium | None, Meta(description="The profile picture; null for none.")]
    banner_media_id: Annotated[
        Id | None, Meta(description="The wide picture above the profile, by its id; null for none.")
    ]
    protected: Annotated[
        bool, Meta(description="Followers need consent, and only they may read the posts.")
    ]
    followers_count: EdgeCount
    following_count: EdgeCount
    posts_count: PostsCount
    created_at: Time
    relationship: Annotated[
        Relationship | UnsetType,
        Meta(description="The relationship of the caller and this user. Absent for strangers."),
    ] = UNSET
    banner: Annotated[
        Medium | UnsetType | None,
        Meta(description="The picture itself; null for none. Shown with a profile, not in lists."),
    ] = UNSET


class Settings(Struct, frozen=True, gc=False):
    """The caller's settings for the caller's own clients."""

    alt_text_reminder: Annotated[
        bool, Meta(description="Whether to remind the user of media without a description.")
    ]


class Mention(Struct, frozen=True, gc=False, tag_field="type", tag="mention"):
    """A user mentioned in a post."""

    start: Annotated[int, Meta(ge=0, description="The first code point, counted from 0.")]
    end: Annotated[int, Meta(ge=0, description="The code point after the last.")]
    user_id: Id
    handle: Annotated[str, Meta(description="The handle when the post was written.")]


class Hashtag(Struct, frozen=True, gc=False, tag_field="type", tag="hashtag"):
    """A tag named in a post."""

    start: Annotated[int, Meta(ge=0, description="The first code point, counted from 0.")]
    end: Annotated[int, Meta(ge=0, description="The code point after the last.")]
    tag: Annotated[str, Meta(description="Without the #, in the form that its spellings share.")]


class Link(Struct, frozen=True, gc=False, tag_field="type", tag="link"):
    """An address named in a post."""

    start: Annotated[int, Meta(ge=0, description="The first code point, counted from 0.")]
    end: Annotated[int, Meta(ge=0, description="The code point after the last.")]
    url: str


Entity = Mention | Hashtag | Link


class ReplyTo(Struct, frozen=True, gc=False):
    """The post that another one answers."""

    post_id: Id
    author_id: Annotated[
        Id | None, Meta(description="Who wrote it; null only in a tombstone, which hides that.")
    ]


class PostCounts(Struct, frozen=True, gc=False):
    """The engagement of users with a post."""

    likes: Count
    reposts: Count
    replies: Count
    quotes: Count


class ViewerState(Struct, frozen=True, gc=False):
    """What the caller did with a post."""

    liked: bool
    reposted: bool
    bookmarked: bool


class Post(Struct, frozen=True, gc=False):
    """A post, as the caller may see it; or a tombstone, which keeps its place in a conversation.

    A tombstone is `deleted` and says nothing but `id`, `conversation_id`, `reply_to` and
    `created_at`: what else it has is null, empty or 0.
    """

    id: Id
    author: Annotated[
        User | None, Meta(description="Who wrote it; null only where a tombstone hides that.")
    ]
    text: Annotated[str, Meta(description="Empty where deleted.", examples=["Good morning @bob!"])]
    entities: Annotated[
        list[Entity], Meta(description="What is found in the text, by ascending start.")
    ]
    visibility: Annotated[Visibility | None, Meta(description="Null where deleted.")]
    reply_to: Annotated[ReplyTo | None, Meta(description="The post that this one answers.")]
    conversation_id: Annotated[Id, Meta(description="The first post of the conversation.")]
    quoted_post_id: Annotated[Id | None, Meta(description="The post that this one quotes.")]
    quoted_post: Annotated[
        "Post | None",
        Meta(description="That post, one level deep; null if there is none or it is hidden."),
    ]
    quote_hidden: Annotated[
        bool,
        Meta(
            description="Whether a quoted post is not shown: it is hidden, gone, or a block "
            "exists between its author and this one's."
        ),
    ]
    media_ids: list[Id]
    media: Annotated[
        list[Medium], Meta(description="Up to four pictures, or one medium of another kind.")
    ]
    created_at: Time
    edited_at: Annotated[Time | None, Meta(description="Null where it never was.")]
    revision: Annotated[
        int, Meta(ge=0, description="1 when written, one more with each edit; 0 where deleted.")
    ]
    counts: Annotated[PostCounts, Meta(description="All 0 where deleted.")]
    language: Annotated[
        str | None,
        Meta(
            description="An ISO 639 code of two or three letters, as its author gave it or as "
            "detected; `und` where that is not known. Null where deleted, and in older posts."
        ),
    ]
    deleted: Annotated[bool, Meta(description="Only a tombstone is left.")]
    viewer: Annotated[ViewerState | UnsetType, Meta(description="Absent for strangers.")] = UNSET


class TimelineItem(Struct, frozen=True, gc=False):
    """One place on a timeline: a post, or a post that somebody reposted."""

    id: Annotated[Id, Meta(description="The place's own id: the post's, or the repost's.")]
    post: Post
    reposted_by: Annotated[User | None, Meta(description="Null where it is the post itself.")]


NextCursor = Annotated[
    str | None, Meta(description="Give it as `cursor` for the next page; null on the last page.")
]


class TimelinePage(Struct, frozen=True, gc=False):
    """A page of a timeline."""

    items: list[TimelineItem]
    next_cursor: NextCursor


class PostPage(Struct, frozen=True, gc=False):
    """A page of posts."""

    items: list[Post]
    next_cursor: NextCursor


class UserPage(Struct, frozen=True, gc=False):
    """A page of users."""

    items: list[User]
    next_cursor: NextCursor


class Thread(Struct, frozen=True, gc=False):
    """A conversation around a post."""

    ancestors: Annotated[
        list[Post], Meta(description="The posts it answers, first one first; first page only.")
    ]
    post: Post
    replies: Annotated[PostPage, Meta(description="Direct replies, oldest first.")]


class Revision(Struct, frozen=True, gc=False):
    """The text and the media of a post at one time."""

    revision: Annotated[int, Meta(ge=1, description="1 for the first.")]
    text: str
    entities: list[Entity]
    media: list[Medium]
    created_at: Time


class RevisionPage(Struct, frozen=True, gc=False):
    """A page of a post's revisions, newest first."""

    items: list[Revision]
    next_cursor: NextCursor


class Engagement(Struct, frozen=True, gc=False):
    """How a post stands after the caller's response to it."""

    post_id: Id
    counts: PostCounts
    viewer: ViewerState
    repost_id: Annotated[
        Id | UnsetType, Meta(description="After a repost: its place on timelines.")
    ] = UNSET


class Relationships(Struct, frozen=True, gc=False):
    """The caller's relationships to several users, in the order of the request."""

    items: list[Relationship]


class ReadMarker(Struct, frozen=True, gc=False):
    """Where the caller stopped reading."""

    last_read_id: Annotated[
        Id | None, Meta(description="The newest item that was read; null before the first.")
    ]
    updated_at: Time | None


NotificationKind = Literal[
    "follow",
    "follow_request",
    "follow_accepted",
    "mention",
    "reply",
    "like",
    "repost",
    "quote",
    "post",
]


class Notification(Struct, frozen=True, gc=False):
    """One activity, or activities of one kind by several users together."""

    id: Annotated[
        Id, Meta(description="Sorts by the newest activity; it changes with each activity.")
    ]
    kind: NotificationKind
    post: Annotated[Post | None, Meta(description="The post it is about; null for follows.")]
    people: Annotated[list[User], Meta(description="Up to five of those who did it, newest first.")]
    count: Annotated[int, Meta(ge=1, description="How many did it.")]
    first_at: Annotated[Time, Meta(description="The oldest activity.")]
    last_at: Annotated[Time, Meta(description="The newest activity.")]
    read: Annotated[bool, Meta(description="Whether the read marker has passed it.")]


class Rebuilt(Struct, frozen=True, gc=False):
    """A home timeline that was rebuilt."""

    entry_count: Annotated[int, Meta(ge=0, description="How many places it holds now.")]

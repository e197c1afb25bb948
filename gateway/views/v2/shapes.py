"""The shapes of version 2 that differ from the shared ones: posts, and what contains posts."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType

from gateway.core.ids import Id
from gateway.views import notification_shapes, search_shapes
from gateway.views import shapes as v1
from gateway.views.media_shapes import Medium
from gateway.views.search_shapes import Matches
from gateway.views.shapes import (
    NextCursor,
    NotificationKind,
    PostCounts,
    ReplyTo,
    User,
    ViewerState,
    Visibility,
)
from gateway.views.times import Time

RawSegmentText = Annotated[str, Meta(min_length=1, description="As it stands in the text.")]


class PlainText(Struct, frozen=True, gc=False, tag_field="type", tag="text"):
    """A stretch of text that is nothing else."""

    text: RawSegmentText


class Mention(Struct, frozen=True, gc=False, tag_field="type", tag="mention"):
    """A user mentioned in a post."""

    text: Annotated[RawSegmentText, Meta(examples=["@Bob"])]
    user_id: Id
    handle: Annotated[str, Meta(description="The handle when the post was written.")]


class Hashtag(Struct, frozen=True, gc=False, tag_field="type", tag="hashtag"):
    """A tag named in a post."""

    text: Annotated[RawSegmentText, Meta(examples=["#Roost"])]
    tag: Annotated[str, Meta(description="Without the #, in the form that its spellings share.")]


class Link(Struct, frozen=True, gc=False, tag_field="type", tag="link"):
    """An address named in a post."""

    text: RawSegmentText
    url: str


Segment = PlainText | Mention | Hashtag | Link

Content = Annotated[
    list[Segment],
    Meta(
        description="The text in order, cut into segments: their `text`, put together, is all of "
        "it. Show what has a `type` that you do not know as its `text`. Empty where deleted.",
        examples=[
            [
                {"type": "text", "text": "Good morning "},
                {"type": "mention", "text": "@bob", "user_id": "187649984473770", "handle": "bob"},
                {"type": "text", "text": "!"},
            ]
        ],
    ),
]


class Post(Struct, frozen=True, gc=False):
    """A post, as the caller may see it; or a tombstone, which keeps its place in a conversation.

    A tombstone is `deleted` and says nothing but `id`, `conversation_id`, `reply_to` and
    `created_at`: what else it has is null, empty or 0.
    """

    id: Id
    author: Annotated[
        User | None, Meta(description="Who wrote it; null only where a tombstone hides that.")
    ]
    content: Content
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


class TimelinePage(Struct, frozen=True, gc=False):
    """A page of a timeline."""

    items: list[TimelineItem]
    next_cursor: NextCursor


class PostPage(Struct, frozen=True, gc=False):
    """A page of posts."""

    items: list[Post]
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
    content: Content
    media: list[Medium]
    created_at: Time


class RevisionPage(Struct, frozen=True, gc=False):
    """A page of a post's revisions, newest first."""

    items: list[Revision]
    next_cursor: NextCursor


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


class NotificationPage(Struct, frozen=True, gc=False):
    """A page of notifications."""

    items: list[Notification]
    next_cursor: NextCursor


class FoundPost(Struct, frozen=True, gc=False):
    """A post that was found, and why."""

    post: Post
    matches: Matches


class FoundPostPage(Struct, frozen=True, gc=False):
    """A page of posts that were found."""

    items: list[FoundPost]
    next_cursor: NextCursor


# What is answered in place of what a route declares.
SHAPES: dict[type[Any], type[Any]] = {
    v1.Post: Post,
    v1.PostPage: PostPage,
    v1.RevisionPage: RevisionPage,
    v1.Thread: Thread,
    v1.TimelinePage: TimelinePage,
    notification_shapes.NotificationPage: NotificationPage,
    search_shapes.FoundPostPage: FoundPostPage,
}

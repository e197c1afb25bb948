"""Posts, their counts, and what the caller did with them."""

from typing import Annotated, ClassVar

import strawberry
from roost.post.v1 import post_pb2
from strawberry.types import Info

from gateway.api.media import types as media
from gateway.api.media.types import Medium
from gateway.api.posts import queries
from gateway.api.posts.entity_types import Entity, entities
from gateway.api.posts.parts import (
    CONTENT,
    PostCounts,
    Revision,
    ViewerState,
    Visibility,
    visibility,
)
from gateway.api.posts.segment_types import Segment, content
from gateway.api.users import types as users
from gateway.api.users.types import User
from gateway.core import media_addresses
from gateway.core.hydrate import Hydrated
from gateway.core.pipeline import Page
from gateway.protocols.acts import Target
from gateway.protocols.graphql.connections import list_field
from gateway.protocols.graphql.context import Context
from gateway.protocols.graphql.fields import (
    computed,
    computed_or_resolved,
    extend,
    message_field,
    resolved,
)
from gateway.protocols.graphql.global_ids import global_id
from gateway.protocols.graphql.nodes import Node
from gateway.protocols.graphql.scalars import DateTime
from gateway.views import times

# What the ids of places on timelines begin with.
PLACE = "TimelineItem"

# A text of 500 characters has 20,000 bytes at most, and hardly ever more than 2,000; a picture has
# about 600, besides its description.
_MOST_BYTES = 8_192


class Seen:
    """What was loaded for one page: each user and post in it is looked at once."""

    __slots__ = ("_people", "_posts", "found")

    def __init__(self, found: Hydrated) -> None:
        self.found = found
        self._people: dict[int, User] = {}
        self._posts: dict[int, Post] = {}

    def user(self, number: int) -> User | None:
        """A user; None where hidden, gone or nobody."""
        known = self._people.get(number)
        if known is None:
            message = self.found.users.get(number)
            if message is None:
                return None
            known = self._people[number] = User(message=message)
        return known

    def post(self, message: post_pb2.Post) -> "Post":
        """A post as it stands on the page."""
        known = self._posts.get(message.id)
        if known is None:
            known = self._posts[message.id] = Post(message=message, seen=self)
        return known

    def post_of(self, number: int) -> "Post | None":
        """A post by number; None where it was not loaded or is hidden."""
        message = self.found.posts.get(number)
        return self.post(message) if message is not None else None


def _quoted(post: "Post") -> "Post | None":
    found = post.seen.found.quoted_by(post.message)
    return post.seen.post(found) if found is not None else None


def _quotes_nothing(post: "Post") -> bool:
    return not post.message.quoted_post_id


def _hidden(post: "Post") -> bool:
    return bool(post.message.quoted_post_id) and _quoted(post) is None


@strawberry.type(description="A post, as the caller may see it.")
class Post(Node):
    """A view of one."""

    kind: ClassVar[str] = "Post"
    message: strawberry.Private[post_pb2.Post]
    seen: strawberry.Private[Seen]
    # What printing it depends on; False before that was asked for.
    key: strawberry.Private[object] = False

    def number(self) -> int:
        """The id within its kind."""
        return self.message.id

    def json_cache_key(self) -> object | None:
        """What its printed form depends on: its own bytes, its author's, and the quoted post's, and
        when addresses expire. None where they are too many to be kept."""
        if self.key is False:
            own, quoted = self._alone(), _quoted(self)
            of_quoted = quoted._alone() if quoted else None
            small = len(own[0]) + (len(of_quoted[0]) if of_quoted else 0) <= _MOST_BYTES
            self.key = (own, of_quoted, self.is_embedded_only()) if small else None
        return self.key

    def _alone(self) -> tuple[bytes, object, object]:
        message = self.message
        author = self.seen.user(message.author_id)
        return (
            message.SerializeToString(),
            author.json_cache_key() if author else None,
            media_addresses.expire_time() if media_addresses.expire(message.media) else None,
        )

    text = message_field("text", str, "Empty where deleted.")
    revision = message_field(
        "revision", int, "1 when written, one more with each edit; 0 where deleted."
    )
    deleted = message_field("deleted", bool, "Only a tombstone is left.")
    etag = message_field("etag", str, "Changes with every edit: see `updatePost`.")

    @computed("Who wrote it; null only where a tombstone hides that.")
    def author(self) -> User | None:
        return self.seen.user(self.message.author_id)

    @computed("The text in order, cut where something is found in it. Empty where deleted.")
    def content(self) -> list[Segment]:
        """All of the text."""
        return content(self.message.text, self.message.entities)

    @computed("What is found in the text, by ascending start.", deprecated=CONTENT)
    def entities(self) -> list[Entity]:
        return entities(self.message.entities)

    @computed("Who may see it. Says nothing where deleted.")
    def visibility(self) -> Visibility:
        """Newer kinds count as the narrowest known."""
        return visibility(self.message)

    @computed("The id of the post that this one answers; null where it answers none.")
    def reply_to_id(self) -> strawberry.ID | None:
        number = self.message.reply_to_post_id
        return post_id(number) if number else None

    @computed(
        "Who wrote the post that this one answers; null where it answers none, or is deleted."
    )
    def reply_to_author_id(self) -> strawberry.ID | None:
        number = self.message.reply_to_author_id
        return users.user_id(number) if number else None

    @resolved(
        "The post that this one answers, its tombstone where it was deleted; null where there is "
        "none or it is hidden."
    )
    async def reply_to(self, info: Info) -> "Post | None":
        number = self.message.reply_to_post_id
        return await load_post(info, number, tombstone=True) if number else None

    @computed("The id of the first post of the conversation.")
    def conversation_id(self) -> strawberry.ID:
        return post_id(self.message.conversation_id)

    @computed("The id of the post that this one quotes; null where it quotes none.")
    def quoted_post_id(self) -> strawberry.ID | None:
        number = self.message.quoted_post_id
        return post_id(number) if number else None

    @computed_or_resolved(
        "The post that this one quotes; null where there is none or it is hidden.",
        _quoted,
        within="quotedPost",
        is_embedded=_quotes_nothing,
    )
    async def quoted_post(self, info: Info) -> "Post | None":
        """As loaded, or batched."""
        if _hidden(self) and self.is_embedded_only():
            return await self._load_quoted(info)
        return _quoted(self)

    @computed_or_resolved(
        "Whether a post is quoted that is not shown: it is hidden or gone, or a block exists "
        "between its author and this one's.",
        _hidden,
        within="quotedPost",
        is_embedded=_quotes_nothing,
    )
    async def quote_hidden(self, info: Info) -> bool:
        """As loaded, or batched."""
        return _hidden(self) and (
            not self.is_embedded_only() or await self._load_quoted(info) is None
        )

    def is_embedded_only(self) -> bool:
        """Whether the post was itself loaded as a quoted one, so that what it quotes was not."""
        return self.message.id in self.seen.found.embedded_ids

    async def _load_quoted(self, info: Info) -> "Post | None":
        # Loaded again: an embedded post does not say whether its own quote is withdrawn.
        again = await load_post(info, self.message.id)
        return _quoted(again) if again is not None else None

    @computed("The ids of its media.")
    def media_ids(self) -> list[strawberry.ID]:
        return [media.medium_id(each) for each in self.message.media_ids]

    @computed("Up to four pictures, or one medium of another kind.")
    def media(self) -> list[Medium]:
        """As they are now."""
        return [Medium(message=each) for each in self.message.media]

    @computed(
        "An ISO 639 code of two or three letters, as its author gave it or as detected; `und` "
        "where that is not known. Null where deleted, and in older posts."
    )
    def language(self) -> str | None:
        return self.message.language or None

    @computed("When it was written.")
    def created_at(self) -> DateTime:
        return DateTime(times.time(self.message.create_time))

    @computed("When it was edited last; null where it never was.")
    def edited_at(self) -> DateTime | None:
        message = self.message
        return DateTime(times.time(message.edit_time)) if message.HasField("edit_time") else None

    @computed("The engagement of users.")
    def counts(self) -> PostCounts:
        return PostCounts(message=self.message.counts)

    @computed("What the caller did with it; null for strangers.")
    def viewer(self) -> ViewerState | None:
        if not self.message.HasField("viewer_state"):
            return None
        return ViewerState(message=self.message.viewer_state)


def post_id(number: int) -> strawberry.ID:
    """The global id of a post."""
    return strawberry.ID(global_id(Post.kind, number))


def posts_on(page: Page[post_pb2.Post]) -> list[Post]:
    """The posts on a page."""
    seen = Seen(page.hydrated)
    return [seen.post(each) for each in page.entries]


def revisions_on(page: Page[post_pb2.PostRevision]) -> list[Revision]:
    """The revisions on a page."""
    return [Revision(message=each) for each in page.entries]


def one(message: post_pb2.Post, includes: post_pb2.Includes) -> Post:
    """A post with what its service brought along to show it."""
    return Seen(Hydrated.of([message], includes)).post(message)


async def load_post(info: Info, number: int, *, tombstone: bool = False) -> Post | None:
    """A post by number, loaded together with all else that the operation asks for. A deleted one
    only where `tombstone` says so."""
    context: Context = info.context
    found = Seen(await context.loader.post(number)).post_of(number)
    return found if found is None or tombstone or not found.message.deleted else None


extend(
    Post,
    replies=list_field(
        "The direct replies, oldest first; tombstones of deleted ones under which a post stands.",
        Post,
        queries.replies,
        posts_on,
        by="post_id",
    ),
    quotes=list_field(
        "The posts that quote it, newest first.", Post, queries.quotes, posts_on, by="post_id"
    ),
    revisions=list_field(
        "The texts and media that it has had, newest first.",
        Revision,
        queries.revisions,
        revisions_on,
        by="post_id",
    ),
)

PostId = Annotated[strawberry.ID, strawberry.argument(description="The id of a post.")]
# What acts on a post take.
POST = Target(kind=Post.kind, argument="post_id", type=PostId)

"""Posts, their counts, and what whoever asks did with them."""

from typing import ClassVar

import strawberry
from roost.post.v1 import post_pb2
from roost.post.v1.post_service_pb2 import ListPostRevisionsRequest
from strawberry.types import Info

from gateway.graphql.context import Context, backends_of
from gateway.graphql.fields import loaded, shown, shown_once, told
from gateway.graphql.ids import global_id
from gateway.graphql.types import users
from gateway.graphql.types.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    Place,
    place,
)
from gateway.graphql.types.entities import Entity, entities
from gateway.graphql.types.nodes import Node
from gateway.graphql.types.parts import (
    CONTENT,
    PostCounts,
    Revision,
    ViewerState,
    Visibility,
    visibility,
)
from gateway.graphql.types.scalars import DateTime
from gateway.graphql.types.segments import Segment, content
from gateway.graphql.types.users import User
from gateway.hydrate import Hydrated
from gateway.pipeline import Page
from gateway.reading import people as read_people
from gateway.reading import posts as reading
from gateway.rest.v1 import present

# What the ids of places on timelines begin with.
PLACE = "TimelineItem"

# A text of 500 characters has 20,000 bytes at most, and hardly ever more than 2,000.
_MOST_BYTES = 4_096


class Seen:
    """What was loaded for one page: each person and post in it is looked at once."""

    __slots__ = ("_people", "_posts", "found")

    def __init__(self, found: Hydrated) -> None:
        self.found = found
        self._people: dict[int, User] = {}
        self._posts: dict[int, Post] = {}

    def user(self, number: int) -> User | None:
        """A person; None where hidden, gone or nobody."""
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


@strawberry.type(description="A post, as whoever asks may see it.")
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
        """What its printed form depends on: its own bytes, its author's, and the quoted post's.
        None where they are too many to be kept."""
        if self.key is False:
            own, quoted = self._alone(), _quoted(self)
            of_quoted = quoted._alone() if quoted else None
            small = len(own[0]) + (len(of_quoted[0]) if of_quoted else 0) <= _MOST_BYTES
            self.key = (own, of_quoted, self.is_embedded_only()) if small else None
        return self.key

    def _alone(self) -> tuple[bytes, bytes | None]:
        author = self.seen.user(self.message.author_id)
        return self.message.SerializeToString(), author.json_cache_key() if author else None

    text = told("text", str, "Empty where deleted.")
    revision = told("revision", int, "1 when written, one more with each edit; 0 where deleted.")
    deleted = told("deleted", bool, "Only a tombstone is left.")
    etag = told("etag", str, "Changes with every edit: see `updatePost`.")

    @shown("Who wrote it; null only where a tombstone hides that.")
    def author(self) -> User | None:
        """As loaded."""
        return self.seen.user(self.message.author_id)

    @shown("The text in order, cut where something is found in it. Empty where deleted.")
    def content(self) -> list[Segment]:
        """All of the text."""
        return content(self.message.text, self.message.entities)

    @shown("What is found in the text, by ascending start.", deprecated=CONTENT)
    def entities(self) -> list[Entity]:
        """In order."""
        return entities(self.message.entities)

    @shown("Who may see it. Says nothing where deleted.")
    def visibility(self) -> Visibility:
        """Newer kinds count as the narrowest known."""
        return visibility(self.message)

    @shown("The id of the post that this one answers; null where it answers none.")
    def reply_to_id(self) -> strawberry.ID | None:
        """Global."""
        number = self.message.reply_to_post_id
        return post_id(number) if number else None

    @shown("Who wrote the post that this one answers; null where it answers none, or is deleted.")
    def reply_to_author_id(self) -> strawberry.ID | None:
        """Global."""
        number = self.message.reply_to_author_id
        return users.user_id(number) if number else None

    @loaded(
        "The post that this one answers, its tombstone where it was deleted; null where there is "
        "none or it is hidden."
    )
    async def reply_to(self, info: Info) -> "Post | None":
        """Batched."""
        number = self.message.reply_to_post_id
        return await load_post(info, number, tombstone=True) if number else None

    @shown("The id of the first post of the conversation.")
    def conversation_id(self) -> strawberry.ID:
        """Global."""
        return post_id(self.message.conversation_id)

    @shown("The id of the post that this one quotes; null where it quotes none.")
    def quoted_post_id(self) -> strawberry.ID | None:
        """Global."""
        number = self.message.quoted_post_id
        return post_id(number) if number else None

    @shown_once(
        "The post that this one quotes; null where there is none or it is hidden.",
        _quoted,
        within="quotedPost",
        settled=_quotes_nothing,
    )
    async def quoted_post(self, info: Info) -> "Post | None":
        """As loaded, or batched."""
        if _hidden(self) and self.is_embedded_only():
            return await self._load_quoted(info)
        return _quoted(self)

    @shown_once(
        "Whether a post is quoted that is not shown: it is hidden or gone, or a block stands "
        "between its author and this one's.",
        _hidden,
        within="quotedPost",
        settled=_quotes_nothing,
    )
    async def quote_hidden(self, info: Info) -> bool:
        """As loaded, or batched."""
        return _hidden(self) and (
            not self.is_embedded_only() or await self._load_quoted(info) is None
        )

    def is_embedded_only(self) -> bool:
        """Whether the post was itself loaded as a quoted one, so that what it quotes was not."""
        return self.message.id in self.seen.found.aside

    async def _load_quoted(self, info: Info) -> "Post | None":
        # Loaded anew itself: whether its quote is withdrawn is not said of a quoted post.
        again = await load_post(info, self.message.id)
        return _quoted(again) if again is not None else None

    @shown("The media in it, by number.")
    def media_ids(self) -> list[strawberry.ID]:
        """Decimal."""
        return [strawberry.ID(str(each)) for each in self.message.media_ids]

    @shown("When it was written.")
    def created_at(self) -> DateTime:
        """RFC 3339."""
        return DateTime(present.time(self.message.create_time))

    @shown("When it was edited last; null where it never was.")
    def edited_at(self) -> DateTime | None:
        """RFC 3339."""
        message = self.message
        return DateTime(present.time(message.edit_time)) if message.HasField("edit_time") else None

    @shown("How people responded.")
    def counts(self) -> PostCounts:
        """As loaded."""
        return PostCounts(message=self.message.counts)

    @shown("What whoever asks did with it; null for strangers.")
    def viewer(self) -> ViewerState | None:
        """As loaded."""
        if not self.message.HasField("viewer_state"):
            return None
        return ViewerState(message=self.message.viewer_state)

    @loaded(
        "The direct replies, oldest first; tombstones of deleted ones under which a post stands."
    )
    async def replies(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection["Post"]:
        """As REST lists them."""
        wanted = place(first, after)
        page = await reading.replies(backends_of(info), post_id=self.message.id, **wanted._asdict())
        return posts_on(page, wanted)

    @loaded("The posts that quote it, newest first.")
    async def quotes(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection["Post"]:
        """As REST lists them."""
        wanted = place(first, after)
        page = await reading.quotes(backends_of(info), post_id=self.message.id, **wanted._asdict())
        return posts_on(page, wanted)

    @loaded("Who likes it, newest like first.")
    async def likers(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[User]:
        """As REST lists them."""
        wanted = place(first, after)
        found = await read_people.likers(
            backends_of(info), post_id=self.message.id, **wanted._asdict()
        )
        return users.people_on(found, wanted)

    @loaded("Who reposted it, newest repost first.")
    async def reposters(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[User]:
        """As REST lists them."""
        wanted = place(first, after)
        found = await read_people.reposters(
            backends_of(info), post_id=self.message.id, **wanted._asdict()
        )
        return users.people_on(found, wanted)

    @loaded("The texts that it has had, newest first.")
    async def revisions(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Revision]:
        """As REST lists them."""
        wanted = place(first, after)
        response = await backends_of(info).posts.ListPostRevisions(
            ListPostRevisionsRequest(
                post_id=self.message.id, page_size=wanted.size, page_token=wanted.token
            )
        )
        return Connection(
            items=[Revision(message=each) for each in response.revisions],
            next_token=response.next_page_token,
            token=wanted.token,
        )


def post_id(number: int) -> strawberry.ID:
    """The global id of a post."""
    return strawberry.ID(global_id(Post.kind, number))


def posts_on(page: Page[post_pb2.Post], wanted: Place) -> Connection[Post]:
    """A page of posts, as it is shown."""
    seen = Seen(page.hydrated)
    return Connection(
        items=[seen.post(each) for each in page.entries],
        next_token=page.next_token,
        token=wanted.token,
    )


def one(message: post_pb2.Post, includes: post_pb2.Includes) -> Post:
    """A post with what its service brought along to show it."""
    return Seen(Hydrated.of([message], includes)).post(message)


async def load_post(info: Info, number: int, *, tombstone: bool = False) -> Post | None:
    """A post by number, loaded together with all else that the operation asks for. A deleted one
    only where `tombstone` says so."""
    context: Context = info.context
    found = Seen(await context.loader.post(number)).post_of(number)
    return found if found is None or tombstone or not found.message.deleted else None

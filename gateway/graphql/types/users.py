"""People, and how one stands to them."""

from typing import TYPE_CHECKING, Annotated, ClassVar

import strawberry
from roost.user.v1 import user_pb2
from strawberry.types import Info

from gateway.graphql.context import Context, backends_of
from gateway.graphql.fields import CALL, loaded, shown, told
from gateway.graphql.ids import global_id
from gateway.graphql.types.connections import (
    DEFAULT_FIRST,
    After,
    Connection,
    First,
    Place,
    place,
)
from gateway.graphql.types.nodes import Node
from gateway.graphql.types.scalars import DateTime
from gateway.pipeline import Page
from gateway.reading import people as reading
from gateway.reading import posts as read_posts
from gateway.rest.v1 import present

if TYPE_CHECKING:
    from gateway.graphql.types.posts import Post
    from gateway.graphql.types.timelines import TimelineItem

_COUNT = "Settles within seconds; never negative."
_EDGES = f"0 where the list is refused: for followers of a protected person. {_COUNT}"
_POSTS = (
    "Public posts that answer nothing, without reposts; 0 where the reader may not list them. "
    + _COUNT
)


@strawberry.type(description="How whoever asks and one other person stand.")
class Relationship:
    """A view of one."""

    message: strawberry.Private[user_pb2.Relationship]

    following = told("following", bool, "One follows the other.")
    followed_by = told("followed_by", bool, "The other follows one.")
    follow_requested = told(
        "follow_requested", bool, "One asked to follow the other, who has not answered yet."
    )
    follow_requested_by = told(
        "follow_requested_by", bool, "The other asked to follow one, who has not answered yet."
    )
    blocking = told("blocking", bool, "One blocks the other.")
    muting = told("muting", bool, "One mutes the other.")

    @shown(
        "Always false: somebody who blocks one is as if they did not exist.",
        deprecated="Says nothing. Answered until 2027-12-01.",
    )
    def blocked_by(self) -> bool:
        """Kept for clients that read it."""
        return False

    @shown("The id of the other person.")
    def user_id(self) -> strawberry.ID:
        """Global."""
        return user_id(self.message.user_id)

    @loaded("The other person; null where they are gone or block one.", cost=2 * CALL)
    async def user(self, info: Info) -> "User | None":
        """Batched."""
        return await load_user(info, self.message.user_id)


@strawberry.type(description="A person's profile.")
class User(Node):
    """A view of one."""

    kind: ClassVar[str] = "User"
    message: strawberry.Private[user_pb2.User]
    # What printing depends on: the message's bytes.
    key: strawberry.Private[bytes | None] = None

    def number(self) -> int:
        """The id within its kind."""
        return self.message.id

    def json_cache_key(self) -> bytes:
        """What its printed form depends on."""
        key = self.key
        if key is None:
            key = self.key = self.message.SerializeToString()
        return key

    handle = told("handle", str, "The name after the @.")
    display_name = told("display_name", str, "The name as shown.")
    bio = told("bio", str, "What they say about themselves.")
    location = told("location", str, "Where they say they are.")
    website = told("website", str, "http or https; empty for none.")
    protected = told("protected", bool, "Followers need consent, and only they may read the posts.")
    followers_count = told("followers_count", int, f"How many follow them. {_EDGES}")
    following_count = told("following_count", int, f"How many they follow. {_EDGES}")
    posts_count = told("posts_count", int, _POSTS)
    etag = told("etag", str, "Changes with every change of the profile: see `updateMe`.")

    @shown("The picture, by the number of its medium; null for none.")
    def avatar_media_id(self) -> strawberry.ID | None:
        """Decimal."""
        number = self.message.avatar_media_id
        return strawberry.ID(str(number)) if number else None

    @shown("When they joined.")
    def created_at(self) -> DateTime:
        """RFC 3339."""
        return DateTime(present.time(self.message.create_time))

    @shown("How whoever asks and this person stand; null for strangers.")
    def relationship(self) -> Relationship | None:
        """Null where it is not known."""
        if not self.message.HasField("viewer_relationship"):
            return None
        return Relationship(message=self.message.viewer_relationship)

    @loaded("Their posts and reposts, newest first.")
    async def posts(
        self,
        info: Info,
        first: First = DEFAULT_FIRST,
        after: After = None,
        include_replies: Annotated[
            bool, strawberry.argument(description="Whether answers to others are among them.")
        ] = False,
    ) -> Connection[Annotated["TimelineItem", strawberry.lazy(".timelines")]]:
        """As REST lists them."""
        wanted = place(first, after)
        page = await read_posts.by_user(
            backends_of(info),
            user_id=self.message.id,
            include_replies=include_replies,
            **wanted._asdict(),
        )
        return timelines.items_on(page, wanted)

    @loaded("What they like, newest like first.")
    async def liked_posts(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Annotated["Post", strawberry.lazy(".posts")]]:
        """As REST lists them."""
        wanted = place(first, after)
        page = await read_posts.liked(
            backends_of(info), user_id=self.message.id, **wanted._asdict()
        )
        return posts.posts_on(page, wanted)

    @loaded("Who follows them, newest first.")
    async def followers(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Annotated["User", strawberry.lazy(".users")]]:
        """As REST lists them."""
        wanted = place(first, after)
        found = await reading.followers(
            backends_of(info), user_id=self.message.id, **wanted._asdict()
        )
        return people_on(found, wanted)

    @loaded("Whom they follow, newest first.")
    async def following(
        self, info: Info, first: First = DEFAULT_FIRST, after: After = None
    ) -> Connection[Annotated["User", strawberry.lazy(".users")]]:
        """As REST lists them."""
        wanted = place(first, after)
        found = await reading.following(
            backends_of(info), user_id=self.message.id, **wanted._asdict()
        )
        return people_on(found, wanted)


def user_id(number: int) -> strawberry.ID:
    """The global id of a person."""
    return strawberry.ID(global_id(User.kind, number))


def people_on(page: Page[user_pb2.User], wanted: Place) -> Connection[User]:
    """A page of people, as it is shown."""
    return Connection(
        items=[User(message=each) for each in page.entries],
        next_token=page.next_token,
        token=wanted.token,
    )


async def load_user(info: Info, number: int) -> User | None:
    """A person by number, loaded together with whatever else the operation asks for."""
    context: Context = info.context
    message = await context.loader.person(number)
    return User(message=message) if message is not None else None


# Posts have authors, and authors posts: each module needs the other, but only when it is used.
from gateway.graphql.types import posts, timelines  # noqa: E402

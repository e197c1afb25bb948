"""Users and relationships."""

from typing import Annotated, ClassVar

import strawberry
from roost.user.v1 import user_pb2, user_service_pb2
from strawberry.types import Info

from gateway.api.media import types as media
from gateway.api.media.types import Medium
from gateway.core import media_addresses
from gateway.core.pipeline import Page
from gateway.protocols.acts import Target
from gateway.protocols.graphql.context import Context
from gateway.protocols.graphql.fields import (
    CALL,
    computed,
    message_field,
    resolved,
)
from gateway.protocols.graphql.global_ids import global_id
from gateway.protocols.graphql.nodes import Node
from gateway.protocols.graphql.scalars import DateTime
from gateway.views import times

_COUNT = "Settles within seconds; never negative."
_EDGES = f"0 where the list is refused: for followers of a protected user. {_COUNT}"
_POSTS = (
    "Public posts that answer nothing, without reposts; 0 where the viewer may not list them. "
    + _COUNT
)


@strawberry.type(description="The relationship of the caller and another user.")
class Relationship:
    """A view of one."""

    message: strawberry.Private[user_pb2.Relationship]

    following = message_field("following", bool, "The caller follows the other user.")
    followed_by = message_field("followed_by", bool, "The other user follows the caller.")
    follow_requested = message_field(
        "follow_requested",
        bool,
        "The caller asked to follow the other user, who has not answered yet.",
    )
    follow_requested_by = message_field(
        "follow_requested_by",
        bool,
        "The other user asked to follow the caller, who has not answered yet.",
    )
    blocking = message_field("blocking", bool, "The caller blocks the other user.")
    muting = message_field("muting", bool, "The caller mutes the other user.")

    @computed(
        "Always false: a user who blocks the caller is shown as one who does not exist.",
        deprecated="Says nothing. Answered until 2027-12-01.",
    )
    def blocked_by(self) -> bool:
        """Kept for clients that read it."""
        return False

    @computed("The id of the other user.")
    def user_id(self) -> strawberry.ID:
        return user_id(self.message.user_id)

    @resolved("The other user; null where they are gone or block the caller.", cost=2 * CALL)
    async def user(self, info: Info) -> "User | None":
        return await load_user(info, self.message.user_id)


@strawberry.type(description="A user's profile.")
class User(Node):
    """A view of one."""

    kind: ClassVar[str] = "User"
    message: strawberry.Private[user_pb2.User]
    # What printing depends on: the message's bytes, and when addresses expire.
    key: strawberry.Private[object] = None

    def number(self) -> int:
        """The id within its kind."""
        return self.message.id

    def json_cache_key(self) -> object:
        """What its printed form depends on."""
        key = self.key
        if key is None:
            message = self.message
            expires = media_addresses.expire((message.avatar, message.banner))
            at = media_addresses.expire_time() if expires else None
            key = self.key = (message.SerializeToString(), at)
        return key

    handle = message_field("handle", str, "The name after the @.")
    display_name = message_field("display_name", str, "The name as shown.")
    bio = message_field("bio", str, "What they say about themselves.")
    location = message_field("location", str, "Where they say they are.")
    website = message_field("website", str, "http or https; empty for none.")
    protected = message_field(
        "protected", bool, "Followers need consent, and only they may read the posts."
    )
    followers_count = message_field("followers_count", int, f"How many follow them. {_EDGES}")
    following_count = message_field("following_count", int, f"How many they follow. {_EDGES}")
    posts_count = message_field("posts_count", int, _POSTS)
    etag = message_field("etag", str, "Changes with every change of the profile: see `updateMe`.")

    @computed("The id of the profile picture; null for none.")
    def avatar_media_id(self) -> strawberry.ID | None:
        number = self.message.avatar_media_id
        return media.medium_id(number) if number else None

    @computed("The profile picture; null for none.")
    def avatar(self) -> Medium | None:
        message = self.message
        return Medium(message=message.avatar) if message.HasField("avatar") else None

    @computed("The id of the wide picture above the profile; null for none.")
    def banner_media_id(self) -> strawberry.ID | None:
        number = self.message.banner_media_id
        return media.medium_id(number) if number else None

    @computed(
        "The wide picture above the profile, of `me`, `user` and `userByHandle`; null for none, "
        "and in lists: `bannerMediaId` says whether there is one."
    )
    def banner(self) -> Medium | None:
        message = self.message
        return Medium(message=message.banner) if message.HasField("banner") else None

    @computed("When they joined.")
    def created_at(self) -> DateTime:
        return DateTime(times.time(self.message.create_time))

    @computed("The relationship of the caller and this user; null for strangers.")
    def relationship(self) -> Relationship | None:
        """Null where it is not known."""
        if not self.message.HasField("viewer_relationship"):
            return None
        return Relationship(message=self.message.viewer_relationship)


@strawberry.type(description="The caller's settings for the caller's own clients.")
class Settings:
    """A view of them."""

    message: strawberry.Private[user_service_pb2.Settings]

    alt_text_reminder = message_field(
        "alt_text_reminder", bool, "Whether to remind the user of media without a description."
    )


def user_id(number: int) -> strawberry.ID:
    """The global id of a user."""
    return strawberry.ID(global_id(User.kind, number))


def people_on(page: Page[user_pb2.User]) -> list[User]:
    """The users on a page."""
    return [User(message=each) for each in page.entries]


async def load_user(info: Info, number: int) -> User | None:
    """A user by number, loaded together with whatever else the operation asks for."""
    context: Context = info.context
    message = await context.loader.user(number)
    return User(message=message) if message is not None else None


UserId = Annotated[strawberry.ID, strawberry.argument(description="The id of a user.")]
# What acts on a user take.
USER = Target(kind=User.kind, argument="user_id", type=UserId)

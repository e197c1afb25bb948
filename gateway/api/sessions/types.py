"""The caller's own devices, and the caller's email address for the digest."""

from typing import ClassVar

import strawberry
from roost.user.v1 import user_pb2
from roost.user.v1.auth_service_pb2 import AuthenticateResponse, RegisterResponse

from gateway.api.users.types import User
from gateway.core.pipeline import Page
from gateway.protocols.graphql.fields import computed, message_field
from gateway.protocols.graphql.nodes import Node
from gateway.protocols.graphql.scalars import DateTime
from gateway.views import times


@strawberry.type(description="One signed-in device.")
class Session(Node):
    """A view of one."""

    kind: ClassVar[str] = "Session"
    message: strawberry.Private[user_pb2.Session]

    def number(self) -> int:
        """The id within its kind."""
        return self.message.id

    device_name = message_field("device_name", str, "What the device calls itself.")
    current = message_field("current", bool, "Whether this request was made with it.")

    @computed("When it was signed in.")
    def created_at(self) -> DateTime:
        return DateTime(times.time(self.message.create_time))

    @computed("When it was used last.")
    def last_used_at(self) -> DateTime:
        return DateTime(times.time(self.message.last_used_time))

    @computed("When it ends if it is not refreshed before.")
    def expires_at(self) -> DateTime:
        return DateTime(times.time(self.message.expire_time))


@strawberry.type(description="What a device shows to be let in.")
class Tokens:
    """A view of a pair."""

    message: strawberry.Private[user_pb2.TokenPair]

    access_token = message_field("access_token", str, "Send it as `Authorization: Bearer …`.")
    refresh_token = message_field("refresh_token", str, "Good once: see `refreshSession`.")

    @computed("When the access token ends.")
    def access_expires_at(self) -> DateTime:
        return DateTime(times.time(self.message.access_expire_time))

    @computed("When the refresh token ends.")
    def refresh_expires_at(self) -> DateTime:
        return DateTime(times.time(self.message.refresh_expire_time))


@strawberry.type(description="A user, signed in on a device.")
class SignedIn:
    """After joining, or signing in."""

    user: User = strawberry.field(description="The user.")
    session: Session = strawberry.field(description="The device's session.")
    tokens: Tokens = strawberry.field(description="What the device shows to be let in.")


def signed_in(response: RegisterResponse | AuthenticateResponse) -> SignedIn:
    """From a service's response."""
    return SignedIn(
        user=User(message=response.user),
        session=Session(message=response.session),
        tokens=Tokens(message=response.tokens),
    )


@strawberry.type(description="What a device holds after refreshing.")
class Refreshed:
    """The result of `refreshSession`."""

    session: Session = strawberry.field(description="The device's session.")
    tokens: Tokens = strawberry.field(description="What the device shows to be let in.")


@strawberry.type(description="What opens one connection to the stream, or for subscriptions.")
class StreamTicket:
    """As its service gives it."""

    ticket: str = strawberry.field(description="Good once, for one connection of this session.")
    expires_in: int = strawberry.field(description="Seconds until it is good no more.")


def sessions_on(page: Page[user_pb2.Session]) -> list[Session]:
    """The sessions on a page."""
    return [Session(message=each) for each in page.entries]

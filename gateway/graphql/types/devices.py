"""One's own devices, and where one's digest goes."""

from typing import ClassVar

import strawberry
from roost.notification.v1 import delivery_service_pb2
from roost.user.v1 import user_pb2
from roost.user.v1.auth_service_pb2 import AuthenticateResponse, RegisterResponse

from gateway.graphql.fields import shown, told
from gateway.graphql.types.nodes import Node
from gateway.graphql.types.scalars import DateTime
from gateway.graphql.types.users import User
from gateway.rest.v1 import present


@strawberry.type(description="One signed-in device.")
class Session(Node):
    """A view of one."""

    kind: ClassVar[str] = "Session"
    message: strawberry.Private[user_pb2.Session]

    def number(self) -> int:
        """The id within its kind."""
        return self.message.id

    device_name = told("device_name", str, "What the device calls itself.")
    current = told("current", bool, "Whether this request was made with it.")

    @shown("When it was signed in.")
    def created_at(self) -> DateTime:
        """RFC 3339."""
        return DateTime(present.time(self.message.create_time))

    @shown("When it was used last.")
    def last_used_at(self) -> DateTime:
        """RFC 3339."""
        return DateTime(present.time(self.message.last_used_time))

    @shown("When it ends if it is not refreshed before.")
    def expires_at(self) -> DateTime:
        """RFC 3339."""
        return DateTime(present.time(self.message.expire_time))


@strawberry.type(description="What a device shows to be let in.")
class Tokens:
    """A view of a pair."""

    message: strawberry.Private[user_pb2.TokenPair]

    access_token = told("access_token", str, "Send it as `Authorization: Bearer …`.")
    refresh_token = told("refresh_token", str, "Good once: see `refreshSession`.")

    @shown("When the access token ends.")
    def access_expires_at(self) -> DateTime:
        """RFC 3339."""
        return DateTime(present.time(self.message.access_expire_time))

    @shown("When the refresh token ends.")
    def refresh_expires_at(self) -> DateTime:
        """RFC 3339."""
        return DateTime(present.time(self.message.refresh_expire_time))


@strawberry.type(description="A person, signed in on a device.")
class SignedIn:
    """After joining, or signing in."""

    user: User = strawberry.field(description="The person.")
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
    """After refreshing."""

    session: Session = strawberry.field(description="The device's session.")
    tokens: Tokens = strawberry.field(description="What the device shows to be let in.")


@strawberry.type(description="A device that notifications are pushed to.")
class PushSubscription(Node):
    """A view of one."""

    kind: ClassVar[str] = "PushSubscription"
    message: strawberry.Private[delivery_service_pb2.PushSubscription]

    def number(self) -> int:
        """The id within its kind."""
        return self.message.id

    endpoint = told("endpoint", str, "Where its push service takes messages for it.")

    @shown("When it was added.")
    def created_at(self) -> DateTime:
        """RFC 3339."""
        return DateTime(present.time(self.message.create_time))

    @shown("Forgotten then, unless it is renewed before.")
    def expires_at(self) -> DateTime:
        """RFC 3339."""
        return DateTime(present.time(self.message.expire_time))


@strawberry.type(description="Where one's digest goes.")
class Email:
    """A view of it."""

    message: strawberry.Private[delivery_service_pb2.EmailAddress]

    confirmed = told("confirmed", bool, "Whether it is in use.")

    @shown("Null for nowhere.")
    def address(self) -> str | None:
        """Null for nowhere."""
        return self.message.address or None


@strawberry.type(description="What opens one connection to the stream, or for subscriptions.")
class StreamTicket:
    """As its service gives it."""

    ticket: str = strawberry.field(description="Good once, for one connection of this session.")
    expires_in: int = strawberry.field(description="Seconds until it is good no more.")

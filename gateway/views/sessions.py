"""Sessions and their tokens, as they are shown."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from roost.user.v1 import user_pb2

from gateway.core.ids import Id
from gateway.views import presentation, times
from gateway.views.shapes import NextCursor, User
from gateway.views.times import Time


class Session(Struct, frozen=True, gc=False):
    """One signed-in device."""

    id: Id
    device_name: Annotated[str, Meta(description="Empty where the device gave no name.")]
    created_at: Time
    last_used_at: Time
    expires_at: Annotated[Time, Meta(description="When it ends if it is not refreshed before.")]
    current: Annotated[bool, Meta(description="Whether this request was made with it.")]


class SessionPage(Struct, frozen=True, gc=False):
    """A page of sessions, newest first."""

    items: list[Session]
    next_cursor: NextCursor


class Tokens(Struct, frozen=True, gc=False):
    """What a device holds after refreshing."""

    session: Session
    access_token: Annotated[str, Meta(description="Send it as `Authorization: Bearer …`.")]
    access_expires_at: Time
    refresh_token: Annotated[str, Meta(description="Good once, for the next pair.")]
    refresh_expires_at: Time
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of the scheme


class SignedIn(Struct, frozen=True, gc=False):
    """A user, signed in on a device."""

    user: User
    session: Session
    access_token: Annotated[str, Meta(description="Send it as `Authorization: Bearer …`.")]
    access_expires_at: Time
    refresh_token: Annotated[str, Meta(description="Good once, for the next pair.")]
    refresh_expires_at: Time
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of the scheme


class CookieSignedIn(Struct, frozen=True, gc=False):
    """A user, signed in on a browser whose cookie holds the refresh token."""

    user: User
    session: Session
    access_token: Annotated[str, Meta(description="Send it as `Authorization: Bearer …`.")]
    access_expires_at: Time
    refresh_expires_at: Annotated[Time, Meta(description="When the cookie expires.")]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of the scheme


class AccessToken(Struct, frozen=True, gc=False):
    """What a page holds after refreshing; the refresh token is in the cookie."""

    session: Session
    access_token: Annotated[str, Meta(description="Send it as `Authorization: Bearer …`.")]
    access_expires_at: Time
    refresh_expires_at: Annotated[Time, Meta(description="When the cookie expires.")]
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - the name of the scheme


class StreamTicket(Struct, frozen=True, gc=False):
    """What opens one connection to the stream."""

    ticket: Annotated[str, Meta(description="Good once, for one connection of this session.")]
    expires_in: Annotated[int, Meta(ge=1, description="Seconds until it is good no more.")]


def session(message: user_pb2.Session) -> Session:
    return Session(
        id=str(message.id),
        device_name=message.device_name,
        created_at=times.time(message.create_time),
        last_used_at=times.time(message.last_used_time),
        expires_at=times.time(message.expire_time),
        current=message.current,
    )


def signed_in(
    user: user_pb2.User, device: user_pb2.Session, tokens: user_pb2.TokenPair
) -> SignedIn:
    """A user, signed in on a device."""
    return SignedIn(
        user=presentation.user(user),
        session=session(device),
        access_token=tokens.access_token,
        access_expires_at=times.time(tokens.access_expire_time),
        refresh_token=tokens.refresh_token,
        refresh_expires_at=times.time(tokens.refresh_expire_time),
    )


def refreshed(device: user_pb2.Session, pair: user_pb2.TokenPair) -> Tokens:
    """What a device holds after refreshing."""
    return Tokens(
        session=session(device),
        access_token=pair.access_token,
        access_expires_at=times.time(pair.access_expire_time),
        refresh_token=pair.refresh_token,
        refresh_expires_at=times.time(pair.refresh_expire_time),
    )


def signed_in_by_cookie(
    user: user_pb2.User, device: user_pb2.Session, tokens: user_pb2.TokenPair
) -> CookieSignedIn:
    """A user, signed in on a browser; without the refresh token."""
    return CookieSignedIn(
        user=presentation.user(user),
        session=session(device),
        access_token=tokens.access_token,
        access_expires_at=times.time(tokens.access_expire_time),
        refresh_expires_at=times.time(tokens.refresh_expire_time),
    )


def refreshed_by_cookie(device: user_pb2.Session, pair: user_pb2.TokenPair) -> AccessToken:
    """What a page holds after refreshing; without the refresh token."""
    return AccessToken(
        session=session(device),
        access_token=pair.access_token,
        access_expires_at=times.time(pair.access_expire_time),
        refresh_expires_at=times.time(pair.refresh_expire_time),
    )

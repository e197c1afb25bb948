"""Accounts and profiles."""

from msgspec import UNSET
from roost.user.v1.auth_service_pb2 import ChangePasswordRequest, RegisterRequest
from roost.user.v1.user_service_pb2 import DeleteUserRequest, GetUserRequest

from gateway.changing import profiles
from gateway.hydrate import Hydrated
from gateway.pipeline import Page
from gateway.reading import people
from gateway.rest.exchange import NOTHING, Answer, Call, NoBody, NoContent, NoQuery
from gateway.rest.resources.lists import id_in_body, user_page
from gateway.rest.resources.requests import (
    Consent,
    HandleQuery,
    NewUser,
    PasswordChange,
    ProfileChange,
)
from gateway.rest.routes import ANYONE, Routes
from gateway.rest.v1 import present
from gateway.rest.v1.types import SignedIn, User, UserPage

users = Routes("Users", "Joining and leaving, and what people say about themselves.")


@users.change(
    "POST",
    "/users",
    access=ANYONE,
    status=201,
    reasons=(
        "HANDLE_TAKEN",
        "HANDLE_RESERVED",
        "HANDLE_INVALID",
        "PASSWORD_TOO_WEAK",
        "PASSWORD_POOL_BUSY",
    ),
)
async def register(call: Call[NoQuery, NewUser]) -> Answer[SignedIn]:
    """Join.

    Creates an account and signs the calling device in.
    """
    response = await call.backends.auth.Register(
        RegisterRequest(
            handle=call.body.handle,
            password=call.body.password,
            display_name=call.body.display_name,
            device_name=call.body.device_name,
            request_id=call.request_id,
        )
    )
    return Answer(
        present.signed_in(response.user, response.session, response.tokens),
        location=f"/users/{response.user.id}",
    )


@users.get("/users", access=ANYONE)
async def find_users(call: Call[HandleQuery, NoBody]) -> Answer[UserPage]:
    """Find a person by handle.

    Upper and lower case are the same. The page holds the one person, or nobody.
    """
    person = await people.called(call.backends, call.query.handle)
    return user_page(Page([person] if person else [], Hydrated(), ""))


@users.get("/users/me", etag=True)
async def get_me(call: Call[NoQuery, NoBody]) -> Answer[User]:
    """Read one's own profile."""
    return await _profile(call, call.viewer_id)


@users.get("/users/{user_id}", access=ANYONE, etag=True, reasons=("USER_NOT_FOUND",))
async def get_user(call: Call[NoQuery, NoBody]) -> Answer[User]:
    """Read a profile."""
    return await _profile(call, call.path_id)


@users.change("PATCH", "/users/me", etag=True, reasons=("ETAG_MISMATCH", "FIELD_NOT_UPDATABLE"))
async def update_me(call: Call[NoQuery, ProfileChange]) -> Answer[User]:
    """Change one's own profile.

    Only the fields that are given change (a JSON merge patch). With `If-Match`, only if the
    profile is still as it was read. Turning `protected` off accepts the follow requests that wait.
    """
    changes = {
        name: getattr(call.body, name)
        for name in profiles.CHANGEABLE
        if getattr(call.body, name) is not UNSET
    }
    if "avatar_media_id" in changes:
        changes["avatar_media_id"] = id_in_body("avatar_media_id", changes["avatar_media_id"])
    profile = await profiles.change(
        call.backends, changes, etag=call.expected_etag, request_id=call.request_id
    )
    return Answer(present.user(profile), etag=profile.etag)


@users.change(
    "DELETE",
    "/users/me",
    reasons=("CREDENTIALS_WRONG", "TOO_MANY_PASSWORD_ATTEMPTS", "PASSWORD_POOL_BUSY"),
)
async def delete_me(call: Call[NoQuery, Consent]) -> Answer[NoContent]:
    """Leave for good.

    The account is hidden at once, its posts, follows and likes go within seconds, and its handle
    stays taken. The password shows that it is oneself who asks.
    """
    await call.backends.users.DeleteUser(
        DeleteUserRequest(password=call.body.password, request_id=call.request_id)
    )
    return NOTHING


@users.change(
    "POST",
    "/users/me/password",
    reasons=(
        "CREDENTIALS_WRONG",
        "PASSWORD_TOO_WEAK",
        "TOO_MANY_PASSWORD_ATTEMPTS",
        "PASSWORD_POOL_BUSY",
    ),
)
async def change_password(call: Call[NoQuery, PasswordChange]) -> Answer[NoContent]:
    """Change one's password.

    Every other session ends.
    """
    await call.backends.auth.ChangePassword(
        ChangePasswordRequest(
            old_password=call.body.old_password,
            new_password=call.body.new_password,
            request_id=call.request_id,
        )
    )
    return NOTHING


async def _profile(call: Call[NoQuery, NoBody], user_id: int) -> Answer[User]:
    response = await call.backends.users.GetUser(GetUserRequest(user_id=user_id))
    return Answer(present.user(response.user), etag=response.user.etag)

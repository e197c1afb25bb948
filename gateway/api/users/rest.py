"""Accounts and profiles."""

from msgspec import UNSET
from roost.user.v1.user_pb2 import User as UserMessage
from roost.user.v1.user_service_pb2 import GetSettingsRequest, GetUserRequest

from gateway.api.users import commands, queries
from gateway.api.users.requests import (
    Consent,
    HandleQuery,
    NewUser,
    PasswordChange,
    ProfileChange,
    SettingsChange,
)
from gateway.core.hydrate import Hydrated
from gateway.core.ids import id_in_body
from gateway.core.pipeline import Page
from gateway.protocols.rest.context import (
    NOTHING,
    NoBody,
    NoContent,
    NoQuery,
    PageKind,
    RequestContext,
    Response,
)
from gateway.protocols.rest.routes import ANYONE, Routes
from gateway.views import presentation
from gateway.views import sessions as session_views
from gateway.views.sessions import SignedIn
from gateway.views.shapes import Settings, User, UserPage

# Pages of users.
USERS: PageKind[UserMessage] = PageKind(UserPage, lambda _, page: presentation.people(page.entries))
users = Routes("Users", "Joining and leaving, and users' profiles.")


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
async def register(context: RequestContext[NoQuery, NewUser]) -> Response[SignedIn]:
    """Join.

    Creates an account and signs the calling device in.
    """
    response = await commands.register(
        context.backends, context.body, request_id=context.request_id
    )
    return Response(
        session_views.signed_in(response.user, response.session, response.tokens),
        location=f"/users/{response.user.id}",
    )


@users.get("/users", access=ANYONE)
async def find_users(context: RequestContext[HandleQuery, NoBody]) -> Response[UserPage]:
    """Find a user by handle.

    Upper and lower case are the same. The page holds the one user, or nobody.
    """
    user = await queries.by_handle(context.backends, context.query.handle)
    return USERS.response(context, Page([user] if user else [], Hydrated(), ""))


@users.get("/users/me", etag=True)
async def get_me(context: RequestContext[NoQuery, NoBody]) -> Response[User]:
    """Read the caller's own profile."""
    return await _profile(context, context.viewer_id)


@users.get("/users/{user_id}", access=ANYONE, etag=True, reasons=("USER_NOT_FOUND",))
async def get_user(context: RequestContext[NoQuery, NoBody]) -> Response[User]:
    """Read a profile."""
    return await _profile(context, context.path_id)


@users.change(
    "PATCH",
    "/users/me",
    etag=True,
    reasons=("ETAG_MISMATCH", "FIELD_NOT_UPDATABLE", "MEDIA_NOT_READY", "MEDIUM_IN_USE"),
)
async def update_me(context: RequestContext[NoQuery, ProfileChange]) -> Response[User]:
    """Change the caller's own profile.

    Only the fields that are given change (a JSON merge patch). With `If-Match`, only if the
    profile is still as it was read. Turning `protected` off accepts the follow requests that wait.
    A picture that is replaced is deleted.
    """
    changes = {
        name: getattr(context.body, name)
        for name in commands.CHANGEABLE
        if getattr(context.body, name) is not UNSET
    }
    for name in commands.MEDIA:
        if name in changes:
            changes[name] = id_in_body(name, changes[name])
    profile = await commands.change(
        context.backends, changes, etag=context.expected_etag, request_id=context.request_id
    )
    return Response(presentation.user(profile), etag=profile.etag)


@users.get("/users/me/settings")
async def get_settings(context: RequestContext[NoQuery, NoBody]) -> Response[Settings]:
    """Read the caller's settings for the caller's own clients."""
    response = await context.backends.users.GetSettings(GetSettingsRequest())
    return Response(presentation.settings(response.settings))


@users.change("PATCH", "/users/me/settings")
async def update_settings(
    context: RequestContext[NoQuery, SettingsChange],
) -> Response[Settings]:
    """Change the caller's settings.

    Only what is given changes (a JSON merge patch).
    """
    reminder = context.body.alt_text_reminder
    changed = await commands.change_settings(
        context.backends,
        {} if reminder is UNSET else {"alt_text_reminder": reminder},
        request_id=context.request_id,
    )
    return Response(presentation.settings(changed))


@users.change(
    "DELETE",
    "/users/me",
    reasons=("CREDENTIALS_WRONG", "TOO_MANY_PASSWORD_ATTEMPTS", "PASSWORD_POOL_BUSY"),
)
async def delete_me(context: RequestContext[NoQuery, Consent]) -> Response[NoContent]:
    """Leave for good.

    The account is hidden at once, its posts, follows and likes go within seconds, and its handle
    stays taken. The password proves that the request is the user's.
    """
    await commands.delete(context.backends, context.body, request_id=context.request_id)
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
async def change_password(context: RequestContext[NoQuery, PasswordChange]) -> Response[NoContent]:
    """Change the caller's password.

    Every other session ends.
    """
    await commands.change_password(context.backends, context.body, request_id=context.request_id)
    return NOTHING


async def _profile(context: RequestContext[NoQuery, NoBody], user_id: int) -> Response[User]:
    response = await context.backends.users.GetUser(GetUserRequest(user_id=user_id))
    return Response(presentation.user(response.user), etag=response.user.etag)

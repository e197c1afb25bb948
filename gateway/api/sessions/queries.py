"""The caller's sessions."""

from collections.abc import AsyncIterator

from roost.user.v1.auth_service_pb2 import ListSessionsRequest
from roost.user.v1.user_pb2 import Session

from gateway.core.clients import Backends
from gateway.core.hydrate import Hydrated
from gateway.core.pipeline import Page
from services.chassis.runtime.errors import NotFound

_MOST_AT_ONCE = 100


class SessionNotFound(NotFound):
    """The caller has no such session."""

    reason = "SESSION_NOT_FOUND"
    message = "You have no such session."


async def session(backends: Backends, session_id: int) -> Session:
    """One of the caller's sessions. Raises SessionNotFound."""
    async for each in active_sessions(backends):
        if each.id == session_id:
            return each
    raise SessionNotFound


async def active_sessions(backends: Backends) -> AsyncIterator[Session]:
    """All of the caller's sessions, newest first."""
    token = ""
    while True:
        response = await backends.auth.ListSessions(
            ListSessionsRequest(page_size=_MOST_AT_ONCE, page_token=token)
        )
        for each in response.sessions:
            yield each
        token = response.next_page_token
        if not token:
            return


async def sessions(backends: Backends, *, token: str, size: int) -> Page[Session]:
    """A page of the caller's sessions, newest first."""
    response = await backends.auth.ListSessions(
        ListSessionsRequest(page_size=size, page_token=token)
    )
    return Page(list(response.sessions), Hydrated(), response.next_page_token)

"""Signing in and out."""

from roost.user.v1.auth_service_pb2 import (
    AuthenticateRequest,
    AuthenticateResponse,
    RevokeSessionRequest,
)

from gateway.api.sessions import queries
from gateway.api.sessions.requests import NewSession
from gateway.core.client_gone import while_client_waits
from gateway.core.clients import Backends
from services.chassis.auth import caller


async def sign_in(
    backends: Backends, asked: NewSession, *, request_id: str
) -> AuthenticateResponse:
    """Signs a device in by handle and password."""
    return await while_client_waits(
        backends.auth.Authenticate(
            AuthenticateRequest(
                handle=asked.handle,
                password=asked.password,
                device_name=asked.device_name,
                request_id=request_id,
            )
        )
    )


async def end_all(backends: Backends) -> None:
    """Ends every session of the caller, the present one last."""
    here = caller.user().session_id
    others = [each.id async for each in queries.active_sessions(backends) if each.id != here]
    for session_id in [*others, here]:
        await backends.auth.RevokeSession(RevokeSessionRequest(session_id=session_id))

"""Refreshing and signing out."""

from roost.user.v1.auth_service_pb2 import (
    RevokeSessionRequest,
)

from gateway.api.sessions import queries
from gateway.core.clients import Backends
from services.chassis.auth import caller


async def end_all(backends: Backends) -> None:
    """Ends every session of the caller, the present one last."""
    here = caller.user().session_id
    others = [each.id async for each in queries.active_sessions(backends) if each.id != here]
    for session_id in [*others, here]:
        await backends.auth.RevokeSession(RevokeSessionRequest(session_id=session_id))

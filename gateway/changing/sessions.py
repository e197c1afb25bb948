"""Signing out."""

from roost.user.v1.auth_service_pb2 import RevokeSessionRequest

from gateway.backends import Backends
from gateway.reading import devices
from services.chassis import caller


async def end_all(backends: Backends) -> None:
    """Ends every session of the caller, the present one last."""
    here = caller.user().session_id
    others = [each.id async for each in devices.live_sessions(backends) if each.id != here]
    for session_id in [*others, here]:
        await backends.auth.RevokeSession(RevokeSessionRequest(session_id=session_id))

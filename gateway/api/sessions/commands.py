"""Refreshing and signing out."""

from collections.abc import Awaitable, Callable

from roost.user.v1.auth_service_pb2 import (
    RefreshSessionRequest,
    RefreshSessionResponse,
    RevokeSessionRequest,
)

from gateway.api.sessions import queries
from gateway.core.clients import Backends
from gateway.core.rate_limits import rate_limit_key
from services.chassis.auth import caller
from services.chassis.runtime.errors import Unauthenticated
from services.chassis.runtime.token_buckets import Buckets

# Exchanges a refresh token, for the address that the request came from.
Refresh = Callable[[str], Awaitable[RefreshSessionResponse]]


class Refreshing:
    """Exchanges refresh tokens, of REST and GraphQL. Only refused ones count against the address
    that they come from: many people may share one, and a good token is proof enough."""

    def __init__(self, *, backends: Backends, refused: Buckets) -> None:
        self._backends = backends
        self._refused = refused

    async def refresh(self, address: str, refresh_token: str) -> RefreshSessionResponse:
        """The next pair. Raises what the User service raises, or RateLimited in place of a refusal
        where the address had too many."""
        try:
            return await self._backends.auth.RefreshSession(
                RefreshSessionRequest(refresh_token=refresh_token)
            )
        except Unauthenticated:
            self._refused.take(rate_limit_key(address))
            raise


async def end_all(backends: Backends) -> None:
    """Ends every session of the caller, the present one last."""
    here = caller.user().session_id
    others = [each.id async for each in queries.active_sessions(backends) if each.id != here]
    for session_id in [*others, here]:
        await backends.auth.RevokeSession(RevokeSessionRequest(session_id=session_id))

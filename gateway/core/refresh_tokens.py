"""Exchanges refresh tokens, within a limit of refused ones."""

from collections.abc import Awaitable, Callable

from roost.user.v1.auth_service_pb2 import (
    RefreshSessionRequest,
    RefreshSessionResponse,
)

from gateway.core.asgi import rate_limit_key
from gateway.core.clients import Backends
from services.chassis.runtime.errors import Unauthenticated
from services.chassis.runtime.token_buckets import Buckets

# Exchanges a refresh token, for the address that the request came from.
Refresh = Callable[[str], Awaitable[RefreshSessionResponse]]


class Refreshing:
    """Exchanges refresh tokens, of REST and GraphQL. Only refused ones count against the address
    that they come from: many users may share one, and a good token is proof enough."""

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

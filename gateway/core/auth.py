"""Authenticates the caller: the bearer token is verified again, although the edge verified it."""

import re
from collections.abc import Container, Mapping

from services.chassis.auth import caller
from services.chassis.auth.caller import Policy
from services.chassis.auth.tokens import (
    JwksSource,
    KeyRing,
    StaticJwks,
    Verifier,
)
from services.chassis.auth.tokens.jws import TokenInvalid
from services.chassis.runtime.clock import Clock

_BEARER = re.compile(rb"Bearer [A-Za-z0-9._-]+")


class Authenticator:
    """Authenticates requests by the access policy of their route.

    Only users' tokens count here: services have nothing to do at the edge, so no key of theirs
    is known. A verified token is remembered, so most requests pay for one hash.
    """

    def __init__(
        self,
        keys: JwksSource,
        *,
        issuer: str,
        audience: str,
        clock: Clock,
        revoked: Container[int] = frozenset(),
    ) -> None:
        self._people = KeyRing(keys, clock=clock)
        self._verifier = Verifier(
            issuer=issuer,
            audience=audience,
            services_here=[],
            users=self._people,
            services=KeyRing(StaticJwks([]), clock=clock),
            clock=clock,
            revoked=revoked,
        )

    async def authenticate(self, headers: Mapping[bytes, bytes], access: Policy) -> int:
        """The id of the user who calls, 0 for strangers. Their token goes along with every call
        that is made for the running request.

        Raises TokenInvalid, TokenExpired or SessionRevoked for a bad token even where strangers may
        call, and Unauthenticated (TOKEN_MISSING) where they may not.
        """
        authorization = headers.get(b"authorization")
        # The edge writes checked tokens in this form. Another form did not pass the edge.
        if authorization is not None and not _BEARER.fullmatch(authorization):
            raise TokenInvalid
        shown = () if authorization is None else (authorization.decode("latin-1"),)
        await self._verifier.authenticate(shown, access)
        return caller.viewer_id() or 0

"""A service's own identity, for calls that it makes in its own name."""

from datetime import timedelta
from typing import Any

from services.chassis.auth.caller import ServiceCaller
from services.chassis.auth.tokens import jws
from services.chassis.auth.tokens.keys import SigningKey
from services.chassis.runtime.clock import Clock

ISSUER = "roost:services"
TYPE = "service+jwt"
LIFETIME = timedelta(seconds=60)

_SUBJECT = "service:"
# A token that is about to expire may do so on its way.
_RENEW_BEFORE = 20.0


def audience_of(service: str) -> str:
    """The audience of tokens for a service: what one service is shown, no other takes."""
    return f"roost:{service}"


class ServiceIdentity:
    """Signs this service's identity tokens. The key's `kid` is the name of the service."""

    def __init__(self, key: SigningKey, *, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        # By the service that they are for: the token, and when it is due to be signed again.
        self._tokens: dict[str, tuple[str, float]] = {}

    @property
    def name(self) -> str:
        """The name of the service."""
        return self._key.kid

    def token(self, service: str) -> str:
        """A token for calls to that service, good for at least 20 s more; signed again only when it
        has to be."""
        token, renew_at = self._tokens.get(service, ("", float("-inf")))
        if self._clock.monotonic() >= renew_at:
            now = int(self._clock.now().timestamp())
            seconds = int(LIFETIME.total_seconds())
            claims = {
                "iss": ISSUER,
                "aud": audience_of(service),
                "sub": _SUBJECT + self._key.kid,
                "iat": now,
                "exp": now + seconds,
            }
            token = jws.sign(claims, typ=TYPE, kid=self._key.kid, key=self._key.key)
            renew_at = self._clock.monotonic() + seconds - _RENEW_BEFORE
            self._tokens[service] = token, renew_at
        return token


def caller_of(claims: dict[str, Any], *, kid: str) -> ServiceCaller:
    """The service that verified claims name; it must be the one whose key signed them."""
    if claims.get("sub") != _SUBJECT + kid:
        raise jws.TokenInvalid
    return ServiceCaller(kid)

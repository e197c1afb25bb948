"""The access token of a person on one device: what it claims, and how long it lasts."""

from datetime import timedelta
from typing import Any

from services.chassis.auth.caller import UserCaller
from services.chassis.auth.tokens import jws
from services.chassis.auth.tokens.keys import SigningKey
from services.chassis.runtime.clock import Clock

# RFC 9068.
TYPE = "at+jwt"
LIFETIME = timedelta(minutes=15)

_MAX_ID = 2**63 - 1


class AccessTokens:
    """Issues access tokens, in the name of one issuer and for one audience."""

    def __init__(self, *, issuer: str, audience: str, clock: Clock) -> None:
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def issue(self, user_id: int, session_id: int, *, key: SigningKey) -> str:
        """A token for that session; it is good for LIFETIME from now."""
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": str(user_id),
            "sid": str(session_id),
            "iat": now,
            "exp": now + int(LIFETIME.total_seconds()),
        }
        return jws.sign(claims, typ=TYPE, kid=key.kid, key=key.key)


def caller_of(claims: dict[str, Any]) -> UserCaller:
    """The person whom verified claims name. Raises TokenInvalid if they name none."""
    return UserCaller(_id(claims.get("sub")), _id(claims.get("sid")))


def _id(value: object) -> int:
    # Ids are decimal strings in JSON; one id has one spelling.
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19:
        number = int(value)
        if 0 < number <= _MAX_ID and str(number) == value:
            return number
    raise jws.TokenInvalid

"""From a token to the Caller whom it names, or to an error."""

import hashlib
from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cachebox import LRUCache

from services.chassis.auth import caller
from services.chassis.auth.caller import Caller, Policy, UserCaller
from services.chassis.auth.tokens import access_tokens, identity, jws
from services.chassis.auth.tokens.jws import Key, TokenExpired, TokenInvalid
from services.chassis.auth.tokens.keys import KeyRing
from services.chassis.auth.tokens.revocations import SessionRevoked
from services.chassis.runtime.clock import Clock

# How far two machines' clocks may be apart.
LEEWAY = 30.0
# About 400 bytes each. Verifying costs some 100 µs, finding a verified token about 2.
CACHE_SIZE = 20_000
_SCHEME = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issuer:
    """What a token of one type must say, and whose keys may have signed it."""

    issuer: str
    audiences: frozenset[str]
    lifetime: timedelta
    ring: KeyRing
    caller_of: Callable[[dict[str, Any], str], Caller]


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    # On the clock that only goes forward.
    expires: float
    ring: KeyRing
    kid: str
    key: Key


class Verifier:
    """Verifies access tokens of users, and identities of services whose audience is one of
    `services_here`, the services that the process offers.

    A verified token is cached (by its SHA-256, LRU) until it expires or its key is withdrawn, so
    that one of many calls verifies the signature. Every call checks whether the session is among
    the `revoked`.
    """

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        services_here: Collection[str],
        users: KeyRing,
        services: KeyRing,
        clock: Clock,
        revoked: Container[int] = frozenset(),
    ) -> None:
        self._clock = clock
        self._revoked = revoked
        self._issuers = {
            access_tokens.TYPE: _Issuer(
                issuer=issuer,
                audiences=frozenset((audience,)),
                lifetime=access_tokens.LIFETIME,
                ring=users,
                caller_of=lambda claims, _: access_tokens.caller_of(claims),
            ),
            identity.TYPE: _Issuer(
                issuer=identity.ISSUER,
                audiences=frozenset(map(identity.audience_of, services_here)),
                lifetime=identity.LIFETIME,
                ring=services,
                caller_of=lambda claims, kid: identity.caller_of(claims, kid=kid),
            ),
        }
        self._cache: LRUCache[bytes, _Verified] = LRUCache(CACHE_SIZE)

    async def authenticate(self, authorization: Sequence[str], policy: Policy) -> None:
        """Sets the caller of the running call, by its values of the header `authorization`.

        Raises TokenInvalid, TokenExpired or SessionRevoked for a bad token, even where anonymous
        callers are allowed. Raises Unauthenticated or Forbidden by the policy.
        """
        token = bearer_token(authorization)
        if token is None:
            policy.check(caller.ANONYMOUS)
            # Set explicitly: not every server gives each request a task of its own.
            caller.begin(caller.ANONYMOUS, None)
            return
        found = self.remembered(token) or await self.verify(token)
        policy.check(found)
        caller.begin(found, token)

    def remembered(self, token: str) -> Caller | None:
        """The caller whom the token names, if it was verified before and still holds. Raises
        SessionRevoked."""
        digest = hashlib.sha256(token.encode()).digest()
        found = self._cache.get(digest)
        if found is None:
            return None
        now, ring = self._clock.monotonic(), found.ring
        if now >= ring.stale_at:
            ring.refresh()
        if now < found.expires and ring.keys.get(found.kid) is found.key:
            return self._live(found.caller)
        self._cache.pop(digest, None)
        return None

    async def verify(self, token: str) -> Caller:
        """The caller whom the token names.

        Raises TokenExpired, TokenInvalid, SessionRevoked, or Unavailable when the issuer's keys
        were never seen.
        """
        remembered = self.remembered(token)
        if remembered is not None:
            return remembered
        verified = await self._verify(token)
        self._cache[hashlib.sha256(token.encode()).digest()] = verified
        return self._live(verified.caller)

    def _live(self, found: Caller) -> Caller:
        if isinstance(found, UserCaller) and found.session_id in self._revoked:
            raise SessionRevoked
        return found

    async def _verify(self, token: str) -> _Verified:
        typ, kid = jws.read_header(token)
        issuer = self._issuers.get(typ)
        if issuer is None:
            raise TokenInvalid
        key = await issuer.ring.find(kid)
        if key is None:
            raise TokenInvalid
        claims = jws.verify(token, key)
        left = _check(claims, issuer, self._clock.now().timestamp())
        expires = self._clock.monotonic() + left
        return _Verified(issuer.caller_of(claims, kid), expires, issuer.ring, kid, key)


def bearer_token(authorization: Sequence[str]) -> str | None:
    """The bearer token in the values of a header; None where there is no value.

    Raises TokenInvalid for any other credential, and for two of them, since two readers might each
    take a different one.
    """
    if not authorization:
        return None
    (value, *more) = authorization
    if more or value[: len(_SCHEME)].lower() != _SCHEME:
        raise TokenInvalid
    return value[len(_SCHEME) :]


def _check(claims: dict[str, Any], issuer: _Issuer, now: float) -> float:
    """Checks all claims that are not about the subject; returns the seconds that are left."""
    audience = claims.get("aud")
    if not isinstance(audience, str) or audience not in issuer.audiences:
        raise TokenInvalid
    if claims.get("iss") != issuer.issuer:
        raise TokenInvalid
    issued, expires = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
    if issued > now + LEEWAY or expires - issued > issuer.lifetime.total_seconds():
        raise TokenInvalid
    if "nbf" in claims and _seconds(claims["nbf"]) > now + LEEWAY:
        raise TokenInvalid
    left = expires + LEEWAY - now
    if left <= 0:
        raise TokenExpired
    return left


def _seconds(value: object) -> int:
    # bool is an int to Python, not to us; far values would overflow elsewhere.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53:
        return value
    raise TokenInvalid

"""Signed tokens (JWT, ES256 and nothing else): who may have issued one, and what it says.

Two kinds go through the mesh, distinguished by `typ`: access tokens of users, and identities
of services. `Verifier` turns either into a Caller; `AccessTokens` and `ServiceIdentity` issue them.
"""

from services.chassis.auth.tokens.access_tokens import AccessTokens
from services.chassis.auth.tokens.identity import ServiceIdentity
from services.chassis.auth.tokens.keys import (
    Jwk,
    JwksSource,
    KeyRing,
    SigningKey,
    StaticJwks,
    service_keys,
)
from services.chassis.auth.tokens.revocations import (
    RevocationSource,
    Revoked,
    RevokedSessions,
    SessionRevoked,
)
from services.chassis.auth.tokens.verifier import Verifier

__all__ = [
    "AccessTokens",
    "Jwk",
    "JwksSource",
    "KeyRing",
    "RevocationSource",
    "Revoked",
    "RevokedSessions",
    "ServiceIdentity",
    "SessionRevoked",
    "SigningKey",
    "StaticJwks",
    "Verifier",
    "service_keys",
]

"""The one form of signed token that Roost reads and writes: compact JWS, ES256, one known key.

No other module of the services and the gateway imports python-jose. The header is checked before
the library sees the token, because python-jose by itself ignores
`crit` and `typ` and takes whatever key and algorithm it is handed. See RFC 7515 and RFC 8725.
"""

import base64
import json
import re
from typing import Any

import orjson
from jose import jwk, jws
from jose.backends.base import Key
from jose.exceptions import JOSEError

from services.chassis.runtime.errors import Unauthenticated

__all__ = [
    "ALGORITHM",
    "Key",
    "TokenExpired",
    "TokenInvalid",
    "key_of",
    "read_header",
    "sign",
    "verify",
]

ALGORITHM = "ES256"
# An access token is about 400 bytes; anything far beyond is not worth parsing.
MAX_TOKEN_SIZE = 4096

_COMPACT = re.compile(r"([A-Za-z0-9_-]{1,1024})\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})", re.ASCII)
# Whatever else a header may say is refused, `crit`, `jku`, `jwk`, `x5u` and `x5c` above all.
_MEMBERS = {"alg", "typ", "kid"}
_MAX_KID = 128


class TokenInvalid(Unauthenticated):
    """The token is malformed, forged, or not for us."""

    reason = "TOKEN_INVALID"
    message = "The token is not valid."


class TokenExpired(Unauthenticated):
    """The token was good once."""

    reason = "TOKEN_EXPIRED"
    message = "The token has expired."


def read_header(token: str) -> tuple[str, str]:
    """The `typ` and `kid` that the token claims to have. Raises TokenInvalid.

    Nothing is verified but the form: compact, within the size, ES256, no header member beyond
    alg, typ and kid, none of them twice.
    """
    if len(token) > MAX_TOKEN_SIZE:
        raise TokenInvalid
    parts = _COMPACT.fullmatch(token)
    if parts is None:
        raise TokenInvalid
    try:
        header = json.loads(_decode(parts[1]), object_pairs_hook=_members)
    except (ValueError, RecursionError):
        raise TokenInvalid from None
    if not isinstance(header, dict) or header.keys() != _MEMBERS or header["alg"] != ALGORITHM:
        raise TokenInvalid
    typ, kid = header["typ"], header["kid"]
    if not isinstance(typ, str) or not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID:
        raise TokenInvalid
    return typ, kid


def key_of(material: bytes | dict[str, Any]) -> Key:
    """An ES256 key from a PEM file's bytes or from the members of a JWK. Raises ValueError."""
    try:
        return jwk.construct(material, ALGORITHM)
    except JOSEError as error:
        raise ValueError("a key cannot be read") from error


def verify(token: str, key: Key) -> dict[str, Any]:
    """The claims of a token whose header was read, once its signature is found to be the key's."""
    try:
        payload = jws.verify(token, key, algorithms=[ALGORITHM])
        claims = orjson.loads(payload)
    except (JOSEError, ValueError):
        raise TokenInvalid from None
    if not isinstance(claims, dict):
        raise TokenInvalid
    return claims


def sign(claims: dict[str, Any], *, typ: str, key: Key, kid: str | None = None) -> str:
    """The compact token of these claims. Our own readers ask for the `kid`; others may not."""
    headers = {"typ": typ} if kid is None else {"typ": typ, "kid": kid}
    token: str = jws.sign(orjson.dumps(claims), key, headers=headers, algorithm=ALGORITHM)
    return token


def _decode(segment: str) -> bytes:
    return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members

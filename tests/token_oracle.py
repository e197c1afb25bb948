"""A reference verifier of tokens: PyJWT and joserfc, and the rules of Roost that no library has.

The rules are written from docs and contracts, and share no code with the verifier under test.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import joserfc.jwk
import joserfc.jwt
import jwt
from joserfc.errors import JoseError

from tests.token_forge import Forge

LEEWAY_SECONDS = 30
LIFETIME_SECONDS = 900
MAX_CHARACTERS = 4096
_CLAIMS = ("iss", "aud", "sub", "sid", "iat", "exp")
_NUMBER = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class Opened:
    """A token that is well formed and signed by the issuer's key."""

    token: str
    header: dict[str, Any]
    claims: dict[str, Any]


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(_NUMBER.fullmatch(value)) and int(value) < 2**63


def _names_are_unique(opened: Opened) -> bool:
    first = opened.token.split(".", 1)[0]
    pairs = json.loads(
        base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)), object_pairs_hook=list
    )
    names = [name for name, _ in pairs]
    return len(names) == len(set(names))


class Oracle:
    """Verifies tokens of one issuer, with the key of `forge`."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge
        self._key = joserfc.jwk.ECKey.import_key(forge.public_pem)
        self.rules: dict[str, Callable[[Opened], bool]] = {
            "is small": lambda it: len(it.token) <= MAX_CHARACTERS,
            "has no duplicate names": _names_are_unique,
            "has alg, typ and kid alone": lambda it: set(it.header) == {"alg", "typ", "kid"},
            "is an access token": lambda it: it.header.get("typ") == "at+jwt",
            "names the key": lambda it: it.header.get("kid") == forge.key.kid,
            "is for Roost alone": lambda it: it.claims["aud"] == forge.audience,
            "is short-lived": lambda it: (
                type(it.claims["exp"]) is int
                and it.claims["exp"] - it.claims["iat"] <= LIFETIME_SECONDS
            ),
            "has a user id": lambda it: _is_id(it.claims["sub"]),
            "has a session id": lambda it: _is_id(it.claims["sid"]),
        }

    def by_joserfc(self, token: str) -> bool:
        """Whether joserfc accepts it: signature, header, claims and time."""
        registry = joserfc.jwt.JWTClaimsRegistry(
            now=self._forge.now,
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._forge.issuer},
            aud={"essential": True, "value": self._forge.audience},
            sub={"essential": True},
            sid={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        )
        try:
            opened = joserfc.jwt.decode(token, self._key, algorithms=["ES256"])
            registry.validate(opened.claims)
        except (JoseError, ValueError, TypeError):
            return False
        return True

    def opened_by_pyjwt(self, token: str) -> Opened | None:
        """The token that PyJWT decodes; None if it refuses. Its clock cannot be set, so joserfc
        checks times.
        """
        try:
            claims = jwt.decode(
                token,
                self._forge.public_pem.decode(),
                algorithms=["ES256"],
                audience=self._forge.audience,
                issuer=self._forge.issuer,
                options={
                    "require": list(_CLAIMS),
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
            return Opened(token, jwt.get_unverified_header(token), claims)
        except (jwt.PyJWTError, ValueError, TypeError):
            return None


# Tokens that both libraries accept, and the rule of Roost that each breaks.
BREAKS = {
    "huge": "is small",
    "alg twice": "has no duplicate names",
    "own key in jwk": "has alg, typ and kid alone",
    "jku": "has alg, typ and kid alone",
    "x5u": "has alg, typ and kid alone",
    "x5c": "has alg, typ and kid alone",
    "cty": "has alg, typ and kid alone",
    "kid missing": "has alg, typ and kid alone",
    "typ missing": "has alg, typ and kid alone",
    "kid unknown": "names the key",
    "kid of another key": "names the key",
    "kid empty": "names the key",
    "kid is a path": "names the key",
    "kid is SQL": "names the key",
    "kid of a service": "names the key",
    "typ JWT": "is an access token",
    "typ AT+JWT": "is an access token",
    "typ of a service": "is an access token",
    "several audiences": "is for Roost alone",
    "lasts too long": "is short-lived",
    "lasts for years": "is short-lived",
    "exp is enormous": "is short-lived",
    "exp is a float": "is short-lived",
    "sub is zero": "has a user id",
    "sub is negative": "has a user id",
    "sub has a leading zero": "has a user id",
    "sub has a space": "has a user id",
    "sub is in other digits": "has a user id",
    "sub is too large": "has a user id",
    "sub is a service": "has a user id",
    "sid is a list": "has a session id",
}

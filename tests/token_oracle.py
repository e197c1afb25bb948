"""A second opinion on tokens: PyJWT and joserfc, and the rules of Roost that no library knows.

The rules are those of docs and contracts, written down once more and plainly; nothing here is
taken from the verifier that they judge.
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
    """Judges tokens of one issuer, whose key signs as `forge` does."""

    def __init__(self, forge: Forge) -> None:
        self._forge = forge
        self._key = joserfc.jwk.ECKey.import_key(forge.public_pem)
        self.rules: dict[str, Callable[[Opened], bool]] = {
            "is small": lambda it: len(it.token) <= MAX_CHARACTERS,
            "says nothing twice": _names_are_unique,
            "has alg, typ and kid alone": lambda it: set(it.header) == {"alg", "typ", "kid"},
            "is an access token": lambda it: it.header.get("typ") == "at+jwt",
            "names the key": lambda it: it.header.get("kid") == forge.key.kid,
            "is for Roost alone": lambda it: it.claims["aud"] == forge.audience,
            "lasts for minutes": lambda it: (
                type(it.claims["exp"]) is int
                and it.claims["exp"] - it.claims["iat"] <= LIFETIME_SECONDS
            ),
            "is of a person": lambda it: _is_id(it.claims["sub"]),
            "is of a session": lambda it: _is_id(it.claims["sid"]),
        }

    def by_joserfc(self, token: str) -> bool:
        """Whether joserfc takes it: signature, header, claims and time."""
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
        """What PyJWT reads in it; None if it refuses. Its clock cannot be set, so time is left to
        joserfc.
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


# What both libraries take, and the rule of Roost that it breaks.
BREAKS = {
    "huge": "is small",
    "alg twice": "says nothing twice",
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
    "lasts too long": "lasts for minutes",
    "lasts for years": "lasts for minutes",
    "exp is enormous": "lasts for minutes",
    "exp is a float": "lasts for minutes",
    "sub is zero": "is of a person",
    "sub is negative": "is of a person",
    "sub has a leading zero": "is of a person",
    "sub has a space": "is of a person",
    "sub is in other digits": "is of a person",
    "sub is too large": "is of a person",
    "sub is a service": "is of a person",
    "sid is a list": "is of a session",
}

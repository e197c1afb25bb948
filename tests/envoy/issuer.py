"""Issues access tokens as the user service does, and bad ones."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec


class Issuer:
    """One ES256 key and the tokens it signs."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    def jwks(self) -> bytes:
        """Return the key set that the gateway serves."""
        public = jwt.algorithms.ECAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return json.dumps(
            {"keys": [public | {"kid": "key", "alg": "ES256", "use": "sig"}]}
        ).encode()

    def token(self, user: int, **claims: Any) -> str:
        """Return an access token of 15 minutes; `claims` replace the usual ones, None drops one."""
        now = int(time.time())
        usual = {
            "iss": "https://roost.local",
            "aud": "roost",
            "sub": str(user),
            "sid": "1",
            "iat": now,
            "exp": now + 900,
        }
        payload = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode(payload, self._key, "ES256", headers={"kid": "key", "typ": "at+jwt"})


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"authorization": f"Bearer {token}"}

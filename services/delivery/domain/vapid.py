"""Identifies the sender of push messages to push services (VAPID, RFC 8292)."""

import base64
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from services.chassis.auth.tokens import SigningKey
from services.chassis.auth.tokens.jws import sign
from services.chassis.runtime.clock import Clock

# At most 24 h (RFC 8292, 2). A token is replaced after half its lifetime.
_LIFETIME = timedelta(hours=12)
_REUSED = timedelta(hours=6)
# The number of origins with a cached token; beyond it the cache is cleared.
_KEPT = 1_000


class Vapid:
    """Signs for the push service of an endpoint. `contact` is the mailto: or https: address of
    this installation's operators. Raises ValueError if the PEM holds no ES256 key."""

    def __init__(self, pem: bytes, *, contact: str, clock: Clock) -> None:
        try:
            signing = SigningKey.from_pem("push", pem)
        except ValueError:
            raise ValueError("ROOST_PUSH_KEY_FILE holds no ES256 key") from None
        public = signing.public_jwk()
        # The uncompressed point: the `applicationServerKey` of a browser.
        self.public_key = encode(b"\x04" + decode(public["x"]) + decode(public["y"]))
        self._key = signing.key
        self._contact = contact
        self._clock = clock
        self._signed: dict[str, tuple[str, datetime]] = {}

    def authorization(self, endpoint: str) -> str:
        """The Authorization header for a message to the endpoint."""
        audience = _origin(endpoint)
        token, since = self._signed.get(audience, ("", None))
        now = self._clock.now()
        if since is None or now - since > _REUSED:
            claims: dict[str, Any] = {"aud": audience, "exp": int((now + _LIFETIME).timestamp())}
            token = sign(claims | {"sub": self._contact}, typ="JWT", key=self._key)
            if len(self._signed) >= _KEPT:
                self._signed.clear()
            self._signed[audience] = (token, now)
        return f"vapid t={token}, k={self.public_key}"


def _origin(endpoint: str) -> str:
    """The origin as in RFC 6454: lower case, without the default port."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    literal = f"[{host}]" if ":" in host else host
    default = parts.port is None or parts.port == (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{literal}" + ("" if default else f":{parts.port}")


def encode(content: bytes) -> str:
    """Base64url without padding, as in all of Web Push."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

"""Who sends the push messages (VAPID, RFC 8292): push services know us by this key alone."""

import base64
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from services.chassis.auth.tokens import SigningKey
from services.chassis.auth.tokens.jws import sign
from services.chassis.runtime.clock import Clock

# At most 24 h (RFC 8292, 2); ours are signed anew at half their time.
_LIFETIME = timedelta(hours=12)
_REUSED = timedelta(hours=6)
# Push services seen at once; beyond it everything is signed anew.
_KEPT = 1_000


class Vapid:
    """Signs for the push service of an endpoint. `contact` is a mailto: or https: address at
    which its operators reach ours. Raises ValueError if the PEM holds no ES256 key."""

    def __init__(self, pem: bytes, *, contact: str, clock: Clock) -> None:
        try:
            signing = SigningKey.from_pem("push", pem)
        except ValueError:
            raise ValueError("ROOST_PUSH_KEY_FILE holds no ES256 key") from None
        public = signing.public_jwk()
        # The uncompressed point: what a browser takes for `applicationServerKey`.
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
    """The origin as RFC 6454 writes it: lower case, without the usual port."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    usual = parts.port is None or parts.port == (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{shown}" + ("" if usual else f":{parts.port}")


def encode(content: bytes) -> str:
    """Base64url without padding, as all of Web Push writes it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The bytes of base64url without padding. Raises ValueError."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))

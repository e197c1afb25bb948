"""Refresh tokens: their form, and how genuine ones are recognized.

    base64url(version 1 | user id 8 | session id 8 | secret 32 | tag 16 bytes)

It is opaque to clients. The ids identify the session's row, which stores only the SHA-256 of the
whole token. The tag (HMAC) does not make a token valid: it proves that this service issued the
token once. So presenting a used token ends the session, and presenting an invented one does not.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

_VERSION = 1
_SECRET_SIZE = 32
_TAG_SIZE = 16
_SIZE = 1 + 8 + 8 + _SECRET_SIZE + _TAG_SIZE
_PURPOSE = b"roost refresh token tag"


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A well-formed token that a client presented."""

    user_id: int
    session_id: int
    hash: bytes
    # Whether this service issued it, at any time.
    genuine: bool


class RefreshTokens:
    """Creates and reads refresh tokens. All processes of the service share the key."""

    def __init__(self, *, master_key: bytes) -> None:
        self._key = hmac.digest(master_key, _PURPOSE, "sha256")

    def make(self, user_id: int, session_id: int) -> str:
        """A new token for the session, of 256 random bits."""
        body = (
            bytes([_VERSION])
            + user_id.to_bytes(8)
            + session_id.to_bytes(8)
            + secrets.token_bytes(_SECRET_SIZE)
        )
        return base64.urlsafe_b64encode(body + self._tag(body)).rstrip(b"=").decode()

    def read(self, token: str) -> PresentedToken | None:
        """The content of the token; None if it does not have the form of one."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        if len(raw) != _SIZE or raw[0] != _VERSION:
            return None
        body, tag = raw[:-_TAG_SIZE], raw[-_TAG_SIZE:]
        user_id, session_id = int.from_bytes(body[1:9]), int.from_bytes(body[9:17])
        if user_id >= 1 << 63 or session_id >= 1 << 63:
            return None
        genuine = hmac.compare_digest(tag, self._tag(body))
        return PresentedToken(user_id, session_id, hash_of(token), genuine)

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_TAG_SIZE]


def hash_of(token: str) -> bytes:
    """The stored form of a token. 256 random bits need no salt and no slow hash."""
    return hashlib.sha256(token.encode()).digest()

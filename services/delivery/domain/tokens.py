"""Confirmation codes, unsubscribe tokens and topics on the wire.

All are derived from the master key, so none of them is stored.
"""

import hashlib
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.delivery.domain.errors import UnsubscribeTokenInvalid
from services.delivery.domain.vapid import decode, encode

CODE_DIGITS = 6

_ID_BYTES = 8
_TAG_BYTES = 16
# A Topic header has up to 32 characters of base64url (RFC 8030, 5.4).
_TOPIC_BYTES = 24


class Tokens:
    """Derives and verifies them with the keys of one installation."""

    def __init__(self, *, master_key: bytes) -> None:
        self._code_key = _derived(master_key, b"roost email code")
        self._unsubscribe_key = _derived(master_key, b"roost email unsubscribe")
        self._topic_key = _derived(master_key, b"roost push topic")

    def code(self, user_id: int, address: str, nonce: bytes) -> str:
        """The six digits that confirm the address; they differ for each nonce."""
        content = user_id.to_bytes(_ID_BYTES) + nonce + address.encode()
        number = int.from_bytes(hmac.digest(self._code_key, content, hashlib.sha256)[:8])
        return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}}"

    def is_code(self, code: str, user_id: int, address: str, nonce: bytes) -> bool:
        """Whether it is that code; takes the same time either way."""
        return hmac.compare_digest(code, self.code(user_id, address, nonce))

    def unsubscribe_token(self, user_id: int) -> str:
        """A token that turns off the user's digest, and nothing else."""
        user = user_id.to_bytes(_ID_BYTES)
        return encode(user + self._tag(user))

    def unsubscriber(self, token: str) -> int:
        """The user of the token. Raises UnsubscribeTokenInvalid."""
        try:
            content = decode(token)
        except ValueError:
            raise UnsubscribeTokenInvalid from None
        user, tag = content[:_ID_BYTES], content[_ID_BYTES:]
        if not hmac.compare_digest(tag, self._tag(user)):
            raise UnsubscribeTokenInvalid
        return int.from_bytes(user)

    def wire_topic(self, user_id: int, topic: str) -> str:
        """The topic as push services see it. It shows which messages replace each other, and
        nothing of their content."""
        content = user_id.to_bytes(_ID_BYTES) + topic.encode()
        return encode(hmac.digest(self._topic_key, content, hashlib.sha256)[:_TOPIC_BYTES])

    def _tag(self, user: bytes) -> bytes:
        return hmac.digest(self._unsubscribe_key, user, hashlib.sha256)[:_TAG_BYTES]


def _derived(master_key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(master_key)

"""What only this service can make: confirmation codes, unsubscribe tokens, topics on the wire.

All follow from the master key, so none of them is stored.
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
    """Makes and reads them."""

    def __init__(self, *, master_key: bytes) -> None:
        self._code_key = _derived(master_key, b"roost email code")
        self._unsubscribe_key = _derived(master_key, b"roost email unsubscribe")
        self._topic_key = _derived(master_key, b"roost push topic")

    def code(self, user_id: int, address: str, nonce: bytes) -> str:
        """The six digits that confirm the address; others for each nonce."""
        content = user_id.to_bytes(_ID_BYTES) + nonce + address.encode()
        number = int.from_bytes(hmac.digest(self._code_key, content, hashlib.sha256)[:8])
        return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}}"

    def is_code(self, code: str, user_id: int, address: str, nonce: bytes) -> bool:
        """Whether it is that code; takes the same time either way."""
        return hmac.compare_digest(code, self.code(user_id, address, nonce))

    def unsubscribe_token(self, user_id: int) -> str:
        """Turns off the person's digest, and nothing else, for whoever has it."""
        person = user_id.to_bytes(_ID_BYTES)
        return encode(person + self._tag(person))

    def unsubscriber(self, token: str) -> int:
        """Whose token it is. Raises UnsubscribeTokenInvalid."""
        try:
            content = decode(token)
        except ValueError:
            raise UnsubscribeTokenInvalid from None
        person, tag = content[:_ID_BYTES], content[_ID_BYTES:]
        if not hmac.compare_digest(tag, self._tag(person)):
            raise UnsubscribeTokenInvalid
        return int.from_bytes(person)

    def wire_topic(self, user_id: int, topic: str) -> str:
        """The topic as push services see it: which messages replace each other, and nothing of
        what they are about."""
        content = user_id.to_bytes(_ID_BYTES) + topic.encode()
        return encode(hmac.digest(self._topic_key, content, hashlib.sha256)[:_TOPIC_BYTES])

    def _tag(self, person: bytes) -> bytes:
        return hmac.digest(self._unsubscribe_key, person, hashlib.sha256)[:_TAG_BYTES]


def _derived(master_key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(master_key)

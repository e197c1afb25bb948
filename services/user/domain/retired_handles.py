"""What is kept of the handles of deleted people, so that nobody else ever gets one."""

import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"roost retired handles"
# In no handle, so that nobody can ask for what is kept.
_PREFIX = "~"


class HandleTombstones:
    """Forms that stand in place of handles. They say nothing without the service's master key, and
    under another master key every handle counts as new."""

    def __init__(self, *, master_key: bytes) -> None:
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(master_key)

    def form_of(self, key: str) -> str:
        """The form of a handle's key (HMAC-SHA-256)."""
        return _PREFIX + hmac.digest(self._key, key.encode(), "sha256").hex()

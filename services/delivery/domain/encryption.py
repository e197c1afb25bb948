"""Message encryption for Web Push (RFC 8291): the push service cannot read the message."""

import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

# One record of the size that every push service accepts (RFC 8291, 4; RFC 8030, 7.2), without
# header, delimiter and tag.
RECORD_BYTES = 4096
MAX_PLAINTEXT_BYTES = RECORD_BYTES - 86 - 1 - 16

_SALT_BYTES = 16
# The delimiter of the last record of a message, which has only one (RFC 8188, 2).
_LAST_RECORD = b"\x02"


def read_public_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """The key of an uncompressed point on P-256. Raises ValueError if it is none."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def public_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """The uncompressed point: 65 bytes."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def encrypt(
    plaintext: bytes,
    *,
    device_key: bytes,
    device_secret: bytes,
    sender: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """A body of `Content-Encoding: aes128gcm` (RFC 8188) for the device of this key and secret.

    `sender` and `salt` are random; only the test with the RFC's example passes them. Raises
    ValueError for more than MAX_PLAINTEXT_BYTES, or for an invalid key.
    """
    if len(plaintext) > MAX_PLAINTEXT_BYTES:
        raise ValueError(f"a push message holds {MAX_PLAINTEXT_BYTES} bytes, not {len(plaintext)}")
    sender = sender or ec.generate_private_key(ec.SECP256R1())
    salt = salt or os.urandom(_SALT_BYTES)
    sender_key = public_point(sender.public_key())
    shared = sender.exchange(ec.ECDH(), read_public_key(device_key))
    context = b"WebPush: info\0" + device_key + sender_key
    keying = _derive(shared, salt=device_secret, info=context, length=32)
    key = _derive(keying, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
    nonce = _derive(keying, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
    header = salt + RECORD_BYTES.to_bytes(4) + len(sender_key).to_bytes(1) + sender_key
    return header + AESGCM(key).encrypt(nonce, plaintext + _LAST_RECORD, None)


def _derive(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)

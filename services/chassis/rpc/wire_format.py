"""Messages put together from packed parts: what is packed already is not packed again.

A field that holds a message is a key, a length and the packed message; a repeated one is several
of these in a row. (https://protobuf.dev/programming-guides/encoding/)
"""

from collections.abc import Iterable
from functools import lru_cache

# The wire type of what comes with its length.
_WITH_LENGTH = 2


def fields(number: int, messages: Iterable[bytes]) -> bytes:
    """Packed messages as the field of that number, one after another."""
    return b"".join([part for each in messages for part in (_head(number, len(each)), each)])


@lru_cache(maxsize=8192)
def _head(number: int, length: int) -> bytes:
    return _varint(number << 3 | _WITH_LENGTH) + _varint(length)


def _varint(value: int) -> bytes:
    packed = bytearray()
    while value > 0x7F:
        packed.append(value & 0x7F | 0x80)
        value >>= 7
    packed.append(value)
    return bytes(packed)

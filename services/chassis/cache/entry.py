"""One value of the cache in Redis: its kind, until when it is fresh, a token, the content.

The token of a value ends with the CRC-32 of the content, so that an entry that was damaged or
written by somebody else is known, and read as if it was not there. All else in it is random.

These first 17 bytes, the header, differ between any two writes, so an entry is known by it. They
are taken apart by slicing, as a page of 20 posts is 20 entries.
"""

import os
from collections.abc import Iterable, Sequence
from zlib import crc32

# A kind is the first byte.
VALUE = 1
ABSENT = 2  # known not to exist
LEASE = 3  # somebody is loading it, and may store it while this stands

HEADER_BYTES = 17
_TIME = slice(1, 9)
_TOKEN_BYTES = 8
_SUM = slice(13, 17)


def pack(kind: int, *, fresh_until: int = 0, content: bytes = b"") -> bytes:
    """A new entry, with a token of its own; the time is in milliseconds since 1970."""
    if kind == VALUE:
        token = os.urandom(_TOKEN_BYTES - 4) + crc32(content).to_bytes(4)
    else:
        token = os.urandom(_TOKEN_BYTES)
    return bytes((kind,)) + moment(fresh_until) + token + content


def moment(milliseconds: int) -> bytes:
    """A time as entries hold it: it compares as the number does."""
    return milliseconds.to_bytes(8)


def kind_of(raw: bytes | None) -> int | None:
    """What an entry says of its key; None where nothing is there, or nothing that we wrote."""
    return raw[0] if raw is not None and len(raw) >= HEADER_BYTES else None


def is_stale(raw: bytes, now: bytes) -> bool:
    """Whether a value or an absence is past its time."""
    return raw[_TIME] <= now


def fresh_values(found: Iterable[bytes | None], now: bytes) -> list[bytes | None]:
    """Of each entry the encoded value, if it is one and not past its time; None for any other."""
    return [
        content
        if raw
        and raw[0] == VALUE
        and raw[_TIME] > now
        and len(raw) >= HEADER_BYTES
        and crc32(content := raw[HEADER_BYTES:]) == int.from_bytes(raw[_SUM])
        else None
        for raw in found
    ]


def is_whole(raw: bytes) -> bool:
    """Whether the content of a value is what was written."""
    return crc32(raw[HEADER_BYTES:]) == int.from_bytes(raw[_SUM])


def headers_of_values(found: Sequence[bytes | None]) -> bytes:
    """The headers of all entries, one after another; nothing unless each is a value."""
    headers = [
        raw[:HEADER_BYTES] for raw in found if raw and raw[0] == VALUE and len(raw) >= HEADER_BYTES
    ]
    return b"".join(headers) if len(headers) == len(found) else b""


def first_to_end(found: Iterable[bytes | None]) -> bytes:
    """The moment at which the first of the entries is past its time."""
    return min(raw[_TIME] for raw in found if raw)


def header_of(raw: bytes) -> bytes:
    """What tells this entry from any other."""
    return raw[:HEADER_BYTES]


def content_of(raw: bytes) -> bytes:
    return raw[HEADER_BYTES:]

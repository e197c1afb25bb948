"""One value of the cache in Redis: its kind, until when it is fresh, a random token, the content.

These first 17 bytes, the header, differ between any two writes, so an entry is known by it. They
are taken apart by slicing, as a page of 20 posts is 20 entries.
"""

import os
from collections.abc import Iterable, Sequence

# A kind is the first byte.
VALUE = 1
ABSENT = 2  # known not to exist
LEASE = 3  # somebody is loading it, and may store it while this stands

HEADER_BYTES = 17
_TIME = slice(1, 9)
_TOKEN_BYTES = 8


def pack(kind: int, *, fresh_until: int = 0, content: bytes = b"") -> bytes:
    """A new entry, with a token of its own; the time is in milliseconds since 1970."""
    return bytes((kind,)) + moment(fresh_until) + os.urandom(_TOKEN_BYTES) + content


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
        raw[HEADER_BYTES:]
        if raw and raw[0] == VALUE and raw[_TIME] > now and len(raw) >= HEADER_BYTES
        else None
        for raw in found
    ]


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
    """The encoded value."""
    return raw[HEADER_BYTES:]

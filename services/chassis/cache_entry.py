"""One value of the cache in Redis: its kind, until when it is fresh, a random token, the content.

These first 17 bytes, the header, differ between any two writes, so an entry is known by it.
"""

import os
import struct
from enum import IntEnum
from typing import NamedTuple

_HEADER = struct.Struct(">BQ8s")


class Kind(IntEnum):
    """What an entry says about its key."""

    VALUE = 1
    ABSENT = 2  # known not to exist
    LEASE = 3  # somebody is loading it, and may store it while this stands


_KINDS = frozenset(Kind)


class Entry(NamedTuple):
    """An entry as read. `fresh_until` is in milliseconds since 1970."""

    kind: int
    fresh_until: int
    header: bytes
    content: bytes


def pack(kind: Kind, *, fresh_until: int = 0, content: bytes = b"") -> bytes:
    """A new entry, with a token of its own."""
    return _HEADER.pack(kind, fresh_until, os.urandom(8)) + content


def parse(raw: bytes | None) -> Entry | None:
    """The entry; None where nothing is there, or nothing that we wrote."""
    if raw is None or len(raw) < _HEADER.size or raw[0] not in _KINDS:
        return None
    kind, fresh_until, _ = _HEADER.unpack_from(raw)
    return Entry(kind, fresh_until, raw[: _HEADER.size], raw[_HEADER.size :])

"""Entries as the bytes that feeds and rankings keep.

Four big-endian 64-bit numbers. Ids are positive, so the order of the bytes is the order of the
entry ids, exactly: a sorted set's scores are doubles, which cannot hold 63 bits.
"""

import struct
from collections.abc import Iterable

from services.timeline.domain.model import Entry

_ENTRY = struct.Struct(">QQQQ")
_ID = struct.Struct(">Q")

# Sorts below every entry: at the bottom of a feed it says that nothing older exists.
BOTTOM = bytes(8)


def packed(entry: Entry) -> bytes:
    return _ENTRY.pack(*entry)


def packed_all(entries: Iterable[Entry]) -> bytes:
    """Entries' bytes, one after another."""
    pack = _ENTRY.pack
    return b"".join([pack(*entry) for entry in entries])


class Unreadable(ValueError):
    """The bytes were not packed here."""


def unpacked(content: bytes) -> list[Entry]:
    """The entries in bytes of `packed_all`. Raises Unreadable."""
    try:
        return [Entry._make(each) for each in _ENTRY.iter_unpack(content)]
    except struct.error as wrong:
        raise Unreadable(str(wrong)) from wrong


def packed_id(number: int) -> bytes:
    """An id's bytes, in the order of ids; up to and including TOP."""
    return _ID.pack(number)


def packed_ids(numbers: Iterable[int]) -> bytes:
    """Ids' bytes, one after another."""
    return b"".join([_ID.pack(number) for number in numbers])


def unpacked_ids(content: bytes) -> list[int]:
    """The ids in bytes of `packed_ids`. Raises Unreadable."""
    try:
        return [number for (number,) in _ID.iter_unpack(content)]
    except struct.error as wrong:
        raise Unreadable(str(wrong)) from wrong

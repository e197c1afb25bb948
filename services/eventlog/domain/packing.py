"""Wake-ups as bytes: entries of logs and activity around posts, on their way between processes."""

import struct
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from services.eventlog.domain.model import LogEntry, PostActivity

# User, sequence, microseconds since 1970, length of the content that follows.
_ENTRY = struct.Struct(">qqqI")
# Post, reply, whether the post is deleted.
_ACTIVITY = struct.Struct(">qq?")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Unreadable(ValueError):
    """The bytes are no wake-up: somebody else's, or of another version."""


def pack_entries(entries: Sequence[LogEntry]) -> bytes:
    """Entries, one after another."""
    parts: list[bytes] = []
    for user_id, sequence, time, content in entries:
        microseconds = (time - _EPOCH) // _MICROSECOND
        parts += (_ENTRY.pack(user_id, sequence, microseconds, len(content)), content)
    return b"".join(parts)


def unpack_entries(packed: bytes) -> list[LogEntry]:
    """The entries, in the same order. Raises Unreadable."""
    return list(_entries(packed))


def pack_activities(activities: Sequence[PostActivity]) -> bytes:
    """Activities, one after another."""
    return b"".join(_ACTIVITY.pack(*each) for each in activities)


def unpack_activities(packed: bytes) -> list[PostActivity]:
    """The activities, in the same order. Raises Unreadable."""
    try:
        return [PostActivity(*each) for each in _ACTIVITY.iter_unpack(packed)]
    except struct.error as wrong:
        raise Unreadable(str(wrong)) from wrong


def _entries(packed: bytes) -> Iterator[LogEntry]:
    place = 0
    while place < len(packed):
        try:
            user_id, sequence, microseconds, length = _ENTRY.unpack_from(packed, place)
        except struct.error as wrong:
            raise Unreadable(str(wrong)) from wrong
        begin = place + _ENTRY.size
        place = begin + length
        if place > len(packed):
            raise Unreadable("the last entry is cut off")
        try:
            time = _EPOCH + timedelta(microseconds=microseconds)
        except OverflowError as wrong:
            raise Unreadable(str(wrong)) from wrong
        yield LogEntry(user_id, sequence, time, packed[begin:place])

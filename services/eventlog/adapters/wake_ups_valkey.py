"""The wake-up channel over Valkey's channels.

Valkey stores nothing: a message that is published while nobody listens, or while Valkey is
unavailable, is lost. Live delivery then reads the entries from the log (see `domain.live`).
"""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from prometheus_client import Counter

from services.chassis.cache import redis_channels
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger
from services.eventlog.domain.model import HashtagActivity, LogEntry, PostActivity

EVENTS = "notification:events"
ACTIVITY = "notification:activity"
HASHTAGS = "notification:hashtags"

# A message with these has about 50 kB, so a large one does not delay others for long.
_BATCH_SIZE = 500

# User, sequence, microseconds since 1970, length of the content that follows.
_ENTRY = struct.Struct(">qqqI")
# Post, reply, whether the post is deleted.
_ACTIVITY = struct.Struct(">qq?")
# Post, bytes of the hashtag that follows.
_HASHTAG = struct.Struct(">qH")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_lost = Counter(
    "roost_eventlog_wake_ups_lost_total",
    "Wake-ups that could not be published; the sweep finds their entries later",
)

T = TypeVar("T")


class Undecodable(ValueError):
    """The bytes are not a wake-up of this version."""


class ValkeyWakeUpChannel:
    """See `ports.WakeUpChannel`. Announcements during a publication are sent with the next one."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._entries: list[LogEntry] = []
        self._activities: list[PostActivity] = []
        self._hashtags: list[HashtagActivity] = []
        self._publishing: asyncio.Task[None] | None = None

    def announce(self, entries: Sequence[LogEntry]) -> None:
        self._entries += entries
        self._start()

    def announce_activities(self, activities: Sequence[PostActivity]) -> None:
        self._activities += activities
        self._start()

    def announce_hashtags(self, activities: Sequence[HashtagActivity]) -> None:
        self._hashtags += activities
        self._start()

    async def close(self) -> None:
        """Waits until everything is published."""
        if self._publishing is not None:
            await asyncio.wait({self._publishing})

    def _start(self) -> None:
        waiting = self._entries or self._activities or self._hashtags
        if waiting and (self._publishing is None or self._publishing.done()):
            self._publishing = asyncio.create_task(self._publish(), name="wake-ups")

    async def _publish(self) -> None:
        while self._entries or self._activities or self._hashtags:
            entries, self._entries = self._entries, []
            activities, self._activities = self._activities, []
            hashtags, self._hashtags = self._hashtags, []
            messages = [(EVENTS, pack_entries(each)) for each in _parts(entries)]
            messages += [(ACTIVITY, pack_activities(each)) for each in _parts(activities)]
            messages += [(HASHTAGS, pack_hashtags(each)) for each in _parts(hashtags)]
            try:
                # The deadline of the call that committed does not apply here.
                with deadline.none():
                    await self._client.pipeline(("PUBLISH", *message) for message in messages)
            except (Unavailable, DeadlineExceeded):
                _lost.inc(len(messages))


@asynccontextmanager
async def open_wake_up_channel(client: RedisClient) -> AsyncIterator[ValkeyWakeUpChannel]:
    """The wake-up channel for the duration of the block."""
    wake_ups = ValkeyWakeUpChannel(client)
    try:
        yield wake_ups
    finally:
        await wake_ups.close()


async def listen(
    url: str,
    *,
    events: Callable[[Sequence[LogEntry]], None],
    activities: Callable[[Sequence[PostActivity]], None],
    hashtags: Callable[[Sequence[HashtagActivity]], None],
    ca_file: Path | None = None,
) -> None:
    """Passes on what is announced until it is cancelled. Undecodable messages are logged."""
    channels = [EVENTS, ACTIVITY, HASHTAGS]
    async for channel, message in redis_channels.messages(url, channels, ca_file=ca_file):
        try:
            if channel == EVENTS:
                events(unpack_entries(message))
            elif channel == ACTIVITY:
                activities(unpack_activities(message))
            else:
                hashtags(unpack_hashtags(message))
        except Undecodable as error:
            logger().warning("wake_up_undecodable", channel=channel, error=str(error))


def pack_entries(entries: Sequence[LogEntry]) -> bytes:
    """The entries, one after another."""
    parts: list[bytes] = []
    for user_id, sequence, time, content in entries:
        microseconds = (time - _EPOCH) // _MICROSECOND
        parts += (_ENTRY.pack(user_id, sequence, microseconds, len(content)), content)
    return b"".join(parts)


def unpack_entries(packed: bytes) -> list[LogEntry]:
    """The entries, in the same order. Raises Undecodable."""
    return list(_unpacked_entries(packed))


def pack_activities(activities: Sequence[PostActivity]) -> bytes:
    """The activities, one after another."""
    return b"".join(_ACTIVITY.pack(*each) for each in activities)


def unpack_activities(packed: bytes) -> list[PostActivity]:
    """The activities, in the same order. Raises Undecodable."""
    try:
        return [PostActivity(*each) for each in _ACTIVITY.iter_unpack(packed)]
    except struct.error as error:
        raise Undecodable(str(error)) from error


def pack_hashtags(activities: Sequence[HashtagActivity]) -> bytes:
    """The activities, one after another."""
    parts: list[bytes] = []
    for tag, post_id in activities:
        encoded = tag.encode()
        parts += (_HASHTAG.pack(post_id, len(encoded)), encoded)
    return b"".join(parts)


def unpack_hashtags(packed: bytes) -> list[HashtagActivity]:
    """The activities, in the same order. Raises Undecodable."""
    found: list[HashtagActivity] = []
    offset = 0
    while offset < len(packed):
        try:
            post_id, length = _HASHTAG.unpack_from(packed, offset)
            begin = offset + _HASHTAG.size
            offset = begin + length
            tag = packed[begin:offset].decode()
        except (struct.error, UnicodeDecodeError) as error:
            raise Undecodable(str(error)) from error
        if offset > len(packed):
            raise Undecodable("the last hashtag is cut off")
        found.append(HashtagActivity(tag, post_id))
    return found


def _unpacked_entries(packed: bytes) -> Iterator[LogEntry]:
    offset = 0
    while offset < len(packed):
        try:
            user_id, sequence, microseconds, length = _ENTRY.unpack_from(packed, offset)
        except struct.error as error:
            raise Undecodable(str(error)) from error
        begin = offset + _ENTRY.size
        offset = begin + length
        if offset > len(packed):
            raise Undecodable("the last entry is cut off")
        try:
            time = _EPOCH + timedelta(microseconds=microseconds)
        except OverflowError as error:
            raise Undecodable(str(error)) from error
        yield LogEntry(user_id, sequence, time, packed[begin:offset])


def _parts(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _BATCH_SIZE):
        yield items[start : start + _BATCH_SIZE]

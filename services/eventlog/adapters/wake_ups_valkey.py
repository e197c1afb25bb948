"""Wake-ups over Valkey's channels.

These keep nothing: what is told while nobody listens, or while Valkey is away, is lost. Whoever
delivers finds it in the log (see `live`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from prometheus_client import Counter

from services.chassis.cache import redis_channels
from services.chassis.cache.redis_client import RedisClient
from services.chassis.runtime import deadline
from services.chassis.runtime.errors import DeadlineExceeded, Unavailable
from services.chassis.runtime.logs import logger
from services.eventlog.domain import packing
from services.eventlog.domain.model import LogEntry, PostActivity

EVENTS = "notification:events"
ACTIVITY = "notification:activity"

# A message of them has about 50 kB, so one that is large does not delay others for long.
_AT_ONCE = 500

_lost = Counter("roost_log_wakes_lost_total", "Wake-ups that could not be told: the sweep is later")

T = TypeVar("T")


class ValkeyWakeUpChannel:
    """See `wakes.Wakes`. Whatever is told while a trip is under way goes with the next."""

    def __init__(self, client: RedisClient) -> None:
        self._client = client
        self._entries: list[LogEntry] = []
        self._activities: list[PostActivity] = []
        self._announcing: asyncio.Task[None] | None = None

    def announce(self, entries: Sequence[LogEntry]) -> None:
        self._entries += entries
        self._start()

    def announce_activities(self, activities: Sequence[PostActivity]) -> None:
        self._activities += activities
        self._start()

    async def close(self) -> None:
        """Waits for what is still to be told."""
        if self._announcing is not None:
            await asyncio.wait({self._announcing})

    def _start(self) -> None:
        waiting = self._entries or self._activities
        if waiting and (self._announcing is None or self._announcing.done()):
            self._announcing = asyncio.create_task(self._announce_activities(), name="wakes")

    async def _announce_activities(self) -> None:
        while self._entries or self._activities:
            entries, self._entries = self._entries, []
            activities, self._activities = self._activities, []
            messages = [(EVENTS, packing.pack_entries(each)) for each in _parts(entries)]
            messages += [(ACTIVITY, packing.pack_activities(each)) for each in _parts(activities)]
            try:
                # Whoever committed may be out of time; this is no part of its call.
                with deadline.none():
                    await self._client.pipeline(("PUBLISH", *message) for message in messages)
            except (Unavailable, DeadlineExceeded):
                _lost.inc(len(messages))


@asynccontextmanager
async def open_wake_up_channel(client: RedisClient) -> AsyncIterator[ValkeyWakeUpChannel]:
    """Wake-ups for the length of the block."""
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
) -> None:
    """Hands over what is told, for ever; what cannot be read is left out."""
    async for channel, message in redis_channels.messages(url, [EVENTS, ACTIVITY]):
        try:
            if channel == EVENTS:
                events(packing.unpack_entries(message))
            else:
                activities(packing.unpack_activities(message))
        except packing.Unreadable as wrong:
            logger().warning("wake_unreadable", channel=channel, error=str(wrong))


def _parts(things: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(things), _AT_ONCE):
        yield things[start : start + _AT_ONCE]

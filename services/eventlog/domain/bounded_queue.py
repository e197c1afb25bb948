"""The items that wait to be written to one stream. The log keeps what does not fit."""

import asyncio
from collections import deque
from collections.abc import Callable

from services.eventlog.domain.model import StreamItem

# One post may reach all users of a gateway at once: ten thousand, and the same again in reserve.
MAX_WAITING = 20_000


class BoundedQueue:
    """A queue with one reader. `room` is called when half of a full queue is free again."""

    def __init__(self, *, room: Callable[[], None], limit: int = MAX_WAITING) -> None:
        self._room = room
        self._limit = limit
        self._waiting: deque[StreamItem] = deque()
        self._changed = asyncio.Event()
        self._refused = False
        self._ended = False
        self._failure: Exception | None = None

    @property
    def has_room(self) -> bool:
        """False from a refused offer until half of the queue is free."""
        return not self._refused

    def offer(self, item: StreamItem) -> bool:
        """Adds the item unless the queue is full; returns whether it did."""
        if len(self._waiting) >= self._limit:
            self._refused = True
            return False
        self.put(item)
        return True

    def put(self, item: StreamItem) -> None:
        """Adds an item even to a full queue, for items that must not be lost."""
        self._waiting.append(item)
        self._changed.set()

    def end(self, failure: Exception | None = None) -> None:
        """Ends the stream: after the waiting items, or immediately with a failure."""
        if not self._ended:
            self._ended, self._failure = True, failure
            self._changed.set()

    async def take(self, most: int) -> list[StreamItem]:
        """Waits for items and returns up to `most`; none if the stream has ended.

        Raises the failure that ended the stream.
        """
        while not self._waiting and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        if self._failure is not None:
            raise self._failure
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        if self._refused and len(self._waiting) <= self._limit // 2:
            self._refused = False
            self._room()
        return taken

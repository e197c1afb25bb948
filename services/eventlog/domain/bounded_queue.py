"""What waits to be written to one stream: bounded, since the log keeps what does not fit."""

import asyncio
from collections import deque
from collections.abc import Callable

from services.eventlog.domain.model import StreamItem

# One post may reach all people of a gateway at once: ten thousand of them, and as many again.
MAX_WAITING = 20_000


class BoundedQueue:
    """A queue with one reader. `room` is called when half of a queue that was full is free."""

    def __init__(self, *, room: Callable[[], None], limit: int = MAX_WAITING) -> None:
        self._room = room
        self._limit = limit
        self._waiting: deque[StreamItem] = deque()
        self._changed = asyncio.Event()
        self._refused = False
        self._ended = False
        self._domain_event: Exception | None = None

    @property
    def has_room(self) -> bool:
        """Whether offering is worth the while: after a refusal, not before half is free."""
        return not self._refused

    def offer(self, item: StreamItem) -> bool:
        """Queues the step unless the queue is full; says whether it did."""
        if len(self._waiting) >= self._limit:
            self._refused = True
            return False
        self.put(item)
        return True

    def put(self, item: StreamItem) -> None:
        """Queues what has to be told, full or not: one such step for each that the client took."""
        self._waiting.append(item)
        self._changed.set()

    def end(self, domain_event: Exception | None = None) -> None:
        """Ends the stream, at once if there is a cause."""
        if not self._ended:
            self._ended, self._domain_event = True, domain_event
            self._changed.set()

    async def take(self, most: int) -> list[StreamItem]:
        """Waits for steps, and gives up to so many; none once the stream has ended.

        Raises the cause of the end.
        """
        while not self._waiting and not self._ended:
            self._changed.clear()
            await self._changed.wait()
        if self._domain_event is not None:
            raise self._domain_event
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        if self._refused and len(self._waiting) <= self._limit // 2:
            self._refused = False
            self._room()
        return taken

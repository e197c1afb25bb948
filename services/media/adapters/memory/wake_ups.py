"""Wake-ups inside one process, for tests."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class MemoryWakeUps:
    """See `ports.WakeUps`."""

    def __init__(self) -> None:
        self.announced: list[int] = []
        self._waiting: dict[int, list[asyncio.Event]] = {}

    async def announce(self, medium_id: int) -> None:
        self.announced.append(medium_id)
        for event in self._waiting.get(medium_id, ()):
            event.set()

    @contextmanager
    def waiting(self, medium_id: int) -> Iterator[asyncio.Event]:
        event = asyncio.Event()
        self._waiting.setdefault(medium_id, []).append(event)
        try:
            yield event
        finally:
            self._waiting[medium_id].remove(event)

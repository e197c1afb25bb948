"""A client of InvalidationService.Watch, as a gateway has one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class Watch:
    """One stream. Checks are numbered from 1."""

    def __init__(self, stub: Any, request: Any) -> None:
        self._request = request
        self._asked: asyncio.Queue[Any] = asyncio.Queue()
        self._number = 0
        self._responses = stub.Watch(self._requests())
        self._iterator = aiter(self._responses)

    def send(self) -> None:
        self._number += 1
        self._asked.put_nowait(self._request(check=self._number))

    async def receive(self) -> Any:
        return await anext(self._iterator)

    async def check(self) -> Any:
        self.send()
        response = await self.receive()
        assert response.check == self._number
        return response

    def finish(self) -> None:
        """Sends no more checks."""
        self._asked.put_nowait(None)

    async def _requests(self) -> AsyncIterator[Any]:
        while (request := await self._asked.get()) is not None:
            yield request


@asynccontextmanager
async def watching(stub: Any, request: Any) -> AsyncIterator[Watch]:
    """A stream that has had its first reset."""
    watch = Watch(stub, request)
    first = await watch.check()
    assert (first.reset, list(first.changed)) == (True, [])
    try:
        yield watch
    finally:
        watch.finish()

"""Many questions by key, answered by few calls."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Batcher(Generic[K, V]):
    """Gathers keys until everything that is ready to run has run, and loads them in one call.

    Where `at_once` calls are under way, keys wait for the end of one, so calls become larger under
    load. A key is loaded again once its call has begun: nothing is cached.
    """

    def __init__(
        self,
        load: Callable[[Sequence[K]], Awaitable[Sequence[V]]],
        *,
        most: int,
        at_once: int | None = None,
    ) -> None:
        """`load` takes at most `most` different keys and returns a value for each, in their order.
        It runs in the context of the first caller."""
        self._load = load
        self._most = most
        self._at_once = at_once
        self._waiting: dict[K, asyncio.Future[V]] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._scheduled = False

    def ask(self, key: K) -> "asyncio.Future[V]":
        """The value of the key, or what `load` raised. All who wait for the key share the future:
        await it within `asyncio.shield`."""
        answer = self._waiting.get(key)
        if answer is None:
            loop = asyncio.get_running_loop()
            answer = self._waiting[key] = loop.create_future()
            if not self._scheduled:
                self._scheduled = True
                loop.call_soon(self._begin)
        return answer

    def _begin(self) -> None:
        self._scheduled = False
        while self._waiting and (self._at_once is None or len(self._calls) < self._at_once):
            keys = list(self._waiting)[: self._most]
            call = asyncio.create_task(self._run({key: self._waiting.pop(key) for key in keys}))
            self._calls.add(call)
            call.add_done_callback(self._end)

    def _end(self, call: "asyncio.Task[None]") -> None:
        self._calls.discard(call)
        self._begin()

    async def _run(self, asked: "dict[K, asyncio.Future[V]]") -> None:
        try:
            values = await self._load(list(asked))
            for answer, value in zip(asked.values(), values, strict=True):
                if not answer.done():
                    answer.set_result(value)
        except BaseException as error:
            shown = error if isinstance(error, Exception) else asyncio.CancelledError()
            for answer in asked.values():
                if not answer.done():
                    answer.set_exception(shown)
                    answer.exception()  # nobody may be left who waits for it
            if not isinstance(error, Exception):
                raise

"""Runs several things at once, one step at a time, in an order that somebody else chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

# Enough turns of the loop for whatever can go on without a step to do so: a chain of tasks,
# gathers and shields is a few turns long.
_TURNS = 15


class Stepper:
    """Holds every paced call back until it is chosen."""

    def __init__(self) -> None:
        self._held: list[tuple[str, asyncio.Future[None]]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self.free = False

    async def pace(self, name: str) -> None:
        """Waits for this call's turn."""
        if self.free:
            return
        turn = asyncio.get_running_loop().create_future()
        self._held.append((name, turn))
        await turn

    @property
    def held(self) -> list[str]:
        """The calls that wait, oldest first."""
        return [name for name, _ in self._held]

    async def begin(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Starts something, up to its first call."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        await self._settle()
        return task

    async def step(self, choice: int = 0) -> bool:
        """Lets one of the held calls go on, up to the next; False if there is none."""
        if not self._held:
            return False
        _, turn = self._held.pop(choice % len(self._held))
        turn.set_result(None)
        await self._settle()
        return True

    async def until(self, name: str) -> None:
        """Steps, oldest first, until a call of that name is held and next."""
        while not self._held or self._held[0][0] != name:
            assert await self.step(), f"{name} was never called"

    async def finish(self) -> None:
        """Steps until nothing is left."""
        while await self.step():
            pass
        for task in self._tasks:
            assert task.done()
            task.result()

    async def _settle(self) -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)

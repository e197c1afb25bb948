"""A whole stack for tests: every part, in a folder of its own, run by the test's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from local.edge import Account, Edge, Refused
from local.parts.processes import RoostProcess
from local.rate_limits import GENEROUS
from local.stack import Stack
from local.state import State
from tests.citus import CITUS_SETTING, StackOnCitus, databases_of_a_stack
from tests.waiting import LIMIT

# At the real cost, password hashing would take most of the time of a test.
QUICK = {"ROOST_PASSWORD_MEMORY_MIB": "19"}


class PatientEdge(Edge):
    """Repeats sign-ups and sign-ins that are refused because hashing is slow on a busy machine."""

    async def register(self, handle: str, password: str, *, key: str | None = None) -> Account:
        return await _admitted(partial(super().register, handle, password, key=key))

    async def sign_in(self, handle: str, password: str) -> Account:
        return await _admitted(partial(super().sign_in, handle, password))


async def _admitted(act: Callable[[], Awaitable[Account]]) -> Account:
    async with asyncio.timeout(3 * LIMIT):
        while True:
            try:
                return await act()
            except Refused as refusal:
                if refusal.reason != "PASSWORD_POOL_BUSY":
                    raise
            await asyncio.sleep(0.5)


class TestStack:
    """Starts, stops and starts again the stack of one folder; an async context manager.

    Every port is free at the start, so several stacks may run. One that is not ``durable`` does not
    wait for the disk: see `Stack`. With ROOST_TEST_CITUS, the databases of services that can be
    distributed are on that cluster.
    """

    __test__ = False  # pytest would collect it because of its name

    on_citus: StackOnCitus | None = None

    def __init__(
        self, folder: Path, settings: Mapping[str, str] | None = None, *, durable: bool = True
    ) -> None:
        self._folder = folder
        self._durable = durable
        self._environ = {**os.environ, **GENEROUS, **QUICK, **(settings or {})}

    async def __aenter__(self) -> TestStack:
        async with AsyncExitStack() as held:
            if citus := os.environ.get(CITUS_SETTING):
                self.on_citus = await held.enter_async_context(databases_of_a_stack(citus))
                self._environ |= self.on_citus.settings
            await self._start()
            self._held = held.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._stop()
        finally:
            await self._held.aclose()

    async def _start(self) -> None:
        self.stack = Stack(
            State(self._folder), environ=self._environ, usual_ports={}, durable=self._durable
        )
        await self.stack.__aenter__()
        try:
            await self.stack.up()
        except BaseException:
            await self.stack.__aexit__()
            raise

    async def _stop(self) -> None:
        """Stops everything. Nobody sends requests, so the processes need not wait until Envoy has
        noticed: two signals say so, and two of the same number could be one."""
        supervisor = self.stack.supervisor
        for each in supervisor.statuses():
            if each.pid is not None and isinstance(supervisor.part(each.name), RoostProcess):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each.pid, signal.SIGINT)
        await self.stack.__aexit__()

    @property
    def state(self) -> State:
        """The folder that holds everything of this stack."""
        return State(self._folder)

    def edge(self) -> Edge:
        """A client of the public edge."""
        return PatientEdge(self.stack.edge)

    async def restart(self) -> None:
        """Stop everything and start it again on the same data, at the same addresses."""
        await self._stop()
        await self._start()

    async def drop_homes(self) -> None:
        """Removes every home timeline and cache entry: Valkey loses its data at a restart."""
        await self.stack.supervisor.restart("valkey")

"""A whole stack with a few people in it, whose parts can be taken away, frozen and brought back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.edge import Edge
from tests.e2e.audit import Audit
from tests.e2e.chaos import settle_in
from tests.e2e.clients import Clients
from tests.e2e.oracle import SETTLE_SECONDS
from tests.e2e.stacks import TestStack
from tests.waiting import eventually


@dataclass
class AuditedStack:
    """A stack with two of everything that answers, and people who use it."""

    stack: TestStack
    edge: Edge
    clients: Clients
    audit: Audit

    async def stop(self, *parts: str) -> None:
        await self.stack.stack.supervisor.stop(parts)

    async def start(self, *parts: str) -> None:
        await self.stack.stack.supervisor.start(parts)
        await eventually(self.is_healthy, limit=SETTLE_SECONDS)

    async def restart(self, *parts: str) -> None:
        await asyncio.gather(*map(self.stack.stack.supervisor.restart, parts))
        await eventually(self.is_healthy, limit=SETTLE_SECONDS)

    async def is_healthy(self) -> bool:
        return not await self.stack.stack.envoy.unhealthy_upstreams()

    def signal(self, part: str, number: signal.Signals) -> None:
        statuses = self.stack.stack.supervisor.statuses()
        pid = next(each.pid for each in statuses if each.name == part)
        assert pid is not None
        os.kill(pid, number)

    @contextlib.asynccontextmanager
    async def away(self, *parts: str) -> AsyncIterator[None]:
        await self.stop(*parts)
        try:
            yield
        finally:
            await self.start(*parts)

    async def problem(self, path: str) -> tuple[int, str]:
        """The status and the reason that a read is refused with."""
        answer = await self.edge.send("GET", path, by=self.clients.accounts[0])
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["reason"]

    def forget_refusals(self) -> None:
        self.clients.refusals.clear()

    async def act_until(self, done: asyncio.Event) -> None:
        """Keep the load light: a few things at a time, for as long as it takes."""
        while not done.is_set():
            await self.clients.act(len(self.clients.accounts))

    async def assert_all_caught_up(self) -> None:
        findings = await self.audit.look()
        print(f"all caught up after {findings.seconds:.1f} s")  # shown by pytest -s
        assert findings.faults == []
        assert self.clients.faults == []


@contextlib.asynccontextmanager
async def started_stack(folder: Path, settings: Mapping[str, str]) -> AsyncIterator[AuditedStack]:
    """Start a stack of its own and let people settle in it."""
    async with TestStack(folder, settings) as stack, stack.edge() as edge:
        clients = await settle_in(edge, seed=11)
        yield AuditedStack(stack, edge, clients, Audit(edge, clients))


def two_of(nouns: Iterable[str]) -> dict[str, str]:
    """The settings of a stack in which two processes of each of these answer."""
    return {f"ROOST_REPLICAS_{noun.upper()}": "2" for noun in nouns}

"""A whole stack with some users, whose parts can be stopped, frozen and started."""

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
from tests.e2e.chaos import sign_up_users
from tests.e2e.clients import Clients
from tests.e2e.oracle import SETTLE_SECONDS
from tests.e2e.stacks import TestStack
from tests.waiting import eventually


@dataclass
class AuditedStack:
    """A stack, its clients, and the audit of their operations."""

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
        """The status and the reason of a refused read."""
        answer = await self.edge.send("GET", path, by=self.clients.accounts[0])
        assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code, answer.json()["reason"]

    def clear_refusals(self) -> None:
        self.clients.refusals.clear()

    async def perform_until(self, done: asyncio.Event) -> None:
        """Runs a light load until the event is set."""
        while not done.is_set():
            await self.clients.perform(len(self.clients.accounts))

    async def assert_all_caught_up(self) -> None:
        findings = await self.audit.check()
        print(f"up to date after {findings.seconds:.1f} s")  # shown by pytest -s
        assert findings.faults == [], "\n".join(findings.faults)
        assert self.clients.faults == []


@contextlib.asynccontextmanager
async def started_stack(
    folder: Path, settings: Mapping[str, str], *, durable: bool = True
) -> AsyncIterator[AuditedStack]:
    """Starts a stack and registers its users."""
    async with TestStack(folder, settings, durable=durable) as stack, stack.edge() as edge:
        clients = await sign_up_users(edge, seed=11)
        yield AuditedStack(stack, edge, clients, Audit(edge, clients))


def two_of(nouns: Iterable[str]) -> dict[str, str]:
    """The settings of a stack with two processes of each of these."""
    return {f"ROOST_REPLICAS_{noun.upper()}": "2" for noun in nouns}

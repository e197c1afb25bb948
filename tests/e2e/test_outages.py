"""One part is away at a time: what works meanwhile, what is answered, and that all is caught up.

PostgreSQL and Envoy have no second one on one machine, so restarting them is seen by clients; for
everything else a restart has to go unnoticed. The broker's store is alone as well: it has a test of
its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from local.edge import Edge
from tests.e2e.audit import Audit
from tests.e2e.chaos import settle_in
from tests.e2e.clients import WRITES, Clients
from tests.e2e.oracle import SETTLE_SECONDS
from tests.e2e.stacks import TestStack
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="module")]

ACTS = 60  # things that people do during an outage
DOUBLED = ("user", "post", "timeline", "gateway")
ANSWER_SECONDS = 6.0  # more than the edge gives a read


@dataclass
class Town:
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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def whole_town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    replicas = {f"ROOST_REPLICAS_{noun.upper()}": "2" for noun in DOUBLED}
    folder = tmp_path_factory.mktemp("outages")
    async with TestStack(folder, replicas) as stack, stack.edge() as edge:
        clients = await settle_in(edge, seed=11)
        yield Town(stack, edge, clients, Audit(edge, clients))


@pytest.fixture
def town(whole_town: Town) -> Town:
    whole_town.forget_refusals()
    return whole_town


async def test_without_valkey_everything_works(town: Town) -> None:
    async with town.away("valkey"):
        await town.clients.act(ACTS)

    assert town.clients.refusals == {}
    await assert_all_caught_up(town)


async def test_without_the_broker_everything_works_and_is_caught_up(town: Town) -> None:
    async with town.away("broker"):
        await town.clients.act(ACTS)

    assert town.clients.refusals == {}
    await assert_all_caught_up(town)


async def test_without_the_store_of_the_broker_everything_works_and_is_caught_up(
    town: Town,
) -> None:
    async with town.away("seaweedfs"):
        await town.clients.act(ACTS)

    assert town.clients.refusals == {}
    await assert_all_caught_up(town)


async def test_dead_timeline_service_is_named_and_stops_nobody_from_writing(town: Town) -> None:
    for part in ("timeline", "timeline-2"):
        town.signal(part, signal.SIGKILL)
    async with town.away("timeline", "timeline-2"):
        home = await town.problem("/v1/timelines/home")
        public = await town.problem("/v1/timelines/public")
        await town.clients.act(ACTS, WRITES)

    assert home == public == (503, "DEPENDENCY_UNAVAILABLE")
    assert town.clients.refusals == {}
    await assert_all_caught_up(town)


async def test_frozen_timeline_service_is_answered_for_in_time(town: Town) -> None:
    for part in ("timeline", "timeline-2"):
        town.signal(part, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        home = await town.problem("/v1/timelines/home")
        took = time.monotonic() - begun
        await town.clients.act(ACTS, WRITES)
    finally:
        for part in ("timeline", "timeline-2"):
            town.signal(part, signal.SIGCONT)
    await eventually(town.is_healthy, limit=SETTLE_SECONDS)

    assert home in {(504, "DEADLINE_EXCEEDED"), (503, "DEPENDENCY_UNAVAILABLE")}
    assert took < ANSWER_SECONDS
    assert town.clients.refusals == {}
    await assert_all_caught_up(town)


async def test_restart_of_postgres_is_answered_with_named_problems_until_it_is_back(
    town: Town,
) -> None:
    acting = asyncio.create_task(town.clients.act(ACTS))
    await town.restart("postgres")
    await acting

    assert set(town.clients.refusals) <= {"DEPENDENCY_UNAVAILABLE", "DEADLINE_EXCEEDED"}
    await assert_all_caught_up(town)


async def test_rolling_restart_fails_no_request(town: Town) -> None:
    done = asyncio.Event()
    acting = asyncio.create_task(act_until(done, town.clients))

    await town.restart(*DOUBLED)
    await town.restart(*(f"{noun}-2" for noun in DOUBLED))
    await town.restart("user-work", "post-work", "timeline-work")
    for engine in ("valkey", "broker"):
        await town.restart(engine)
    done.set()
    await acting

    assert town.clients.refusals == {}
    await assert_all_caught_up(town)


async def act_until(done: asyncio.Event, clients: Clients) -> None:
    """Keep the load light: a few things at a time, for as long as it takes."""
    while not done.is_set():
        await clients.act(len(clients.accounts))


async def assert_all_caught_up(town: Town) -> None:
    findings = await town.audit.look()
    assert findings.faults == []
    assert town.clients.faults == []

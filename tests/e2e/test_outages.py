"""One part is unavailable at a time: what works, what is refused, and that everything is caught up.

PostgreSQL and Envoy have no replica on one machine, so clients notice their restart. A restart of
any other part must not be noticed. The broker's store has no replica either; it has its own test.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from local.edge import Edge
from tests.e2e.audited_stack import AuditedStack, started_stack, two_of
from tests.e2e.clients import WRITES
from tests.e2e.oracle import SETTLE_SECONDS
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.soak, pytest.mark.asyncio(loop_scope="module")]

OPERATIONS = 60  # during an outage
REPLICATED = ("user", "post", "timeline", "notification", "gateway")
CROWD = 128  # more than the edge permits to wait in one route family
ANSWER_SECONDS = 6.0  # more than the time limit of a read at the edge


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AuditedStack]:
    async with started_stack(
        tmp_path_factory.mktemp("outages"), two_of(REPLICATED)
    ) as audited_stack:
        yield audited_stack


@pytest.fixture
def audited_stack(shared_stack: AuditedStack) -> AuditedStack:
    shared_stack.clear_refusals()
    return shared_stack


async def test_without_valkey_everything_works(audited_stack: AuditedStack) -> None:
    async with audited_stack.away("valkey"):
        await audited_stack.clients.perform(OPERATIONS)

    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()


async def test_without_the_broker_everything_works_and_is_caught_up(
    audited_stack: AuditedStack,
) -> None:
    async with audited_stack.away("broker"):
        await audited_stack.clients.perform(OPERATIONS)

    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()


async def test_without_the_store_of_the_broker_everything_works_and_is_caught_up(
    audited_stack: AuditedStack,
) -> None:
    async with audited_stack.away("seaweedfs"):
        await audited_stack.clients.perform(OPERATIONS)

    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()


async def test_dead_timeline_service_is_named_and_stops_no_write(
    audited_stack: AuditedStack,
) -> None:
    for part in ("timeline", "timeline-2"):
        audited_stack.signal(part, signal.SIGKILL)
    async with audited_stack.away("timeline", "timeline-2"):
        home = await audited_stack.problem("/v1/timelines/home")
        public = await audited_stack.problem("/v1/timelines/public")
        await audited_stack.clients.perform(OPERATIONS, WRITES)

    assert home == public == (503, "DEPENDENCY_UNAVAILABLE")
    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()


async def test_requests_to_a_frozen_timeline_service_fail_in_time(
    audited_stack: AuditedStack,
) -> None:
    for part in ("timeline", "timeline-2"):
        audited_stack.signal(part, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        home = await audited_stack.problem("/v1/timelines/home")
        took = time.monotonic() - begun
        await audited_stack.clients.perform(OPERATIONS, WRITES)
    finally:
        for part in ("timeline", "timeline-2"):
            audited_stack.signal(part, signal.SIGCONT)
    await eventually(audited_stack.is_healthy, limit=SETTLE_SECONDS)

    assert home in {(504, "DEADLINE_EXCEEDED"), (503, "DEPENDENCY_UNAVAILABLE")}
    assert took < ANSWER_SECONDS
    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()


async def test_frozen_notification_service_affects_no_other_request(
    audited_stack: AuditedStack,
) -> None:
    reader = audited_stack.clients.accounts[0]
    for part in ("notification", "notification-2"):
        audited_stack.signal(part, signal.SIGSTOP)
    try:
        async with Edge(audited_stack.stack.stack.edge, connections=CROWD) as crowd:
            asked = [
                asyncio.create_task(crowd.send("GET", "/v1/notifications", by=reader))
                for _ in range(CROWD)
            ]
            # These are more than may wait, so the first responses are refusals.
            first = await next(asyncio.as_completed(asked))
            await audited_stack.clients.perform(OPERATIONS)
            hung = [each for each in asked if not each.done()]
            answers = await asyncio.gather(*asked)
    finally:
        for part in ("notification", "notification-2"):
            audited_stack.signal(part, signal.SIGCONT)
    await eventually(audited_stack.is_healthy, limit=SETTLE_SECONDS)

    assert (first.status_code, first.json()["reason"]) == (503, "OVERLOADED")
    assert {answer.status_code for answer in answers} <= {503, 504}
    assert audited_stack.clients.refusals == {}
    assert hung, "the others must succeed while notification requests wait"
    await audited_stack.assert_all_caught_up()


@pytest.mark.one_postgres("it restarts the server")
async def test_restart_of_postgres_is_answered_with_named_problems_until_it_is_back(
    audited_stack: AuditedStack,
) -> None:
    performing = asyncio.create_task(audited_stack.clients.perform(OPERATIONS))
    await audited_stack.restart("postgres")
    await performing

    assert set(audited_stack.clients.refusals) <= {"DEPENDENCY_UNAVAILABLE", "DEADLINE_EXCEEDED"}
    await audited_stack.assert_all_caught_up()


async def test_rolling_restart_fails_no_request(audited_stack: AuditedStack) -> None:
    done = asyncio.Event()
    performing = asyncio.create_task(audited_stack.perform_until(done))

    await audited_stack.restart(*REPLICATED)
    await audited_stack.restart(*(f"{noun}-2" for noun in REPLICATED))
    await audited_stack.restart(*(f"{noun}-work" for noun in REPLICATED if noun != "gateway"))
    for engine in ("valkey", "broker", "seaweedfs"):
        await audited_stack.restart(engine)
    done.set()
    await performing

    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()

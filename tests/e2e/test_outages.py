"""One part is away at a time: what works meanwhile, what is answered, and that all is caught up.

PostgreSQL and Envoy have no second one on one machine, so restarting them is seen by clients; for
everything else a restart has to go unnoticed. The broker's store is alone as well: it has a test of
its own.
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

ACTS = 60  # things that people do during an outage
DOUBLED = ("user", "post", "timeline", "notification", "gateway")
CROWD = 128  # more than the edge lets hang of one family
ANSWER_SECONDS = 6.0  # more than the edge gives a read


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AuditedStack]:
    async with started_stack(tmp_path_factory.mktemp("outages"), two_of(DOUBLED)) as audited_stack:
        yield audited_stack


@pytest.fixture
def audited_stack(shared_stack: AuditedStack) -> AuditedStack:
    shared_stack.forget_refusals()
    return shared_stack


async def test_without_valkey_everything_works(audited_stack: AuditedStack) -> None:
    async with audited_stack.away("valkey"):
        await audited_stack.clients.act(ACTS)

    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()


async def test_without_the_broker_everything_works_and_is_caught_up(
    audited_stack: AuditedStack,
) -> None:
    async with audited_stack.away("broker"):
        await audited_stack.clients.act(ACTS)

    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()


async def test_without_the_store_of_the_broker_everything_works_and_is_caught_up(
    audited_stack: AuditedStack,
) -> None:
    async with audited_stack.away("seaweedfs"):
        await audited_stack.clients.act(ACTS)

    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()


async def test_dead_timeline_service_is_named_and_stops_nobody_from_writing(
    audited_stack: AuditedStack,
) -> None:
    for part in ("timeline", "timeline-2"):
        audited_stack.signal(part, signal.SIGKILL)
    async with audited_stack.away("timeline", "timeline-2"):
        home = await audited_stack.problem("/v1/timelines/home")
        public = await audited_stack.problem("/v1/timelines/public")
        await audited_stack.clients.act(ACTS, WRITES)

    assert home == public == (503, "DEPENDENCY_UNAVAILABLE")
    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()


async def test_frozen_timeline_service_is_answered_for_in_time(audited_stack: AuditedStack) -> None:
    for part in ("timeline", "timeline-2"):
        audited_stack.signal(part, signal.SIGSTOP)
    try:
        begun = time.monotonic()
        home = await audited_stack.problem("/v1/timelines/home")
        took = time.monotonic() - begun
        await audited_stack.clients.act(ACTS, WRITES)
    finally:
        for part in ("timeline", "timeline-2"):
            audited_stack.signal(part, signal.SIGCONT)
    await eventually(audited_stack.is_healthy, limit=SETTLE_SECONDS)

    assert home in {(504, "DEADLINE_EXCEEDED"), (503, "DEPENDENCY_UNAVAILABLE")}
    assert took < ANSWER_SECONDS
    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()


async def test_frozen_notification_service_turns_nobody_else_away(
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
            # So many at once are more than may hang: the first answers are refusals.
            first = await next(asyncio.as_completed(asked))
            await audited_stack.clients.act(ACTS)
            hung = [each for each in asked if not each.done()]
            answers = await asyncio.gather(*asked)
    finally:
        for part in ("notification", "notification-2"):
            audited_stack.signal(part, signal.SIGCONT)
    await eventually(audited_stack.is_healthy, limit=SETTLE_SECONDS)

    assert (first.status_code, first.json()["reason"]) == (503, "OVERLOADED")
    assert {answer.status_code for answer in answers} <= {503, 504}
    assert audited_stack.clients.refusals == {}
    assert hung, "the others were to be served while notifications hang"
    await audited_stack.assert_all_caught_up()


async def test_restart_of_postgres_is_answered_with_named_problems_until_it_is_back(
    audited_stack: AuditedStack,
) -> None:
    acting = asyncio.create_task(audited_stack.clients.act(ACTS))
    await audited_stack.restart("postgres")
    await acting

    assert set(audited_stack.clients.refusals) <= {"DEPENDENCY_UNAVAILABLE", "DEADLINE_EXCEEDED"}
    await audited_stack.assert_all_caught_up()


async def test_rolling_restart_fails_no_request(audited_stack: AuditedStack) -> None:
    done = asyncio.Event()
    acting = asyncio.create_task(audited_stack.act_until(done))

    await audited_stack.restart(*DOUBLED)
    await audited_stack.restart(*(f"{noun}-2" for noun in DOUBLED))
    await audited_stack.restart(*(f"{noun}-work" for noun in DOUBLED if noun != "gateway"))
    for engine in ("valkey", "broker", "seaweedfs"):
        await audited_stack.restart(engine)
    done.set()
    await acting

    assert audited_stack.clients.refusals == {}
    await audited_stack.assert_all_caught_up()

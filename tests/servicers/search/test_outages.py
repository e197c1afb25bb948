"""What callers get while the index or a service that it needs is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from roost.search.v1 import search_service_pb2 as rpc

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import DeadlineExceeded, RoostError, Unavailable
from services.chassis.storage import postgres
from services.chassis.storage.postgres import Database
from tests.builders.search_worker import START, postgres_stores
from tests.engines import Databases, Engines
from tests.servicers.grpc_server import raises_reason
from tests.servicers.search.conftest import Scenario, running
from tests.waiting import LIMIT, eventually


@pytest.fixture(scope="module")
def outage_url(postgres: Databases) -> str:
    return postgres.fresh("search")


@pytest.fixture
async def connected(outage_url: str) -> AsyncIterator[Database]:
    async with postgres.connect(outage_url) as database:
        yield database


@pytest.fixture
async def indexed(connected: Database) -> AsyncIterator[Scenario]:
    clock = ManualClock(START)
    async with running(postgres_stores(connected), clock) as scenario:
        await scenario.post(scenario.alice, "wombat #wombat")
        yield scenario


def reads(scenario: Scenario, *, timeout: float = 60.0) -> list[Callable[[], Awaitable[object]]]:
    search = scenario.search(timeout=timeout)
    return [
        lambda: search.SearchPosts(rpc.SearchPostsRequest(query="wombat")),
        lambda: search.SearchUsers(rpc.SearchUsersRequest(query="wombat")),
        lambda: search.SearchHashtags(rpc.SearchHashtagsRequest(query="wombat")),
        lambda: search.Typeahead(rpc.TypeaheadRequest(query="wombat")),
        lambda: search.GetHashtag(rpc.GetHashtagRequest(tag="wombat")),
        lambda: search.ListHashtagPosts(rpc.ListHashtagPostsRequest(tag="wombat")),
        lambda: search.ListTrends(rpc.ListTrendsRequest()),
    ]


async def test_without_the_index_every_read_is_unavailable_and_works_again(
    engines: Engines, indexed: Scenario
) -> None:
    engines.stop("postgres")
    try:
        for read in reads(indexed):
            with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
                await read()
    finally:
        engines.start("postgres")

    async def works() -> bool:
        try:
            return len((await indexed.posts("wombat")).post_ids) == 1
        except RoostError:
            return False

    await eventually(works)


async def test_a_read_ends_with_its_deadline(indexed: Scenario, outage_url: str) -> None:
    async with postgres.connect(outage_url) as other, other.connection(seconds=LIMIT) as connection:
        names = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        tables = ", ".join(each["tablename"] for each in names)
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
            for read in reads(indexed, timeout=0.3):
                begun = time.monotonic()
                with pytest.raises(DeadlineExceeded):
                    await asyncio.wait_for(read(), LIMIT)
                assert time.monotonic() - begun < LIMIT / 2

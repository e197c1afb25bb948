"""The process that answers RPCs as it is composed, on real engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from roost.search.v1 import search_service_pb2 as rpc
from roost.search.v1.search_service_pb2_grpc import SearchServiceStub
from roost.user.v1 import graph_service_pb2 as graph_pb
from roost.user.v1.graph_service_pb2_grpc import (
    GraphServiceServicer,
    add_GraphServiceServicer_to_server,
)

from services.chassis.auth import access_policy
from services.chassis.auth.caller import ANONYMOUS, UserCaller
from services.chassis.cache import redis_client
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import SystemClock
from services.chassis.storage import postgres
from services.search import compose
from services.search.adapters.postgres import PostgresSearchStore
from services.search.adapters.postgres.users import PostgresUserIndex
from services.search.adapters.viewer_changes import ValkeyViewerChanges
from services.search.domain.users.model import Upsert
from services.search.settings import SearchSettings
from tests.builders.search import an_indexed_user
from tests.servicers.grpc_server import SERVICE_KEYS, mounts_of, serving
from tests.waiting import LIMIT, eventually

ALICE, BOB = 7, 8


class FakeGraph(GraphServiceServicer):
    """Whom users block."""

    def __init__(self) -> None:
        self.blocked: list[int] = []

    @access_policy.service("search")
    async def GetRelatedUserIds(
        self, request: graph_pb.GetRelatedUserIdsRequest, context: Any
    ) -> graph_pb.GetRelatedUserIdsResponse:
        return graph_pb.GetRelatedUserIdsResponse(blocking_ids=self.blocked)


class Running:
    """The serving process, and the other side of its clients."""

    def __init__(self, served: Any, graph: FakeGraph, settings: SearchSettings) -> None:
        self._served = served
        self.graph = graph
        self._settings = settings

    async def found(self, who: int | None = None) -> list[int]:
        caller = ANONYMOUS if who is None else UserCaller(user_id=who, session_id=1)
        stub = self._served.stub(SearchServiceStub, caller=caller, timeout=LIMIT)
        return list((await stub.SearchUsers(rpc.SearchUsersRequest(query="bob"))).user_ids)

    async def announce(self, *user_ids: int) -> None:
        """What the worker does after a change of relations."""
        async with redis_client.connect(self._settings.redis_url, call_seconds=LIMIT) as redis:
            await ValkeyViewerChanges(redis).invalidate(user_ids)


@pytest.fixture
def settings(
    database: Callable[[str], str], valkey: str, tmp_path: Path
) -> Callable[[str], SearchSettings]:
    """The settings of a process whose mesh is at an address."""
    (tmp_path / "search.pem").write_bytes(SERVICE_KEYS["search"].pem())
    public = [key.public_jwk() for key in SERVICE_KEYS.values()]
    (tmp_path / "services.json").write_bytes(orjson.dumps({"keys": public}))
    url = database("search")

    def at(mesh: str) -> SearchSettings:
        return SearchSettings(
            mesh=mesh,
            database_url=url,
            redis_url=valkey,
            kafka_brokers=("127.0.0.1:1",),
            page_token_key=b"k" * 32,
            service_key_file=tmp_path / "search.pem",
            service_keys_file=tmp_path / "services.json",
        )

    return at


@pytest.fixture
async def running(settings: Callable[[str], SearchSettings]) -> AsyncIterator[Running]:
    methods = graph_pb.DESCRIPTOR.services_by_name["GraphService"].methods
    without = frozenset(each.name for each in methods if each.name != "GetRelatedUserIds")
    graph = FakeGraph()
    mount = MountedServicer(add_GraphServiceServicer_to_server, graph, without=without)
    async with AsyncExitStack() as stack:
        others = await stack.enter_async_context(serving(mount))
        of_process = settings(others.address)
        await index_bob(of_process)
        serve = await stack.enter_async_context(compose.serve(of_process))
        served = await stack.enter_async_context(serving(*mounts_of(serve)))
        jobs = [asyncio.create_task(job()) for _, job in serve.jobs_by_name()]
        try:
            yield Running(served, graph, of_process)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs, timeout=LIMIT)


async def index_bob(settings: SearchSettings) -> None:
    async with (
        postgres.connect(settings.database_url, clock=SystemClock()) as database,
        PostgresSearchStore(database).transaction() as transaction,
    ):
        bob = Upsert(an_indexed_user(BOB, "bob", ["bob"]))
        await PostgresUserIndex(database).apply(transaction, [bob])


async def test_users_are_found_in_the_database_of_the_service(running: Running) -> None:
    assert await running.found() == [BOB]
    assert await running.found(ALICE) == [BOB]


async def test_an_announced_block_holds_before_relations_expire(running: Running) -> None:
    assert await running.found(ALICE) == [BOB]
    running.graph.blocked = [BOB]
    assert await running.found(ALICE) == [BOB]

    async def is_hidden() -> bool:
        # What is announced before the process listens is lost.
        await running.announce(ALICE)
        return await running.found(ALICE) == []

    await eventually(is_hidden)

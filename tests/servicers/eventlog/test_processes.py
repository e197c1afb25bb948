"""Both processes as composed, on real engines: events in, streams out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import grpc.aio
import orjson
import pytest
from google.protobuf.message import Message
from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1.post_pb2 import Post, TimelineEntry
from roost.timeline.v1 import timeline_events_pb2 as timelines
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1.graph_service_pb2 import (
    BatchGetPairRelationshipsRequest,
    BatchGetPairRelationshipsResponse,
    PairRelationship,
)
from roost.user.v1.graph_service_pb2_grpc import (
    GraphServiceServicer,
    add_GraphServiceServicer_to_server,
)

from services.chassis.auth import access_policy
from services.chassis.deployment import topics
from services.chassis.events.bus import KafkaConnection, Publisher, publisher
from services.chassis.events.records import Event, OutboxMessage
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.errors import Unavailable
from services.chassis.runtime.process import ProcessParts
from services.notification import compose
from tests.builders.notifications import settings
from tests.engines import Engines
from tests.servicers.eventlog.streaming import Stream, streaming
from tests.servicers.grpc_server import SERVICE_KEYS, Served, mounts_of, serving
from tests.waiting import LIMIT, eventually

# The broker needs some seconds to assign the partitions of a new group.
SETTLED = 60.0
TOPICS = ("roost.user.v1", "roost.post.v1", "roost.timeline.v1")
# Of no other test: the topics may have their events.
ALICE, BOB, CAROL = 90_001, 90_002, 90_003


class Graph(GraphServiceServicer):
    """Who follows whom."""

    def __init__(self) -> None:
        self.edges: set[tuple[int, int]] = set()

    @access_policy.service("notification")
    async def BatchGetPairRelationships(
        self, request: BatchGetPairRelationshipsRequest, context: grpc.aio.ServicerContext
    ) -> BatchGetPairRelationshipsResponse:
        pairs = [(each.from_user_id, each.to_user_id) for each in request.pairs]
        return BatchGetPairRelationshipsResponse(
            relationships=[PairRelationship(following=each in self.edges) for each in pairs]
        )


class Running:
    """Two processes that serve, one that works, and a way to publish events."""

    def __init__(self, graph: Graph, sender: Publisher) -> None:
        self.graph = graph
        self.served: list[Served] = []
        self.parts: list[ProcessParts] = []
        self._sender = sender

    async def publish(self, key: int, body: Message) -> None:
        topic = body.DESCRIPTOR.file.package
        message = OutboxMessage.of(topic=topic, key=key, body=body)
        now = SystemClock().now()
        await self._sender.publish([Event.from_message(message, time=now, traceparent=None)])

    async def post(self, post_id: int, author_id: int, *homes: int) -> None:
        place = TimelineEntry(entry_id=post_id, post_id=post_id, author_id=author_id)
        await self.publish(author_id, timelines.EntryDelivered(entry=place, user_ids=homes))

    async def like(self, user_id: int, post_id: int) -> None:
        await self.publish(user_id, posts.PostLiked(post_id=post_id, author_id=9, user_id=user_id))


@pytest.fixture
async def running(
    database: Callable[[str], str],
    valkey: str,
    kafka: KafkaConnection,
    tmp_path: Path,
) -> AsyncIterator[Running]:
    topics.create(kafka, TOPICS)
    (tmp_path / "notification.pem").write_bytes(SERVICE_KEYS["notification"].pem())
    public = [key.public_jwk() for key in SERVICE_KEYS.values()]
    (tmp_path / "services.json").write_bytes(orjson.dumps({"keys": public}))
    graph = Graph()
    declared = frozenset(name for name in vars(GraphServiceServicer) if name[0].isupper())
    mount = MountedServicer(
        add_GraphServiceServicer_to_server, graph, without=declared - {"BatchGetPairRelationships"}
    )
    async with AsyncExitStack() as stack:
        others = await stack.enter_async_context(serving(mount))
        configured = settings(
            tmp_path,
            mesh=others.address,
            database_url=database("notification"),
            redis_url=valkey,
            kafka_brokers=kafka.brokers,
            kafka_idempotence=kafka.idempotent,
        )
        sender = await stack.enter_async_context(publisher(connection=kafka, client_id="test"))
        made = Running(graph, sender)
        for _ in range(2):
            parts = await stack.enter_async_context(compose.serve(configured))
            made.parts.append(parts)
            made.served.append(await stack.enter_async_context(serving(*mounts_of(parts))))
        work = await stack.enter_async_context(compose.work(configured))
        composed = (*made.parts, work)
        jobs = [asyncio.create_task(job()) for parts in composed for _, job in parts.jobs_by_name()]
        try:
            yield made
            assert not any(job.done() for job in jobs), "a job ended"
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs, timeout=LIMIT)


async def test_events_reach_streams_of_every_process_also_while_valkey_is_away(
    running: Running, engines: Engines
) -> None:
    async with AsyncExitStack() as stack:
        one, other = [
            await stack.enter_async_context(streaming(served)) for served in running.served
        ]
        one.attach(ALICE, 0)
        one.attach(CAROL, 0)
        other.attach(ALICE, 0)
        one.attach_post(50)
        await one.attached(ALICE, CAROL)
        await other.attached(ALICE)

        # The first event waits for the consumer group to settle.
        await running.post(50, BOB, BOB, ALICE)
        await both_have(one, other, 1)
        await running.like(ALICE, 50)
        await both_have(one, other, 2)
        assert one.events(ALICE)[0].home.post_id == 50
        assert one.events(ALICE)[1].resource.resource == "like"
        await one.until(lambda: [each.post_id for each in one.of("activity")] == [50])

        # A celebrity's event names no users: the graph returns the present followers.
        running.graph.edges.add((CAROL, BOB))
        await running.post(51, BOB)
        await one.until(lambda: one.sequences(CAROL) == [1])

        # Posts of suppressed users do not arrive, and the user's own changes do.
        await running.publish(ALICE, users.MuteCreated(muter_id=ALICE, muted_id=BOB))
        await both_have(one, other, 3)
        await running.post(52, BOB, ALICE, CAROL)
        await one.until(lambda: one.sequences(CAROL) == [1, 2])
        await running.publish(ALICE, users.SessionRevoked(user_id=ALICE, session_id=7))
        await both_have(one, other, 4)
        assert one.events(ALICE)[3].session.session_id == 7

        # Without Valkey all events arrive, with a delay.
        await asyncio.to_thread(engines.stop, "valkey")
        try:
            for post_id in range(60, 70):
                await running.like(ALICE, post_id)
            await both_have(one, other, 14)
        finally:
            await asyncio.to_thread(engines.start, "valkey")
        await running.like(ALICE, 70)
        await both_have(one, other, 15)
        assert other.events(CAROL) == []

        # A process that stops ends its streams; they continue at another.
        running.parts[0].on_drain[0]()
        assert isinstance(await one.over(), Unavailable)
        await running.publish(ALICE, posts.PostCreated(post=Post(id=80, author_id=ALICE)))
        resumed = await stack.enter_async_context(streaming(running.served[1]))
        resumed.attach(ALICE, 15)
        resumed.attach(CAROL, 1)
        await resumed.has(ALICE, [16])
        await resumed.has(CAROL, [2])
        assert resumed.of("gap") == []


async def both_have(one: Stream, other: Stream, last: int) -> None:
    """Waits until both have all sequences up to `last`, once and in order."""
    expected = list(range(1, last + 1))
    await eventually(
        lambda: one.sequences(ALICE) == other.sequences(ALICE) == expected, limit=SETTLED
    )

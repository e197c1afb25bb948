"""Both processes as they are composed, on real engines: events go in, homes come out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from roost.post.v1 import post_events_pb2, post_pb2
from roost.timeline.v1.timeline_events_pb2 import EntryDelivered, ReadMarkerMoved
from roost.timeline.v1.timeline_service_pb2 import (
    GetHomeTimelineRequest,
    GetPublicTimelineRequest,
    SetReadMarkerRequest,
)
from roost.timeline.v1.timeline_service_pb2_grpc import TimelineServiceStub
from roost.user.v1 import user_events_pb2

from services.chassis.auth.caller import UserCaller
from services.chassis.deployment import topics
from services.chassis.events.bus import KafkaConnection, Publisher, Subscriber, publisher
from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import SystemClock
from services.timeline import compose
from services.timeline.domain.model import Entry
from services.timeline.rpc.convert import entry_to_proto
from services.timeline.settings import TimelineSettings
from tests.engines import Engines
from tests.servicers.grpc_server import SERVICE_KEYS, Served, mounts_of, serving
from tests.servicers.timeline.peers import Peers
from tests.waiting import LIMIT, eventually

# The broker needs some seconds to assign the partitions of a new group.
SETTLED = 60.0
TOPICS = ("roost.user.v1", "roost.post.v1", "roost.timeline.v1")

BOB, CAROL = 5000, 5001
FANS = range(1, 1301)  # more than one step of a fan-out
FIRST_FAN, LAST_FAN = FANS[0], FANS[-1]


class Running:
    """The Timeline service, the services that it asks, and a way to tell it what happened."""

    def __init__(
        self, served: Served, peers: Peers, sender: Publisher, received: list[Event]
    ) -> None:
        self.peers = peers
        self.received = received
        self._served = served
        self._sender = sender

    async def tell(self, topic: str, key: int, body: Any) -> None:
        message = OutboxMessage.of(topic=topic, key=key, body=body)
        now = SystemClock().now()
        await self._sender.publish([Event.from_message(message, time=now, traceparent=None)])

    async def post(self, entry_id: int, author_id: int) -> None:
        self.peers.post(entry_id, author_id)
        post = post_pb2.Post(
            id=entry_id, author_id=author_id, visibility=post_pb2.VISIBILITY_PUBLIC
        )
        await self.tell("roost.post.v1", author_id, post_events_pb2.PostCreated(post=post))

    async def home(self, viewer_id: int) -> list[int]:
        caller = UserCaller(user_id=viewer_id, session_id=1)
        stub = self._served.stub(TimelineServiceStub, caller=caller)
        response = await stub.GetHomeTimeline(GetHomeTimelineRequest(page_size=100))
        return [entry.entry_id for entry in response.entries]

    async def read_up_to(self, viewer_id: int, entry_id: int) -> None:
        caller = UserCaller(user_id=viewer_id, session_id=1)
        stub = self._served.stub(TimelineServiceStub, caller=caller)
        await stub.SetReadMarker(SetReadMarkerRequest(last_read_entry_id=entry_id))

    def told_of(self, entry_id: int) -> set[int]:
        """On whose homes the entry was said to have arrived."""
        arrivals = [
            EntryDelivered.FromString(each.payload)
            for each in self.received
            if each.type == EntryDelivered.DESCRIPTOR.full_name
        ]
        return {
            user_id
            for each in arrivals
            if each.entry.entry_id == entry_id
            for user_id in each.user_ids
        }

    def moves(self) -> list[tuple[int, int]]:
        """The read markers that were said to have moved, and up to where."""
        received = [
            ReadMarkerMoved.FromString(each.payload)
            for each in self.received
            if each.type == ReadMarkerMoved.DESCRIPTOR.full_name
        ]
        return [(each.user_id, each.last_read_id) for each in received]

    async def public(self) -> list[int]:
        stub = self._served.stub(TimelineServiceStub)
        response = await stub.GetPublicTimeline(GetPublicTimelineRequest(page_size=100))
        return [entry.entry_id for entry in response.entries]


@pytest.fixture
async def running(
    database: Callable[[str], str],
    valkey: str,
    kafka: KafkaConnection,
    tmp_path: Path,
) -> AsyncIterator[Running]:
    topics.create(kafka, TOPICS)
    (tmp_path / "timeline.pem").write_bytes(SERVICE_KEYS["timeline"].pem())
    public = [key.public_jwk() for key in SERVICE_KEYS.values()]
    (tmp_path / "services.json").write_bytes(orjson.dumps({"keys": public}))
    peers = Peers()
    async with AsyncExitStack() as stack:
        others = await stack.enter_async_context(serving(*peers.mounts()))
        settings = TimelineSettings(
            mesh=others.address,
            database_url=database("timeline"),
            redis_url=valkey,
            kafka_brokers=kafka.brokers,
            kafka_idempotence=kafka.idempotent,
            page_token_key=b"k" * 32,
            service_key_file=tmp_path / "timeline.pem",
            service_keys_file=tmp_path / "services.json",
        )
        serve = await stack.enter_async_context(compose.serve(settings))
        served = await stack.enter_async_context(serving(*mounts_of(serve)))
        work = await stack.enter_async_context(compose.work(settings))
        sender = await stack.enter_async_context(publisher(connection=kafka, client_id="test"))
        received: list[Event] = []
        begun = SystemClock().now()

        async def listen(events: Sequence[Event]) -> None:
            # The topics are those of every stack, so events of other tests are there as well.
            received.extend(event for event in events if event.time >= begun)

        listener = Subscriber(
            connection=kafka,
            group="listener",
            topics=["roost.timeline.v1"],
            publisher=sender,
            clock=SystemClock(),
            batches=listen,
        )
        jobs = [asyncio.create_task(job()) for _, job in work.jobs_by_name()]
        jobs.append(asyncio.create_task(listener.run()))
        try:
            yield Running(served, peers, sender, received)
            assert not any(job.done() for job in jobs), "a job ended"
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs, timeout=LIMIT)


async def test_events_reach_homes_also_after_valkey_was_away(
    running: Running, engines: Engines
) -> None:
    for fan in FANS:
        running.peers.follow(fan, BOB)
    assert await running.home(FIRST_FAN) == []
    assert await running.home(LAST_FAN) == []

    # A post comes to the first and, by a continuation, to the last follower.
    await running.post(100, BOB)
    await eventually(lambda: shows(running, LAST_FAN, [100]), limit=SETTLED)
    assert await running.home(FIRST_FAN) == [100]
    await eventually(lambda: is_public(running, 100), limit=SETTLED)

    # Events name the homes where it arrived, page by page, and the moved read marker.
    await eventually(lambda: running.told_of(100) == {BOB, *FANS}, limit=SETTLED)
    await running.read_up_to(LAST_FAN, 100)
    await eventually(lambda: running.moves() == [(LAST_FAN, 100)], limit=SETTLED)

    # Repost, undo, follow and unfollow find their way.
    repost = Entry(101, BOB, 7, CAROL)
    running.peers.entries.append(repost)
    place = entry_to_proto(repost)
    await running.tell("roost.post.v1", BOB, post_events_pb2.PostReposted(entry=place))
    await eventually(lambda: shows(running, LAST_FAN, [101, 100]), limit=SETTLED)
    running.peers.entries.remove(repost)
    await running.tell("roost.post.v1", BOB, post_events_pb2.RepostUndone(entry=place))
    await eventually(lambda: shows(running, LAST_FAN, [100]), limit=SETTLED)

    running.peers.post(90, CAROL)
    running.peers.follow(LAST_FAN, CAROL)
    follow = {"follower_id": LAST_FAN, "followee_id": CAROL}
    await running.tell("roost.user.v1", LAST_FAN, user_events_pb2.FollowCreated(**follow))
    await eventually(lambda: shows(running, LAST_FAN, [100, 90]), limit=SETTLED)
    running.peers.edges.discard((LAST_FAN, CAROL))
    await running.tell("roost.user.v1", LAST_FAN, user_events_pb2.FollowRemoved(**follow))
    await eventually(lambda: shows(running, LAST_FAN, [100]), limit=SETTLED)

    # Valkey goes; homes are still read, and new posts are delivered afterwards.
    await asyncio.to_thread(engines.stop, "valkey")
    try:
        await running.post(110, BOB)
        assert await running.home(LAST_FAN) == [110, 100]
    finally:
        await asyncio.to_thread(engines.start, "valkey")
    await eventually(lambda: shows(running, LAST_FAN, [110, 100]), limit=SETTLED)
    await running.post(111, BOB)
    await eventually(lambda: shows(running, LAST_FAN, [111, 110, 100]), limit=SETTLED)
    await eventually(lambda: running.told_of(110) == {BOB, *FANS}, limit=SETTLED)
    await eventually(lambda: running.told_of(111) == {BOB, *FANS}, limit=SETTLED)


async def shows(running: Running, viewer: int, expected: list[int]) -> bool:
    return await running.home(viewer) == expected


async def is_public(running: Running, post_id: int) -> bool:
    return post_id in await running.public()

"""Both processes as they are composed, on real engines: events go in, notifications come out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import orjson
import pytest
from google.protobuf.message import Message
from roost.notification.v1.notification_service_pb2 import ListNotificationsRequest
from roost.notification.v1.notification_service_pb2_grpc import NotificationServiceStub

from local import topics
from services.chassis.bus import Publisher, publisher
from services.chassis.caller import UserCaller
from services.chassis.clock import SystemClock
from services.chassis.events import Event, OutboxMessage
from services.notification import compose
from tests.builders.notifications import settings
from tests.engines import Engines
from tests.servicers.notification.peers import Peers
from tests.servicers.serving import SERVICE_KEYS, Served, serving
from tests.stores.notification.world import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    a_post,
    blocked,
    created,
    followed,
    liked,
)
from tests.waiting import eventually

# The broker takes some seconds to give the partitions of a new group to its first member.
SETTLED = 60.0


class Running:
    """The Notification service, the services that it asks, and a way to tell it what happened."""

    def __init__(self, served: Served, sender: Publisher) -> None:
        self._served = served
        self._sender = sender

    async def tell(self, topic: str, key: int, body: Message) -> None:
        message = OutboxMessage.of(topic=topic, key=key, body=body)
        now = SystemClock().now()
        await self._sender.publish([Event.from_message(message, time=now, traceparent=None)])

    async def told(self, user_id: int) -> list[tuple[int, list[int]]]:
        caller = UserCaller(user_id=user_id, session_id=1)
        stub = self._served.stub(NotificationServiceStub, caller=caller)
        response = await stub.ListNotifications(ListNotificationsRequest())
        return [(group.post_id, list(group.sample_user_ids)) for group in response.groups]


@pytest.fixture
async def running(
    database: Callable[[str], str], valkey: str, kafka: str, engines: Engines, tmp_path: Path
) -> AsyncIterator[Running]:
    topics.create(kafka, ("roost.user.v1", "roost.post.v1", "roost.timeline.v1"))
    (tmp_path / "notification.pem").write_bytes(SERVICE_KEYS["notification"].pem())
    public = [key.public_jwk() for key in SERVICE_KEYS.values()]
    (tmp_path / "services.json").write_bytes(orjson.dumps({"keys": public}))
    async with AsyncExitStack() as stack:
        others = await stack.enter_async_context(serving(*Peers().mounts()))
        told = settings(
            tmp_path,
            mesh=others.address,
            database_url=database("notification"),
            redis_url=valkey,
            kafka_brokers=(kafka,),
            kafka_idempotence=engines.broker.idempotence,
        )
        serve = await stack.enter_async_context(compose.serve(told))
        served = await stack.enter_async_context(serving(*serve.mounts))
        work = await stack.enter_async_context(compose.work(told))
        sender = await stack.enter_async_context(
            publisher(brokers=kafka, client_id="test", idempotent=engines.broker.idempotence)
        )
        jobs = [asyncio.create_task(job()) for job in work.jobs]
        try:
            yield Running(served, sender)
            assert not any(job.done() for job in jobs), "a job ended"
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs, timeout=30)


async def test_events_become_notifications(running: Running) -> None:
    post = a_post(100, ALICE)
    mention = a_post(101, DAVE, mentions=[ALICE])

    await running.tell("roost.user.v1", BOB, followed(BOB, ALICE))
    for liker in (BOB, CAROL):
        await running.tell("roost.post.v1", liker, liked(liker, post))
    await running.tell("roost.post.v1", DAVE, created(mention))
    await eventually(
        lambda: tells(running, [(0, [BOB]), (100, [BOB, CAROL]), (101, [DAVE])]), limit=SETTLED
    )

    await running.tell("roost.user.v1", ALICE, blocked(ALICE, BOB))
    await eventually(lambda: tells(running, [(100, [CAROL]), (101, [DAVE])]), limit=SETTLED)


async def tells(running: Running, expected: list[tuple[int, list[int]]]) -> bool:
    found = await running.told(ALICE)
    return sorted((post_id, sorted(people)) for post_id, people in found) == expected

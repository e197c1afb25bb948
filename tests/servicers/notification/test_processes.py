"""Both processes as composed, on real engines: events in, notifications out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest
from google.protobuf.message import Message
from roost.notification.v1 import delivery_service_pb2 as delivery_pb
from roost.notification.v1.delivery_service_pb2_grpc import DeliveryServiceStub
from roost.notification.v1.notification_service_pb2 import ListNotificationsRequest
from roost.notification.v1.notification_service_pb2_grpc import NotificationServiceStub
from roost.user.v1.user_events_pb2 import SessionRevoked

from services.chassis.auth.caller import UserCaller
from services.chassis.deployment import topics
from services.chassis.events.bus import KafkaConnection, Publisher, publisher
from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import SystemClock
from services.notification import compose
from tests.builders.notifications import settings
from tests.mail import Mailbox, mail_server
from tests.push import Browser, PushServer, push_server
from tests.servicers.grpc_server import SERVICE_KEYS, Served, mounts_of, serving
from tests.servicers.notification.peers import Peers
from tests.stores.notification.scenario import (
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
from tests.waiting import LIMIT, eventually

# The broker needs some seconds to assign the partitions of a new group.
SETTLED = 60.0


class Running:
    """The Notification service, the services that it calls, and a way to publish events."""

    def __init__(self, served: Served, sender: Publisher, pushes: PushServer, box: Mailbox) -> None:
        self._served = served
        self._sender = sender
        self.pushes = pushes
        self.box = box

    def delivery(self, user_id: int) -> Any:
        caller = UserCaller(user_id=user_id, session_id=1)
        return self._served.stub(DeliveryServiceStub, caller=caller)

    async def publish(self, topic: str, key: int, body: Message) -> None:
        message = OutboxMessage.of(topic=topic, key=key, body=body)
        now = SystemClock().now()
        await self._sender.publish([Event.from_message(message, time=now, traceparent=None)])

    async def listed(self, user_id: int) -> list[tuple[int, list[int]]]:
        caller = UserCaller(user_id=user_id, session_id=1)
        stub = self._served.stub(NotificationServiceStub, caller=caller)
        response = await stub.ListNotifications(ListNotificationsRequest())
        return [(group.post_id, list(group.sample_user_ids)) for group in response.groups]


@pytest.fixture
async def running(
    database: Callable[[str], str],
    valkey: str,
    kafka: KafkaConnection,
    tmp_path: Path,
) -> AsyncIterator[Running]:
    topics.create(kafka, ("roost.user.v1", "roost.post.v1", "roost.timeline.v1"))
    (tmp_path / "notification.pem").write_bytes(SERVICE_KEYS["notification"].pem())
    public = [key.public_jwk() for key in SERVICE_KEYS.values()]
    (tmp_path / "services.json").write_bytes(orjson.dumps({"keys": public}))
    async with AsyncExitStack() as stack:
        others = await stack.enter_async_context(serving(*Peers().mounts()))
        box = await stack.enter_async_context(mail_server())
        pushes = await stack.enter_async_context(push_server())
        configured = settings(
            tmp_path,
            mesh=others.address,
            database_url=database("notification"),
            redis_url=valkey,
            kafka_brokers=kafka.brokers,
            kafka_idempotence=kafka.idempotent,
            smtp_url=f"smtp://127.0.0.1:{box.port}",
        )
        serve = await stack.enter_async_context(compose.serve(configured))
        served = await stack.enter_async_context(serving(*mounts_of(serve)))
        work = await stack.enter_async_context(compose.work(configured))
        sender = await stack.enter_async_context(publisher(connection=kafka, client_id="test"))
        jobs = [asyncio.create_task(job()) for _, job in work.jobs_by_name()]
        try:
            yield Running(served, sender, pushes, box)
            assert not any(job.done() for job in jobs), "a job ended"
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs, timeout=LIMIT)


async def test_events_become_notifications(running: Running) -> None:
    post = a_post(100, ALICE)
    mention = a_post(101, DAVE, mentions=[ALICE])

    await running.publish("roost.user.v1", BOB, followed(BOB, ALICE))
    for liker in (BOB, CAROL):
        await running.publish("roost.post.v1", liker, liked(liker, post))
    await running.publish("roost.post.v1", DAVE, created(mention))
    await eventually(
        lambda: lists(running, [(0, [BOB]), (100, [BOB, CAROL]), (101, [DAVE])]), limit=SETTLED
    )

    await running.publish("roost.user.v1", ALICE, blocked(ALICE, BOB))
    await eventually(lambda: lists(running, [(100, [CAROL]), (101, [DAVE])]), limit=SETTLED)


async def test_notifications_leave_the_app(running: Running) -> None:
    browser, alice = Browser(), running.delivery(ALICE)
    await alice.CreatePushSubscription(
        delivery_pb.CreatePushSubscriptionRequest(
            endpoint=f"{running.pushes.origin}/alice", p256dh=browser.p256dh, auth=browser.auth
        )
    )
    await alice.SetEmailAddress(delivery_pb.SetEmailAddressRequest(address="alice@mail.example"))
    await eventually(lambda: len(running.box.emails) == 1, limit=SETTLED)
    code = str(running.box.emails[0]["Subject"])[:6]
    await alice.ConfirmEmailAddress(delivery_pb.ConfirmEmailAddressRequest(code=code))
    post = a_post(100, ALICE)

    for liker in (BOB, CAROL):
        await running.publish("roost.post.v1", liker, liked(liker, post))

    def shown() -> list[Any]:
        return [json.loads(browser.decrypt(each.body)) for each in running.pushes.arrived]

    await eventually(lambda: any(each["count"] == 2 for each in shown()), limit=SETTLED)
    assert {each["post_id"] for each in shown()} == {"100"}
    assert len({each.topic for each in running.pushes.arrived}) == 1

    await running.publish("roost.user.v1", ALICE, SessionRevoked(user_id=ALICE, session_id=1))
    await eventually(lambda: has_no_device(running), limit=SETTLED)


async def has_no_device(running: Running) -> bool:
    request = delivery_pb.ListPushSubscriptionsRequest()
    response = await running.delivery(ALICE).ListPushSubscriptions(request)
    return len(response.subscriptions) == 0


async def lists(running: Running, expected: list[tuple[int, list[int]]]) -> bool:
    found = await running.listed(ALICE)
    return sorted((post_id, sorted(people)) for post_id, people in found) == expected

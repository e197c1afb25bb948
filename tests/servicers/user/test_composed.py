"""The composed processes on real engines: database, cache and broker."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from roost.media.v1.media_events_pb2 import MediumDeleted, MediumUpdated
from roost.media.v1.media_pb2 import MEDIUM_USE_AVATAR
from roost.user.v1 import graph_service_pb2 as graph_pb
from roost.user.v1.auth_service_pb2 import GetJwksRequest, RegisterRequest
from roost.user.v1.auth_service_pb2_grpc import AuthServiceStub
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_pb2 import User
from roost.user.v1.user_service_pb2 import (
    DeleteUserRequest,
    GetUserRequest,
    UpdateUserRequest,
)
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from local.secret_store import SecretStore
from services.chassis.auth.caller import UserCaller
from services.chassis.deployment import topics
from services.chassis.events import bus
from services.chassis.events.bus import KafkaConnection
from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.supervision import Job
from services.chassis.storage import postgres
from services.user import compose
from services.user.adapters.postgres import PostgresUserStore
from services.user.rpc.events import describe
from services.user.rpc.profile_media import snapshot
from services.user.settings import UserSettings
from tests.builders.media import picture
from tests.engines import Databases
from tests.servicers.grpc_server import Served, mounts_of, serving

PASSWORD = "zebra lamp 9"
PATIENCE = 60.0
TOPICS = ["roost.user.v1", "roost.post.v1", "roost.media.v1"]


@pytest.fixture(scope="module")
def database_url(postgres: Databases) -> Iterator[str]:
    url = postgres.fresh("user")
    yield url
    postgres.drop(url)


@pytest.fixture
def settings(database_url: str, valkey: str, tmp_path: Path) -> UserSettings:
    secrets = SecretStore(tmp_path)
    return UserSettings(
        mesh="127.0.0.1:1",
        database_url=database_url,
        redis_url=valkey,
        kafka_brokers=("127.0.0.1:1",),
        page_token_key=secrets.token("page-token-key"),
        service_key_file=secrets.identity("user"),
        service_keys_file=secrets.identities(["user", "post"]),
        master_key="17" * 32,
        password_memory_mib=19,
    )


class SignedUp(NamedTuple):
    id: int
    auth: Any
    users: Any
    graph: Any


async def sign_up(served: Served, handle: str) -> SignedUp:
    response = await served.stub(AuthServiceStub).Register(
        RegisterRequest(handle=handle, password=PASSWORD)
    )
    caller = UserCaller(response.user.id, response.session.id)
    return SignedUp(
        response.user.id,
        served.stub(AuthServiceStub, caller=caller),
        served.stub(UserServiceStub, caller=caller),
        served.stub(GraphServiceStub, caller=caller),
    )


@pytest.fixture
async def served(settings: UserSettings) -> AsyncIterator[Served]:
    async with compose.serve(settings) as parts, serving(*mounts_of(parts)) as served:
        yield served


async def test_a_change_is_seen_at_once_through_the_cache(served: Served) -> None:
    alice = await sign_up(served, "alice")
    before = await alice.users.GetUser(GetUserRequest(user_id=alice.id))

    await alice.users.UpdateUser(
        UpdateUserRequest(user=User(bio="Birds"), update_mask=FieldMask(paths=["bio"]))
    )
    after = await alice.users.GetUser(GetUserRequest(user_id=alice.id))

    assert (before.user.bio, after.user.bio) == ("", "Birds")


async def test_the_command_announces_the_next_key(served: Served, settings: UserSettings) -> None:
    before = await served.stub(AuthServiceStub).GetJwks(GetJwksRequest())

    sentence = await compose.rotate_keys(settings)
    async with compose.serve(settings) as parts, serving(*mounts_of(parts)) as restarted:
        after = await restarted.stub(AuthServiceStub).GetJwks(GetJwksRequest())

    assert len(after.keys) == len(before.keys) + 1
    assert sentence.startswith(after.keys[-1].kid)


async def test_lists_are_read_while_the_replica_is_away(settings: UserSettings) -> None:
    nowhere = settings.model_copy(update={"replica_url": "postgres://roost@127.0.0.1:1/roost_user"})
    async with compose.serve(nowhere) as parts, serving(*mounts_of(parts)) as served:
        gail, hugo, ines = [await sign_up(served, name) for name in ("gail", "hugo", "ines")]

        await gail.graph.Follow(graph_pb.FollowRequest(user_id=hugo.id))

        for reader in (gail, hugo, ines):
            found = await reader.graph.ListFollowers(graph_pb.ListFollowersRequest(user_id=hugo.id))
            assert [each.id for each in found.users] == [gail.id]
        assert "watch_replica" in dict(parts.jobs_by_name())


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    limit = time.monotonic() + PATIENCE
    while not await condition():
        assert time.monotonic() < limit, "it never came to be"
        await asyncio.sleep(0.05)


async def test_the_worker_counts_and_removes_the_relationships_of_the_deleted(
    served: Served, settings: UserSettings, kafka: KafkaConnection
) -> None:
    topics.create(kafka, TOPICS)
    dora, eric = await sign_up(served, "dora"), await sign_up(served, "eric")
    working = settings.model_copy(update={"kafka_brokers": kafka.brokers})

    async def following() -> int:
        found = await dora.users.GetUser(GetUserRequest(user_id=dora.id))
        return int(found.user.following_count)

    async def counted() -> bool:
        return await following() == 1

    async def gone() -> bool:
        found = await dora.graph.BatchGetRelationships(
            graph_pb.BatchGetRelationshipsRequest(user_ids=[eric.id])
        )
        return not found.relationships[0].following and await following() == 0

    async with compose.work(working) as parts:
        jobs = [asyncio.create_task(_run(job)) for _, job in parts.jobs_by_name()]
        try:
            await dora.graph.Follow(graph_pb.FollowRequest(user_id=eric.id))
            await until(counted)
            await eric.users.DeleteUser(DeleteUserRequest(password=PASSWORD))
            await until(gone)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs)


async def test_the_worker_follows_the_pictures_of_profiles(
    served: Served, settings: UserSettings, kafka: KafkaConnection
) -> None:
    topics.create(kafka, TOPICS)
    fern = await sign_up(served, "fern")
    working = settings.model_copy(update={"kafka_brokers": kafka.brokers})
    clock = SystemClock()
    medium = picture(71, fern.id, use=MEDIUM_USE_AVATAR)

    async def folder() -> str:
        found = await fern.users.GetUser(GetUserRequest(user_id=fern.id))
        return str(found.user.avatar.folder)

    async def moved() -> bool:
        return await folder() == "m/open"

    async def gone() -> bool:
        return not await folder()

    async with (
        postgres.connect(settings.database_url, clock=clock) as database,
        bus.publisher(connection=kafka, client_id="media") as publisher,
        compose.work(working) as parts,
    ):
        store = PostgresUserStore(database, describe=describe)
        (stored,) = await store.users([fern.id])
        async with store.transaction() as transaction:
            await transaction.lock_user(fern.id)
            await transaction.save_profile(replace(stored, avatar=snapshot(medium)))

        async def publish(body: Message) -> None:
            message = OutboxMessage.of(topic="roost.media.v1", key=fern.id, body=body)
            event = Event.from_message(message, time=clock.now(), traceparent=None)
            await publisher.publish([event])

        jobs = [asyncio.create_task(_run(job)) for _, job in parts.jobs_by_name()]
        try:
            later = picture(71, fern.id, use=MEDIUM_USE_AVATAR, etag="4", folder="m/open")
            await publish(MediumUpdated(medium=later))
            await until(moved)
            await publish(MediumDeleted(medium_id=71, owner_id=fern.id, use=MEDIUM_USE_AVATAR))
            await until(gone)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs)


async def _run(job: Job) -> None:
    await job()

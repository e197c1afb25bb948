"""The process that answers RPCs as it is composed, on real engines."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from roost.media.v1 import media_service_pb2 as rpc
from roost.media.v1.media_pb2 import MEDIUM_STATE_FAILED, MEDIUM_STATE_PROCESSING
from roost.media.v1.media_service_pb2_grpc import MediaServiceStub
from roost.post.v1.post_service_pb2_grpc import add_PostServiceServicer_to_server

from local.parts.seaweedfs import S3
from services.chassis.auth.caller import UserCaller
from services.chassis.cache import redis_client
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import SystemClock
from services.chassis.storage import postgres
from services.media import compose
from services.media.adapters import s3 as s3_adapter
from services.media.adapters.postgres import PostgresMediaStore
from services.media.adapters.wake_ups import ValkeyWakeUps
from services.media.domain.model import MediumState
from services.media.rpc.events import describe
from services.media.settings import MediaSettings
from tests.engines import Engines
from tests.servicers.grpc_server import SERVICE_KEYS, mounts_of, serving
from tests.servicers.media.conftest import BASE_URL, WITHOUT, FakePosts
from tests.waiting import LIMIT

ALICE = 7 << 13


@pytest.fixture(autouse=True)
def patient_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Raises the time limits for busy machines."""
    for name in ("CALL_SECONDS", "READ_SECONDS"):
        monkeypatch.setattr(s3_adapter, name, LIMIT)


@pytest.fixture
def settings(
    database: Callable[[str], str], valkey: str, s3: S3, tmp_path: Path
) -> Callable[[str], MediaSettings]:
    """The settings of a process whose mesh is at an address."""
    (tmp_path / "media.pem").write_bytes(SERVICE_KEYS["media"].pem())
    public = [key.public_jwk() for key in SERVICE_KEYS.values()]
    (tmp_path / "services.json").write_bytes(orjson.dumps({"keys": public}))
    url = database("media")

    def at(mesh: str) -> MediaSettings:
        return MediaSettings(
            mesh=mesh,
            database_url=url,
            redis_url=valkey,
            kafka_brokers=("127.0.0.1:1",),
            page_token_key=b"k" * 32,
            service_key_file=tmp_path / "media.pem",
            service_keys_file=tmp_path / "services.json",
            s3_endpoint=s3.endpoint,
            s3_region=s3.region,
            s3_access_key=s3.access_key,
            s3_secret_key=s3.secret_key,
            media_base_url=BASE_URL,
            media_path_key=b"k" * 32,
            media_purge_url="http://127.0.0.1:1",
        )

    return at


class Running:
    """The serving process, and the other side of a client."""

    def __init__(self, media: Any, settings: MediaSettings) -> None:
        self.media = media
        self.settings = settings

    async def upload(self, content: bytes) -> int:
        started = await self.media.StartUpload(
            rpc.StartUploadRequest(content_type="image/png", size_bytes=len(content))
        )
        async with httpx2.AsyncClient(timeout=LIMIT) as client:
            response = await client.put(started.parts[0].url, content=content)
        response.raise_for_status()
        return int(started.medium_id)

    async def complete(self, medium_id: int) -> Any:
        request = rpc.CompleteUploadRequest(medium_id=medium_id)
        return (await self.media.CompleteUpload(request)).medium

    async def finished(self, medium_id: int) -> Any:
        """The medium after its processing; on a busy machine one call may be too short."""
        async with asyncio.timeout(LIMIT):
            while True:
                request = rpc.WaitMediaRequest(medium_id=medium_id)
                medium = (await self.media.WaitMedia(request)).medium
                if medium.state != MEDIUM_STATE_PROCESSING:
                    return medium

    async def fail(self, medium_id: int) -> None:
        """What the worker does with a file that it cannot read."""
        async with postgres.connect(self.settings.database_url, clock=SystemClock()) as database:
            store = PostgresMediaStore(database, describe=describe)
            async with store.transaction() as transaction:
                (medium,) = (await transaction.lock_media(ALICE, [medium_id])).values()
                await transaction.save_medium(
                    medium.changed(state=MediumState.FAILED, failure="MEDIA_CORRUPT")
                )
        async with redis_client.connect(self.settings.redis_url, call_seconds=LIMIT) as redis:
            await ValkeyWakeUps(redis, url=self.settings.redis_url).announce(medium_id)


@pytest.fixture
async def running(settings: Callable[[str], MediaSettings]) -> AsyncIterator[Running]:
    posts = MountedServicer(add_PostServiceServicer_to_server, FakePosts(), without=WITHOUT)
    async with AsyncExitStack() as stack:
        others = await stack.enter_async_context(serving(posts))
        of_process = settings(others.address)
        serve = await stack.enter_async_context(compose.serve(of_process))
        served = await stack.enter_async_context(serving(*mounts_of(serve)))
        jobs = [asyncio.create_task(job()) for _, job in serve.jobs_by_name()]
        caller = UserCaller(user_id=ALICE, session_id=1)
        try:
            yield Running(served.stub(MediaServiceStub, caller=caller, timeout=LIMIT), of_process)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs, timeout=LIMIT)


async def test_bytes_go_from_the_client_to_the_store(running: Running) -> None:
    medium_id = await running.upload(b"picture")

    medium = await running.complete(medium_id)

    assert medium.state == MEDIUM_STATE_PROCESSING
    assert (await running.complete(medium_id)).etag == medium.etag


async def test_call_that_waits_ends_with_the_processing(running: Running) -> None:
    medium_id = await running.upload(b"picture")
    await running.complete(medium_id)
    waiting = asyncio.create_task(running.finished(medium_id))

    await running.fail(medium_id)

    medium = await waiting
    assert (medium.state, medium.failure) == (MEDIUM_STATE_FAILED, "MEDIA_CORRUPT")


async def test_uploads_and_waiting_work_without_valkey(running: Running, engines: Engines) -> None:
    engines.stop("valkey")
    try:
        medium_id = await running.upload(b"picture")
        await running.complete(medium_id)
        waiting = asyncio.create_task(running.finished(medium_id))
        await running.fail(medium_id)

        assert (await waiting).state == MEDIUM_STATE_FAILED
    finally:
        engines.start("valkey")

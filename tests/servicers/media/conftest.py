"""The Media service with an in-memory store and a fake Post service, both on real channels."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from roost.media.v1 import media_service_pb2 as rpc
from roost.media.v1.media_pb2 import Medium as MediumMessage
from roost.media.v1.media_service_pb2_grpc import MediaServiceStub
from roost.post.v1 import post_service_pb2 as posts_pb
from roost.post.v1.post_service_pb2_grpc import (
    PostServiceServicer,
    PostServiceStub,
    add_PostServiceServicer_to_server,
)

from services.chassis.auth import access_policy
from services.chassis.auth.caller import ANONYMOUS, Caller, ServiceCaller, UserCaller
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.events.records import Event
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.ids import FixedWorker, IdGenerator
from services.media import compose
from services.media.adapters.clients import MeshPostVisibility
from services.media.adapters.memory import MemoryMediaStore
from services.media.adapters.memory.storage import MemoryStorage
from services.media.adapters.memory.wake_ups import MemoryWakeUps
from services.media.domain import claims, deletion
from services.media.domain.domain_events import MediumProcessed
from services.media.domain.model import Access, Claim, FolderState, Medium, MediumState, Use
from services.media.rpc.events import describe
from tests.builders.media import a_folder, a_picture
from tests.builders.posts import Numbers
from tests.servicers.grpc_server import Served, serving, token_of

BASE_URL = "https://media.test"

WITHOUT = frozenset(
    method.name
    for method in posts_pb.DESCRIPTOR.services_by_name["PostService"].methods
    if method.name != "FilterVisible"
)


class FakePosts(PostServiceServicer):
    """Which users may see which posts."""

    def __init__(self) -> None:
        self.readable: set[tuple[int, int]] = set()
        self.calls = 0

    @access_policy.service("media")
    async def FilterVisible(
        self, request: posts_pb.FilterVisibleRequest, context: Any
    ) -> posts_pb.FilterVisibleResponse:
        self.calls += 1
        return posts_pb.FilterVisibleResponse(
            post_ids=[
                each for each in request.post_ids if (request.viewer_id, each) in self.readable
            ]
        )


class Scenario:
    """A running Media service, two users, and verbs for what they and the worker do."""

    def __init__(
        self,
        served: Served,
        *,
        store: MemoryMediaStore,
        storage: MemoryStorage,
        posts: FakePosts,
        wake_ups: MemoryWakeUps,
        clock: ManualClock,
    ) -> None:
        self._served = served
        self.store = store
        self.storage = storage
        self.posts = posts
        self.wake_ups = wake_ups
        self.clock = clock
        self.numbers = Numbers()
        self.alice = self.numbers.user(bucket=3)
        self.bob = self.numbers.user(bucket=511)

    def media(self, who: int | Caller | None = None, *, timeout: float = 60.0) -> Any:
        caller = ANONYMOUS if who is None else who
        if isinstance(caller, int):
            caller = UserCaller(user_id=caller, session_id=1)
        return self._served.stub(MediaServiceStub, caller=caller, timeout=timeout)

    def as_post(self) -> Any:
        return self.media(ServiceCaller("post"))

    async def start(self, who: int, content: bytes = b"picture", **given: Any) -> Any:
        usual = {"content_type": "image/jpeg", "size_bytes": len(content)}
        return await self.media(who).StartUpload(rpc.StartUploadRequest(**(usual | given)))

    async def complete(self, who: int, medium_id: int, **given: Any) -> MediumMessage:
        request = rpc.CompleteUploadRequest(medium_id=medium_id, **given)
        return (await self.media(who).CompleteUpload(request)).medium

    async def uploaded(self, who: int, content: bytes = b"picture", **given: Any) -> int:
        """A medium whose upload is complete."""
        started = await self.start(who, content, **given)
        for part in started.parts:
            self.storage.upload(part.url, content)
        await self.complete(who, started.medium_id)
        return int(started.medium_id)

    async def ready(self, who: int, **given: Any) -> int:
        """A medium that the worker has processed."""
        medium_id = await self.uploaded(who, **given)
        await self.process(medium_id)
        return medium_id

    async def process(self, medium_id: int, *, failure: str = "") -> None:
        """What the worker does in the end."""
        stored = await self.stored(medium_id)
        folder = a_folder(stored, f"folder-{medium_id}", state=FolderState.WRITING)
        if not failure:
            await self.store.add_folder(folder)
        async with self.store.transaction() as transaction:
            (medium,) = (await transaction.lock_media(stored.owner_id, [medium_id])).values()
            if failure:
                medium = medium.changed(state=MediumState.FAILED, failure=failure)
            else:
                assert await transaction.publish_folder(folder.key)
                medium = medium.changed(
                    state=MediumState.READY,
                    processed=a_picture(),
                    progress=100,
                    folder=folder.path,
                )
            del transaction.tables.jobs[medium_id]  # type: ignore[attr-defined]
            await transaction.save_medium(medium)
            await deletion.doom_upload(transaction, medium, self.clock.now())
            await transaction.emit(MediumProcessed(medium))

    async def attached(
        self,
        who: int,
        *,
        post_id: int = 0,
        confirmed: bool = True,
        use: Use = Use.AVATAR,
        **given: Any,
    ) -> int:
        """A medium of a post, or of the profile without one."""
        medium_id = await self.ready(who)
        use = Use.POST if post_id else use
        claim = Claim(use, post_id, f"write-{medium_id}", self.clock.now())
        async with self.store.transaction() as transaction:
            (medium,) = await claims.claim(transaction, who, [medium_id], claim)
            if confirmed:
                medium = await claims.confirm(transaction, medium, claim)
            if given:
                await transaction.save_medium(medium.changed(**given))
        return medium_id

    async def open(self, who: int, post_id: int) -> int:
        """A medium of a post that everyone may see, in an open folder."""
        return await self.attached(
            who, post_id=post_id, open=True, folder=f"{Access.OPEN}/open-{post_id}"
        )

    async def stored(self, medium_id: int) -> Medium:
        return (await self.store.media([medium_id]))[medium_id]

    async def get(self, medium_id: int, who: int | None = None) -> MediumMessage:
        return (await self.media(who).GetMedia(rpc.GetMediaRequest(medium_id=medium_id))).medium

    async def seen(self, who: int | None, *medium_ids: int) -> list[int]:
        """Those of the media that exist for the user."""
        request = rpc.BatchGetMediaRequest(medium_ids=medium_ids)
        return [each.id for each in (await self.media(who).BatchGetMedia(request)).media]

    def published(self, name: str = "") -> list[Event]:
        return [
            event
            for event in self.store.database.published
            if not name or event.type == f"roost.media.v1.{name}"
        ]

    def advance(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))


@pytest.fixture
async def scenario() -> AsyncIterator[Scenario]:
    clock = ManualClock()
    store = MemoryMediaStore(clock=clock, describe=describe)
    storage, posts, wake_ups = MemoryStorage(clock=clock), FakePosts(), MemoryWakeUps()
    async with serving(
        MountedServicer(add_PostServiceServicer_to_server, posts, without=WITHOUT), clock=clock
    ) as post_service:
        as_media = post_service.mesh.with_token(
            PostServiceStub, lambda: token_of(ServiceCaller("media"), clock, service="post")
        )
        mounts = compose.mounts(
            store=store,
            storage=storage,
            posts=MeshPostVisibility(as_media),
            wake_ups=wake_ups,
            ids=IdGenerator(clock=clock, worker=FixedWorker()),
            clock=clock,
            addresses=SignedPaths(BASE_URL, key=bytes(32), clock=clock),
        )
        async with serving(*mounts, clock=clock) as served:
            yield Scenario(
                served, store=store, storage=storage, posts=posts, wake_ups=wake_ups, clock=clock
            )

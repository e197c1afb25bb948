"""The User service on stores in memory, behind the whole pipeline and a real channel."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
from google.protobuf.message import Message
from roost.media.v1.media_service_pb2_grpc import add_MediaServiceServicer_to_server
from roost.user.v1 import user_events_pb2 as events_pb
from roost.user.v1.auth_service_pb2 import RegisterRequest, RegisterResponse
from roost.user.v1.auth_service_pb2_grpc import AuthServiceStub
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.auth.caller import ANONYMOUS, Caller, UserCaller
from services.chassis.auth.tokens import AccessTokens, ServiceIdentity
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import ManualClock
from services.user import compose
from services.user.adapters import user_cache
from services.user.adapters.login_attempts import MemoryAttempts
from services.user.adapters.media_client import MeshMediaClaims
from services.user.adapters.memory import MemoryUserStore
from services.user.adapters.user_cache import BroadcastingUserCache
from services.user.domain.handles import HandleTombstones
from services.user.domain.passwords import Passwords
from services.user.domain.ports import MediaClaims
from services.user.domain.signing import KeySeal, Signer
from services.user.domain.throttle import Throttle
from services.user.rpc import convert
from services.user.rpc.events import describe
from services.user.worker.background_tasks import BackgroundTasks
from tests.builders.users import PatientIds
from tests.servicers.fakes.media import WITHOUT_OF_MEDIA, FakeMedia
from tests.servicers.grpc_server import AUDIENCE, ISSUER, SERVICE_KEYS, Served, serving

MASTER_KEY = bytes(range(32))
PASSWORD = "zebra lamp 9"


class FakeUserCache:
    """A cache without expiry: a missing invalidation shows in a test."""

    def __init__(self, store: MemoryUserStore) -> None:
        self._load = user_cache.loader(store, convert.packed_user)
        self._kept: dict[int, bytes] = {}
        self._receipts: set[tuple[int, UUID]] = set()

    async def get_many(self, keys: Iterable[int]) -> dict[int, bytes]:
        wanted = list(keys)
        missing = [key for key in wanted if key not in self._kept]
        if missing:
            self._kept.update(await self._load(missing))
        return {key: self._kept[key] for key in wanted if key in self._kept}

    async def forget(self, *keys: int, event_ids: Collection[UUID] = ()) -> None:
        for key in keys:
            self._kept.pop(key, None)
            self._receipts |= {(key, each) for each in event_ids}

    async def forget_unless_done(self, repeated: Collection[tuple[int, UUID]]) -> list[int]:
        keys = list({key for key, event_id in repeated if (key, event_id) not in self._receipts})
        await self.forget(*keys)
        return keys


class FakeCacheInvalidation:
    """Records what is invalidated."""

    def __init__(self) -> None:
        self.pairs: list[tuple[int, int]] = []
        self.profiles: list[int] = []
        self.counts: list[int] = []
        self.event_ids: list[UUID] = []

    async def invalidate_pair(
        self, one_id: int, other_id: int, *, event_ids: Collection[UUID] = ()
    ) -> None:
        self.pairs.append((one_id, other_id))
        self.event_ids.extend(event_ids)

    async def invalidate_profiles(
        self,
        user_ids: Iterable[int],
        *,
        event_ids: Collection[UUID] = (),
        counts_only: bool = False,
    ) -> None:
        (self.counts if counts_only else self.profiles).extend(user_ids)
        self.event_ids.extend(event_ids)


class FakeEmailAddresses:
    """The email address of every caller."""

    def __init__(self) -> None:
        self.address = ""

    async def of_caller(self) -> str:
        return self.address


class Actor:
    """Somebody who is signed in, with stubs that call as they do."""

    def __init__(
        self, stack: "UserServiceStack", registered: RegisterResponse, password: str
    ) -> None:
        self.id = registered.user.id
        self.handle = registered.user.handle
        self.password = password
        self.session_id = registered.session.id
        self.tokens = registered.tokens
        self.caller = UserCaller(self.id, self.session_id)
        self.auth = stack.auth(self.caller)
        self.users = stack.users(self.caller)
        self.graph = stack.graph(self.caller)


class UserServiceStack:
    """The running service and its parts."""

    def __init__(
        self, *, passwords: Passwords, clock: ManualClock, media_claims: MediaClaims
    ) -> None:
        self.clock = clock
        self.media_claims = media_claims
        # What `media_claims` calls.
        self.media: FakeMedia
        self.store = MemoryUserStore(clock=clock, describe=describe)
        self.attempts = MemoryAttempts(clock=clock)
        self.email_addresses = FakeEmailAddresses()
        self.own_cache = FakeUserCache(self.store)
        self.cache_invalidation = FakeCacheInvalidation()
        self.user_cache = BroadcastingUserCache(self.own_cache, self.cache_invalidation)
        self.ids = PatientIds(clock)
        self.signer = Signer(
            store=self.store,
            clock=clock,
            seal=KeySeal(master_key=MASTER_KEY),
            access_tokens=AccessTokens(issuer=ISSUER, audience=AUDIENCE, clock=clock),
        )
        self.mounts = compose.mounts(
            store=self.store,
            user_cache=self.user_cache,
            cache_invalidation=self.cache_invalidation,
            clock=clock,
            ids=self.ids,
            passwords=passwords,
            throttle=Throttle(attempts=self.attempts, key=MASTER_KEY),
            email_addresses=self.email_addresses,
            media_claims=media_claims,
            signer=self.signer,
            page_token_key=MASTER_KEY,
            master_key=MASTER_KEY,
        )
        self.served: Served

    def auth(self, caller: Caller = ANONYMOUS) -> Any:
        return self.served.stub(AuthServiceStub, caller=caller)

    def users(self, caller: Caller = ANONYMOUS) -> Any:
        return self.served.stub(UserServiceStub, caller=caller)

    def graph(self, caller: Caller = ANONYMOUS) -> Any:
        return self.served.stub(GraphServiceStub, caller=caller)

    def background_tasks(self) -> BackgroundTasks:
        """The executor of background tasks."""
        return BackgroundTasks(
            store=self.store,
            clock=self.clock,
            ids=self.ids,
            tombstones=HandleTombstones(master_key=MASTER_KEY),
        )

    async def register(self, handle: str, **given: Any) -> Actor:
        """Registers somebody whose password is PASSWORD."""
        request = RegisterRequest(handle=handle, password=PASSWORD, **given)
        return Actor(self, await self.auth().Register(request), PASSWORD)

    def events(self, kind: type[Message] | None = None) -> list[Any]:
        """The published events, oldest first; only those of `kind` if it is given."""
        published = self.store.database.published
        return [
            body.FromString(event.payload)
            for event in published
            if (body := getattr(events_pb, event.type.rpartition(".")[2])) is kind or kind is None
        ]


@pytest.fixture(scope="module")
def _hashing() -> Iterable[Passwords]:
    passwords = Passwords(memory_mib=1, workers=2)
    yield passwords
    passwords.close()


@pytest.fixture
async def stack(_hashing: Passwords) -> AsyncIterator[UserServiceStack]:
    clock, media = ManualClock(), FakeMedia()
    mount = MountedServicer(add_MediaServiceServicer_to_server, media, without=WITHOUT_OF_MEDIA)
    async with AsyncExitStack() as opened:
        neighbours = await opened.enter_async_context(serving(mount, clock=clock))
        identity = ServiceIdentity(SERVICE_KEYS["user"], clock=clock)
        mesh = await opened.enter_async_context(Mesh(neighbours.address, identity=identity))
        stack = UserServiceStack(
            passwords=_hashing, clock=clock, media_claims=MeshMediaClaims(mesh)
        )
        stack.media = media
        await stack.signer.load()
        stack.served = await opened.enter_async_context(serving(*stack.mounts, clock=stack.clock))
        yield stack


@pytest.fixture
async def alice(stack: UserServiceStack) -> Actor:
    return await stack.register("Alice")


@pytest.fixture
async def bob(stack: UserServiceStack) -> Actor:
    return await stack.register("bob")


@pytest.fixture
async def carol(stack: UserServiceStack) -> Actor:
    return await stack.register("carol")

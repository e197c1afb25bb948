"""Composes the processes of the Media service. Only this module opens connections."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from roost.media.v1.media_service_pb2_grpc import add_MediaServiceServicer_to_server
from roost.post.v1.post_service_pb2_grpc import PostServiceStub

from services.chassis.auth import authentication
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.cache import redis_client
from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.process import ProcessParts
from services.chassis.storage import postgres, retention
from services.chassis.storage.relay import Relay
from services.chassis.storage.worker_lease import lease_worker
from services.media.adapters import s3
from services.media.adapters.clients import MeshPostVisibility
from services.media.adapters.postgres import PostgresMediaStore
from services.media.adapters.s3 import S3Storage
from services.media.adapters.wake_ups import ValkeyWakeUps
from services.media.domain.model import Ids
from services.media.domain.ports import PostVisibility, WakeUps
from services.media.domain.storage import Storage
from services.media.domain.store import Store
from services.media.rpc.convert import Addresses
from services.media.rpc.events import describe
from services.media.rpc.servicer import MediaServicer
from services.media.settings import MediaSettings

SERVICE = "media"


@asynccontextmanager
async def serve(settings: MediaSettings) -> AsyncIterator[ProcessParts]:
    """The process that answers RPCs."""
    clock = SystemClock()
    identity = authentication.identity(settings, service=SERVICE, clock=clock)
    async with (
        postgres.connect(settings.database_url, clock=clock, name="media serve") as database,
        redis_client.connect(settings.redis_url) as redis,
        storage_of(settings) as storage,
        lease_worker(database, clock=clock) as worker,
        Mesh(settings.mesh, identity=identity) as mesh,
    ):
        wake_ups = ValkeyWakeUps(redis, url=settings.redis_url)
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        yield ProcessParts(
            server=Server(
                mounts=mounts(
                    store=PostgresMediaStore(database, describe=describe),
                    storage=storage,
                    posts=MeshPostVisibility(mesh.as_service(PostServiceStub)),
                    wake_ups=wake_ups,
                    ids=IdGenerator(clock=clock, worker=worker),
                    clock=clock,
                    addresses=SignedPaths(
                        settings.media_base_url, key=settings.media_path_key, clock=clock
                    ),
                ),
                verifier=authentication.verifier(
                    settings,
                    service=SERVICE,
                    people=MeshJwks(mesh),
                    revoked=revoked.session_ids,
                    clock=clock,
                ),
                max_in_flight=settings.max_in_flight,
            ),
            jobs=[revoked.run, wake_ups.run],
        )


def mounts(
    *,
    store: Store,
    storage: Storage,
    posts: PostVisibility,
    wake_ups: WakeUps,
    ids: Ids,
    clock: Clock,
    addresses: Addresses,
) -> list[MountedServicer]:
    servicer = MediaServicer(
        store=store,
        storage=storage,
        posts=posts,
        wake_ups=wake_ups,
        ids=ids,
        clock=clock,
        addresses=addresses,
    )
    return [MountedServicer(add_MediaServiceServicer_to_server, servicer)]


def storage_of(settings: MediaSettings) -> AbstractAsyncContextManager[S3Storage]:
    """The object store of the settings."""
    return s3.connect(
        endpoint=settings.s3_endpoint,
        public_endpoint=settings.upload_endpoint,
        region=settings.s3_region,
        access_key=settings.s3_access_key,
        secret_key=settings.s3_secret_key,
        bucket=settings.s3_bucket,
    )


@asynccontextmanager
async def work(settings: MediaSettings) -> AsyncIterator[ProcessParts]:
    """The process that publishes events."""
    clock = SystemClock()
    brokers = ",".join(settings.kafka_brokers)
    async with (
        postgres.connect(settings.database_url, clock=clock, name="media work") as database,
        bus.publisher(
            brokers=brokers, client_id="media work", idempotent=settings.kafka_idempotence
        ) as publisher,
    ):
        yield ProcessParts(
            jobs=[
                Relay(database_url=settings.database_url, publisher=publisher, clock=clock).run,
                retention.job(database),
            ],
        )

"""Composes the processes of the Media service. Only this module opens connections."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from roost.media.v1.media_service_pb2_grpc import add_MediaServiceServicer_to_server
from roost.post.v1.post_service_pb2_grpc import PostServiceStub
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.auth import authentication
from services.chassis.auth.signed_paths import SignedPaths
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.cache import redis_client
from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.periodic import every
from services.chassis.runtime.process import ProcessParts
from services.chassis.runtime.supervision import Job
from services.chassis.storage import postgres, retention
from services.chassis.storage.relay import Relay
from services.chassis.storage.worker_lease import lease_worker
from services.media.adapters import purgers, s3
from services.media.adapters.clients import MeshAccounts, MeshPostMedia, MeshPostVisibility
from services.media.adapters.postgres import PostgresMediaStore
from services.media.adapters.s3 import S3Storage
from services.media.adapters.wake_ups import ValkeyWakeUps
from services.media.domain.model import Ids
from services.media.domain.ports import Accounts, PostMedia, PostVisibility, WakeUps
from services.media.domain.purging import Purger
from services.media.domain.storage import Storage
from services.media.domain.store import Store
from services.media.domain.uploads import Uploads
from services.media.rpc.convert import Addresses
from services.media.rpc.events import describe
from services.media.rpc.servicer import MediaServicer
from services.media.service import MANIFEST
from services.media.settings import MediaSettings
from services.media.worker import claim_review, consumer, job_folders, placement, purging, sweep
from services.media.worker import orphans as orphan_search
from services.media.worker.audiences import Audiences
from services.media.worker.claim_review import ClaimReview
from services.media.worker.jailed_process import JailedProcess
from services.media.worker.orphans import Orphans
from services.media.worker.placement import Placements
from services.media.worker.processing import Processing
from services.media.worker.purging import Purges
from services.media.worker.runner import Runner, lanes
from services.media.worker.sweep import Sweep

SERVICE = "media"


@asynccontextmanager
async def serve(settings: MediaSettings) -> AsyncIterator[ProcessParts]:
    """The process that answers RPCs."""
    clock = SystemClock()
    identity = authentication.identity(settings, service=SERVICE, clock=clock)
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="media serve",
        ) as database,
        redis_client.connect(settings.redis_url, ca_file=settings.redis_ca_file) as redis,
        storage_of(settings) as storage,
        lease_worker(database, clock=clock) as worker,
        Mesh(settings.mesh, identity=identity, tls=settings.tls) as mesh,
    ):
        wake_ups = ValkeyWakeUps(redis, url=settings.redis_url, ca_file=settings.redis_ca_file)
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
    """The process that processes uploads, moves and deletes files, and publishes and consumes
    events."""
    clock = SystemClock()
    kafka = bus.KafkaConnection.of(settings)
    with job_folders.open_job_folders() as folders:
        async with (
            postgres.connect(
                settings.database_url,
                max_size=settings.database_connections,
                clock=clock,
                name="media work",
            ) as database,
            redis_client.connect(settings.redis_url, ca_file=settings.redis_ca_file) as redis,
            storage_of(settings) as storage,
            lease_worker(database, clock=clock) as worker,
            purgers.connect(settings, clock=clock) as purger,
            Mesh(
                settings.mesh,
                identity=authentication.identity(settings, service=SERVICE, clock=clock),
                tls=settings.tls,
            ) as mesh,
            bus.open_announcements(settings, redis) as announcements,
            bus.publisher(
                connection=kafka, client_id="media work", announcements=announcements
            ) as publisher,
        ):
            store = PostgresMediaStore(database, describe=describe)
            accounts = MeshAccounts(mesh.as_service(UserServiceStub))
            processing = Processing(
                store=store,
                storage=storage,
                program=JailedProcess(),
                folders=folders,
                wake_ups=ValkeyWakeUps(
                    redis, url=settings.redis_url, ca_file=settings.redis_ca_file
                ),
                clock=clock,
            )
            relay = Relay(
                database_url=settings.database_url,
                publisher=publisher,
                clock=clock,
                shard_key=MANIFEST.shard_key,
                slices=settings.relay_slices,
            )
            yield ProcessParts(
                consumers=[
                    bus.Subscriber(
                        connection=kafka,
                        group=MANIFEST.consumer_group.name,
                        topics=MANIFEST.consumer_group.topics,
                        publisher=publisher,
                        clock=clock,
                        announcements=announcements,
                        handlers=consumer.routes(
                            Audiences(store=store, accounts=accounts, clock=clock)
                        ),
                    )
                ],
                jobs=[
                    relay.run,
                    Runner(store=store, processing=processing, clock=clock, lanes=lanes()).run,
                    *jobs(
                        store=store,
                        storage=storage,
                        purger=purger,
                        posts=MeshPostMedia(mesh.as_service(PostServiceStub)),
                        accounts=accounts,
                        ids=IdGenerator(clock=clock, worker=worker),
                        clock=clock,
                        while_leading=relay.while_leading,
                    ),
                    retention.job(database),
                ],
            )


def jobs(
    *,
    store: Store,
    storage: Storage,
    purger: Purger,
    posts: PostMedia,
    accounts: Accounts,
    ids: Ids,
    clock: Clock,
    while_leading: Callable[[Callable[[], Awaitable[object]]], Callable[[], Awaitable[None]]],
) -> list[Job]:
    """What the worker does at intervals."""
    placements = Placements(store=store, storage=storage, clock=clock)
    purges = Purges(store=store, purger=purger, clock=clock)
    claims = ClaimReview(store=store, posts=posts, accounts=accounts, clock=clock)
    orphans = Orphans(store=store, storage=storage, clock=clock)
    sweeps = Sweep(
        store=store,
        storage=storage,
        uploads=Uploads(store=store, storage=storage, ids=ids, clock=clock),
        clock=clock,
    )
    return [
        every(placement.INTERVAL_SECONDS, "media_placement", placements.run_due),
        every(purging.INTERVAL_SECONDS, "media_purging", purges.run_due),
        every(claim_review.INTERVAL_SECONDS, "media_claim_review", claims.review),
        every(sweep.INTERVAL_SECONDS, "media_deletion", sweeps.delete_doomed),
        every(sweep.EXPIRY_SECONDS, "media_expiry", sweeps.expire),
        every(sweep.PRUNING_SECONDS, "media_pruning", sweeps.prune),
        every(orphan_search.INTERVAL_SECONDS, "media_orphans", while_leading(orphans.round)),
    ]

"""Composes the processes of the Post service. Only this module opens connections."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roost.media.v1.media_service_pb2_grpc import MediaServiceStub
from roost.post.v1.engagement_service_pb2_grpc import add_EngagementServiceServicer_to_server
from roost.post.v1.invalidation_service_pb2 import WatchResponse
from roost.post.v1.invalidation_service_pb2_grpc import add_InvalidationServiceServicer_to_server
from roost.post.v1.post_service_pb2_grpc import add_PostServiceServicer_to_server
from roost.post.v1.profile_cache_service_pb2_grpc import add_ProfileCacheServiceServicer_to_server
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.auth import authentication
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.cache import redis_client
from services.chassis.cache.change_log import ChangeLog
from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.rpc.invalidation import InvalidationServicer
from services.chassis.rpc.paging import PageTokens
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.periodic import every
from services.chassis.runtime.process import ProcessParts
from services.chassis.storage import postgres, replica, retention
from services.chassis.storage.relay import Relay
from services.chassis.storage.worker_lease import lease_worker
from services.chassis.text import language
from services.post.adapters.media_client import MeshMediaClaims
from services.post.adapters.postgres import PostgresStore
from services.post.adapters.user_client import MeshProfiles
from services.post.domain.media import MediaClaims
from services.post.domain.model import Ids
from services.post.domain.store import Store
from services.post.rpc.engagement_lists import EngagementLists
from services.post.rpc.engagement_servicer import EngagementServicer
from services.post.rpc.events import describe
from services.post.rpc.post_lists import PostLists
from services.post.rpc.post_scans import PostScans
from services.post.rpc.post_servicer import PostServicer
from services.post.rpc.profile_cache_servicer import ProfileCacheServicer
from services.post.rpc.read_cache.body_cache import PostBodyCache
from services.post.rpc.read_cache.hydration import Hydration
from services.post.rpc.read_cache.profile_cache import REPORT_COUNTS_SECONDS, ProfileCache
from services.post.rpc.read_cache.state_cache import PostStateCache
from services.post.service import MANIFEST
from services.post.settings import PostSettings
from services.post.worker import consumer
from services.post.worker.account_cleanup import AccountCleanup
from services.post.worker.protections import REVIEW_SECONDS, Protections
from services.post.worker.reconciliation import INTERVAL_SECONDS, Reconciliation

SERVICE = "post"


@asynccontextmanager
async def serve(settings: PostSettings) -> AsyncIterator[ProcessParts]:
    """The process that serves RPCs."""
    clock = SystemClock()
    identity = authentication.identity(settings, service=SERVICE, clock=clock)
    language.load()
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="post serve",
        ) as database,
        redis_client.connect(settings.redis_url, ca_file=settings.redis_ca_file) as cache_server,
        replica.connect(
            settings.replica_url,
            database=database,
            redis=cache_server,
            service=SERVICE,
            max_size=settings.database_connections,
        ) as replica_jobs,
        lease_worker(database, clock=clock) as worker,
        Mesh(settings.mesh, identity=identity, tls=settings.tls) as mesh,
    ):
        store = PostgresStore(database)
        changes = ChangeLog(cache_server, SERVICE)
        invalidation = InvalidationServicer(changes, WatchResponse)
        bodies = PostBodyCache(store=store, redis=cache_server, clock=clock)
        states = PostStateCache(store=store, redis=cache_server, changes=changes, clock=clock)
        store.on_change(states.invalidate)
        profiles = _profiles(mesh)
        profile_cache = ProfileCache(
            profiles=profiles, redis=cache_server, changes=changes, clock=clock
        )
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        try:
            yield ProcessParts(
                server=Server(
                    mounts=mounts(
                        store=store,
                        bodies=bodies,
                        states=states,
                        profiles=profiles,
                        profile_cache=profile_cache,
                        invalidation=invalidation,
                        media_claims=MeshMediaClaims(mesh.as_service(MediaServiceStub)),
                        clock=clock,
                        ids=IdGenerator(clock=clock, worker=worker),
                        page_token_key=settings.page_token_key,
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
                jobs=[revoked.run, *replica_jobs],
                on_drain=[invalidation.stop],
            )
        finally:
            for cache in (bodies, states, profile_cache):
                await cache.close()


def mounts(
    *,
    store: Store,
    bodies: PostBodyCache,
    states: PostStateCache,
    profiles: MeshProfiles,
    profile_cache: ProfileCache,
    invalidation: InvalidationServicer,
    media_claims: MediaClaims,
    clock: Clock,
    ids: Ids,
    page_token_key: bytes,
) -> list[MountedServicer]:
    tokens = PageTokens(page_token_key)
    hydration = Hydration(states=states, bodies=bodies, profiles=profile_cache)
    posts = PostServicer(
        store=store,
        profiles=profiles,
        cached_profiles=profile_cache,
        media_claims=media_claims,
        ids=ids,
        clock=clock,
        hydration=hydration,
        bodies=bodies,
        lists=PostLists(store=store, hydration=hydration, profiles=profile_cache, tokens=tokens),
        scans=PostScans(store=store),
    )
    engagement = EngagementServicer(
        store=store,
        profiles=profiles,
        ids=ids,
        hydration=hydration,
        lists=EngagementLists(store=store, hydration=hydration, tokens=tokens),
    )
    return [
        MountedServicer(add_PostServiceServicer_to_server, posts),
        MountedServicer(add_EngagementServiceServicer_to_server, engagement),
        MountedServicer(
            add_ProfileCacheServiceServicer_to_server, ProfileCacheServicer(profile_cache)
        ),
        MountedServicer(add_InvalidationServiceServicer_to_server, invalidation),
    ]


def _profiles(mesh: Mesh) -> MeshProfiles:
    return MeshProfiles(mesh.as_service(UserServiceStub), mesh.as_service(GraphServiceStub))


@asynccontextmanager
async def work(settings: PostSettings) -> AsyncIterator[ProcessParts]:
    """The process that publishes events, consumes them, and reconciles counts."""
    clock = SystemClock()
    kafka = bus.KafkaConnection.of(settings)
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="post work",
        ) as database,
        redis_client.connect(settings.redis_url, ca_file=settings.redis_ca_file) as cache_server,
        Mesh(
            settings.mesh,
            identity=authentication.identity(settings, service=SERVICE, clock=clock),
            tls=settings.tls,
        ) as mesh,
        bus.open_announcements(settings, cache_server) as announcements,
        bus.publisher(
            connection=kafka, client_id="post work", announcements=announcements
        ) as publisher,
    ):
        store = PostgresStore(database)
        changes = ChangeLog(cache_server, SERVICE)
        states = PostStateCache(store=store, redis=cache_server, changes=changes, clock=clock)
        store.on_change(states.invalidate)
        profiles = _profiles(mesh)
        profile_cache = ProfileCache(
            profiles=profiles, redis=cache_server, changes=changes, clock=clock
        )
        bodies = PostBodyCache(store=store, redis=cache_server, clock=clock)
        cleanup = AccountCleanup(
            store=store, clock=clock, describe=describe, delete_body=bodies.delete
        )
        protections = Protections(store=store, profiles=profiles)
        reconciliation = Reconciliation(store=store, clock=clock)
        subscriber = bus.Subscriber(
            connection=kafka,
            group=MANIFEST.consumer_group.name,
            topics=MANIFEST.consumer_group.topics,
            publisher=publisher,
            clock=clock,
            announcements=announcements,
            handlers=consumer.routes(
                cleanup,
                protections=protections,
                store=store,
                states=states,
                profile_cache=profile_cache,
            ),
        )

        relay = Relay(
            database_url=settings.database_url,
            publisher=publisher,
            clock=clock,
            shard_key=MANIFEST.shard_key,
            slices=settings.relay_slices,
        )

        yield ProcessParts(
            consumers=[subscriber],
            jobs=[
                relay.run,
                every(
                    INTERVAL_SECONDS,
                    "reconciliation",
                    relay.while_leading(reconciliation.reconcile),
                ),
                every(REVIEW_SECONDS, "protections", relay.while_leading(protections.review)),
                every(
                    REPORT_COUNTS_SECONDS,
                    "report_counts",
                    relay.while_leading(changes.append_due),
                ),
                retention.job(database),
            ],
        )

"""Composes the processes of the User service, and opens their resources."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from roost.user.v1.auth_service_pb2_grpc import add_AuthServiceServicer_to_server
from roost.user.v1.graph_service_pb2_grpc import add_GraphServiceServicer_to_server
from roost.user.v1.user_service_pb2_grpc import add_UserServiceServicer_to_server

from services.chassis.auth import authentication
from services.chassis.auth.tokens import (
    AccessTokens,
    KeyRing,
    RevokedSessions,
    StaticJwks,
    Verifier,
    service_keys,
)
from services.chassis.cache import redis_client
from services.chassis.cache.redis_client import RedisClient
from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.paging import PageTokens
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.periodic import every
from services.chassis.runtime.process import ProcessParts
from services.chassis.storage import postgres, replica, retention
from services.chassis.storage.relay import Relay
from services.chassis.storage.worker_lease import lease_worker
from services.user.adapters.delivery_client import MeshEmailAddresses
from services.user.adapters.login_attempts import FallbackAttempts, MemoryAttempts, ValkeyAttempts
from services.user.adapters.media_client import MeshMediaClaims
from services.user.adapters.post_client import MeshCacheInvalidation, count_posts
from services.user.adapters.postgres import PostgresUserStore
from services.user.adapters.user_cache import BroadcastingUserCache, user_cache
from services.user.domain import signing
from services.user.domain.accounts import Accounts
from services.user.domain.handles import HandleTombstones
from services.user.domain.passwords import Passwords
from services.user.domain.ports import CacheInvalidation, EmailAddresses, MediaClaims, UserCache
from services.user.domain.profile_media import ProfileMedia
from services.user.domain.sessions import Revocations, Sessions
from services.user.domain.signing import RELOAD_SECONDS, KeySeal, Signer
from services.user.domain.store import Store
from services.user.domain.throttle import Throttle
from services.user.domain.user_queries import UserQueries
from services.user.rpc import convert
from services.user.rpc.auth_servicer import AuthServicer
from services.user.rpc.events import describe
from services.user.rpc.graph_servicer import GraphServicer
from services.user.rpc.user_servicer import UserServicer
from services.user.service import MANIFEST
from services.user.settings import UserSettings
from services.user.worker import background_tasks, counters
from services.user.worker.background_tasks import BackgroundTasks
from services.user.worker.consumer import UserConsumer
from services.user.worker.counters import Reconciler

SERVICE = "user"

# How often the worker rotates a key that is due, and deletes expired sessions.
_KEYS_SECONDS = 60.0
_PRUNE_SECONDS = 600.0


@asynccontextmanager
async def serve(settings: UserSettings) -> AsyncIterator[ProcessParts]:
    """The process that answers RPCs."""
    clock = SystemClock()
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="user serve",
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
        Passwords(memory_mib=settings.password_memory_mib) as passwords,
        Mesh(
            settings.mesh,
            identity=authentication.identity(settings, service=SERVICE, clock=clock),
            tls=settings.tls,
        ) as mesh,
    ):
        cache_invalidation = MeshCacheInvalidation(mesh)
        store = PostgresUserStore(database, describe=describe)
        signer = Signer(
            store=store,
            clock=clock,
            seal=KeySeal(master_key=settings.master_key),
            access_tokens=AccessTokens(
                issuer=settings.token_issuer, audience=settings.token_audience, clock=clock
            ),
        )
        await signer.load()
        revoked = RevokedSessions(Revocations(store=store, clock=clock), clock=clock)
        yield ProcessParts(
            server=Server(
                mounts=mounts(
                    store=store,
                    user_cache=_user_cache(store, cache_server, cache_invalidation, clock),
                    cache_invalidation=cache_invalidation,
                    clock=clock,
                    ids=IdGenerator(clock=clock, worker=worker),
                    passwords=passwords,
                    throttle=_throttle(settings, cache_server, clock),
                    email_addresses=MeshEmailAddresses(mesh),
                    media_claims=MeshMediaClaims(mesh),
                    signer=signer,
                    page_token_key=settings.page_token_key,
                    master_key=settings.master_key,
                ),
                verifier=Verifier(
                    issuer=settings.token_issuer,
                    audience=settings.token_audience,
                    services_here=["user"],
                    users=KeyRing(signer, clock=clock),
                    services=KeyRing(
                        StaticJwks(service_keys(settings.service_keys_file)), clock=clock
                    ),
                    clock=clock,
                    revoked=revoked.session_ids,
                ),
                max_in_flight=settings.max_in_flight,
            ),
            jobs=[
                every(RELOAD_SECONDS, "load_signing_keys", signer.load),
                revoked.run,
                *replica_jobs,
            ],
        )


def mounts(
    *,
    store: Store,
    user_cache: UserCache,
    cache_invalidation: CacheInvalidation,
    clock: Clock,
    ids: IdGenerator,
    passwords: Passwords,
    throttle: Throttle,
    email_addresses: EmailAddresses,
    media_claims: MediaClaims,
    signer: Signer,
    page_token_key: bytes,
    master_key: bytes,
) -> list[MountedServicer]:
    user_queries = UserQueries(store=store, user_cache=user_cache)
    page_tokens = PageTokens(page_token_key)
    sessions = Sessions(store=store, clock=clock, ids=ids, signer=signer, master_key=master_key)
    accounts = Accounts(
        store=store,
        clock=clock,
        ids=ids,
        passwords=passwords,
        sessions=sessions,
        tombstones=HandleTombstones(master_key=master_key),
        throttle=throttle,
        email_addresses=email_addresses,
    )
    auth = AuthServicer(
        store=store,
        clock=clock,
        accounts=accounts,
        sessions=sessions,
        signer=signer,
        revocations=Revocations(store=store, clock=clock),
        page_tokens=page_tokens,
        master_key=master_key,
    )
    users = UserServicer(
        store=store,
        clock=clock,
        ids=ids,
        accounts=accounts,
        profile_media=ProfileMedia(media_claims=media_claims, ids=ids),
        user_queries=user_queries,
        user_cache=user_cache,
        master_key=master_key,
    )
    graph = GraphServicer(
        store=store,
        ids=ids,
        user_queries=user_queries,
        cache_invalidation=cache_invalidation,
        page_tokens=page_tokens,
    )
    return [
        MountedServicer(add_AuthServiceServicer_to_server, auth),
        MountedServicer(add_UserServiceServicer_to_server, users),
        MountedServicer(add_GraphServiceServicer_to_server, graph),
    ]


@asynccontextmanager
async def work(settings: UserSettings) -> AsyncIterator[ProcessParts]:
    """The process that publishes events, counts, reconciles, and executes background tasks."""
    clock = SystemClock()
    kafka = bus.KafkaConnection.of(settings)
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="user work",
        ) as database,
        redis_client.connect(settings.redis_url, ca_file=settings.redis_ca_file) as cache_server,
        lease_worker(database, clock=clock) as worker,
        bus.open_announcements(settings, cache_server) as announcements,
        bus.publisher(
            connection=kafka, client_id="user work", announcements=announcements
        ) as publisher,
        Mesh(
            settings.mesh,
            identity=authentication.identity(settings, service=SERVICE, clock=clock),
            tls=settings.tls,
        ) as mesh,
    ):
        store = PostgresUserStore(database, describe=describe)
        profiles = _user_cache(store, cache_server, MeshCacheInvalidation(mesh), clock)
        seal = KeySeal(master_key=settings.master_key)
        counting = bus.Subscriber(
            connection=kafka,
            group=MANIFEST.consumer_group.name,
            topics=MANIFEST.consumer_group.topics,
            publisher=publisher,
            clock=clock,
            announcements=announcements,
            batches=UserConsumer(store=store, user_cache=profiles, clock=clock),
        )
        tasks = BackgroundTasks(
            store=store,
            clock=clock,
            ids=IdGenerator(clock=clock, worker=worker),
            tombstones=HandleTombstones(master_key=settings.master_key),
        )
        reconciler = Reconciler(store=store, user_cache=profiles, count_posts=count_posts(mesh))

        relay = Relay(
            database_url=settings.database_url,
            publisher=publisher,
            clock=clock,
            shard_key=MANIFEST.shard_key,
            slices=settings.relay_slices,
        )
        yield ProcessParts(
            consumers=[counting],
            jobs=[
                relay.run,
                every(background_tasks.INTERVAL_SECONDS, "run_background_tasks", tasks.run_all),
                every(
                    counters.INTERVAL_SECONDS,
                    "reconcile_counters",
                    relay.while_leading(reconciler.reconcile),
                    wait_first=True,
                ),
                retention.job(database),
                every(
                    _KEYS_SECONDS,
                    "rotate_signing_keys",
                    partial(signing.rotate_if_due, store, clock=clock, seal=seal),
                ),
                every(_PRUNE_SECONDS, "prune_sessions", lambda: store.prune(clock.now())),
            ],
        )


def _user_cache(
    store: Store, redis: RedisClient, cache_invalidation: CacheInvalidation, clock: Clock
) -> UserCache:
    return BroadcastingUserCache(
        user_cache(store=store, redis=redis, clock=clock, encode=convert.packed_user),
        cache_invalidation,
    )


def _throttle(settings: UserSettings, redis: RedisClient, clock: Clock) -> Throttle:
    return Throttle(
        attempts=FallbackAttempts(ValkeyAttempts(redis, clock=clock), MemoryAttempts(clock=clock)),
        key=settings.master_key,
        logins=settings.rate_logins,
        guesses=settings.rate_guesses,
    )


async def rotate_keys(settings: UserSettings) -> str:
    """Announces the next signing key. Returns a sentence with the time from which it signs."""
    clock = SystemClock()
    async with postgres.connect(
        settings.database_url, clock=clock, min_size=1, max_size=1, name="user rotate-keys"
    ) as database:
        key = await signing.rotate(
            PostgresUserStore(database, describe=describe),
            clock=clock,
            seal=KeySeal(master_key=settings.master_key),
        )
    return f"{key.kid} signs from {key.sign_time:%Y-%m-%d %H:%M:%S} UTC on."

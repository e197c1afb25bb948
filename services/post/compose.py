"""Puts the processes of the Post service together: the only place where anything is opened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roost.post.v1.engagement_service_pb2_grpc import add_EngagementServiceServicer_to_server
from roost.post.v1.post_service_pb2_grpc import add_PostServiceServicer_to_server
from roost.post.v1.profile_cache_service_pb2_grpc import add_ProfileCacheServiceServicer_to_server
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis import bus, postgres, redis, retention, trust
from services.chassis.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.clock import Clock, SystemClock
from services.chassis.ids import IdGenerator
from services.chassis.page_token import PageTokens
from services.chassis.process import Parts
from services.chassis.relay import Relay
from services.chassis.server import Mount
from services.chassis.tokens import RevokedSessions
from services.chassis.worker_lease import lease_worker
from services.post import subscriber
from services.post.authoring import Authoring, Ids
from services.post.cache import Bodies
from services.post.convert import look_into, pack
from services.post.departures import Departures
from services.post.engagement_servicer import EngagementServicer
from services.post.events import describe
from services.post.hydration import Hydration
from services.post.known_people import KnownPeople
from services.post.people import MeshPeople
from services.post.people_servicer import ProfileCacheServicer
from services.post.post_lists import PostLists
from services.post.post_servicer import PostServicer
from services.post.protections import Protections
from services.post.reconciliation import Reconciliation
from services.post.responding import Responding
from services.post.response_lists import ResponseLists
from services.post.settings import PostSettings
from services.post.states import States
from services.post.store import Store
from services.post.store_postgres import PostgresStore
from services.post.tombstones import Tombstones

SERVICE = "post"


@asynccontextmanager
async def serve(told: PostSettings) -> AsyncIterator[Parts]:
    """The process that answers RPCs."""
    clock = SystemClock()
    identity = trust.identity(told, service=SERVICE, clock=clock)
    async with (
        postgres.connect(told.database_url, clock=clock, name="post serve") as database,
        redis.connect(told.redis_url) as cache_server,
        lease_worker(database, clock=clock) as worker,
        Mesh(told.mesh, identity=identity) as mesh,
    ):
        store = PostgresStore(database)
        bodies = Bodies(
            store=store, redis=cache_server, clock=clock, pack=pack, look_into=look_into
        )
        states = States(store=store, redis=cache_server, clock=clock)
        store.watch(states.forget)
        people = _people(mesh)
        known_people = KnownPeople(people=people, redis=cache_server, clock=clock)
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        try:
            yield Parts(
                mounts=mounts(
                    store=store,
                    bodies=bodies,
                    states=states,
                    people=people,
                    known_people=known_people,
                    clock=clock,
                    ids=IdGenerator(clock=clock, worker=worker),
                    page_token_key=told.page_token_key,
                ),
                verifier=trust.verifier(
                    told, service=SERVICE, people=MeshJwks(mesh), revoked=revoked, clock=clock
                ),
                jobs=[revoked.run],
            )
        finally:
            for kept in (bodies, states, known_people):
                await kept.close()


def mounts(
    *,
    store: Store,
    bodies: Bodies,
    states: States,
    people: MeshPeople,
    known_people: KnownPeople,
    clock: Clock,
    ids: Ids,
    page_token_key: bytes,
) -> list[Mount]:
    """The three servicers."""
    tokens = PageTokens(page_token_key)
    hydration = Hydration(states=states, bodies=bodies, people=known_people)
    posts = PostServicer(
        store=store,
        authoring=Authoring(
            store=store,
            people=people,
            at_hand=known_people,
            ids=ids,
            clock=clock,
            describe=describe,
        ),
        hydration=hydration,
        bodies=bodies,
        lists=PostLists(
            store=store,
            hydration=hydration,
            tombstones=Tombstones(store=store, people=known_people),
            tokens=tokens,
        ),
    )
    engagement = EngagementServicer(
        store=store,
        responding=Responding(store=store, people=people, ids=ids, describe=describe),
        hydration=hydration,
        lists=ResponseLists(store=store, hydration=hydration, tokens=tokens),
    )
    return [
        Mount(add_PostServiceServicer_to_server, posts),
        Mount(add_EngagementServiceServicer_to_server, engagement),
        Mount(add_ProfileCacheServiceServicer_to_server, ProfileCacheServicer(known_people)),
    ]


def _people(mesh: Mesh) -> MeshPeople:
    return MeshPeople(mesh.as_service(UserServiceStub), mesh.as_service(GraphServiceStub))


@asynccontextmanager
async def work(told: PostSettings) -> AsyncIterator[Parts]:
    """The process that publishes events, clears up after what is gone, and reconciles counts."""
    clock = SystemClock()
    brokers = ",".join(told.kafka_brokers)
    async with (
        postgres.connect(told.database_url, clock=clock, name="post work") as database,
        redis.connect(told.redis_url) as cache_server,
        Mesh(told.mesh, identity=trust.identity(told, service=SERVICE, clock=clock)) as mesh,
        bus.publisher(
            brokers=brokers, client_id="post work", idempotent=told.kafka_idempotence
        ) as publisher,
    ):
        store = PostgresStore(database)
        states = States(store=store, redis=cache_server, clock=clock)
        store.watch(states.forget)
        people = _people(mesh)
        known_people = KnownPeople(people=people, redis=cache_server, clock=clock)
        bodies = Bodies(
            store=store, redis=cache_server, clock=clock, pack=pack, look_into=look_into
        )
        departures = Departures(
            store=store, clock=clock, describe=describe, forget_body=bodies.forget
        )
        protections = Protections(store=store, people=people)
        clearing_up = bus.Subscriber(
            brokers=brokers,
            group=subscriber.GROUP,
            topics=subscriber.TOPICS,
            publisher=publisher,
            clock=clock,
            handlers=subscriber.routes(
                departures, protections=protections, states=states, known_people=known_people
            ),
        )

        async def forget_old_records() -> None:
            await retention.run(database)

        yield Parts(
            consumers=[clearing_up],
            jobs=[
                Relay(database_url=told.database_url, publisher=publisher, clock=clock).run,
                Reconciliation(store=store, clock=clock).run,
                protections.run,
                forget_old_records,
            ],
        )

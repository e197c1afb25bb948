"""Puts the processes of the Post service together: the only place where anything is opened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from roost.post.v1.engagement_service_pb2_grpc import add_EngagementServiceServicer_to_server
from roost.post.v1.people_service_pb2_grpc import add_PeopleServiceServicer_to_server
from roost.post.v1.post_service_pb2_grpc import add_PostServiceServicer_to_server
from roost.user.v1.graph_service_pb2_grpc import GraphServiceStub
from roost.user.v1.user_service_pb2_grpc import UserServiceStub

from services.chassis.auth import authentication
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.cache import redis_client
from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.rpc.page_token import PageTokens
from services.chassis.rpc.server import Mount
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.ids import IdGenerator
from services.chassis.runtime.process import Parts
from services.chassis.storage import postgres, retention
from services.chassis.storage.relay import Relay
from services.chassis.storage.worker_lease import lease_worker
from services.post.adapters.postgres import PostgresStore
from services.post.adapters.user_client import MeshPeople
from services.post.domain.engagement import Responding
from services.post.domain.posts import Authoring, Ids
from services.post.domain.store import Store
from services.post.rpc.convert import look_into, pack
from services.post.rpc.engagement_lists import ResponseLists
from services.post.rpc.engagement_servicer import EngagementServicer
from services.post.rpc.events import describe
from services.post.rpc.people_servicer import PeopleServicer
from services.post.rpc.post_lists import PostLists
from services.post.rpc.post_servicer import PostServicer
from services.post.rpc.read_cache.body_cache import Bodies
from services.post.rpc.read_cache.hydration import Hydration
from services.post.rpc.read_cache.profile_cache import KnownPeople
from services.post.rpc.read_cache.state_cache import States
from services.post.rpc.tombstones import Tombstones
from services.post.settings import PostSettings
from services.post.worker import consumer
from services.post.worker.account_cleanup import Departures
from services.post.worker.protections import Protections
from services.post.worker.reconciliation import Reconciliation

SERVICE = "post"


@asynccontextmanager
async def serve(told: PostSettings) -> AsyncIterator[Parts]:
    """The process that answers RPCs."""
    clock = SystemClock()
    identity = authentication.identity(told, service=SERVICE, clock=clock)
    async with (
        postgres.connect(told.database_url, clock=clock, name="post serve") as database,
        redis_client.connect(told.redis_url) as cache_server,
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
                verifier=authentication.verifier(
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
        Mount(add_PeopleServiceServicer_to_server, PeopleServicer(known_people)),
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
        redis_client.connect(told.redis_url) as cache_server,
        Mesh(
            told.mesh, identity=authentication.identity(told, service=SERVICE, clock=clock)
        ) as mesh,
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
            group=consumer.GROUP,
            topics=consumer.TOPICS,
            publisher=publisher,
            clock=clock,
            handlers=consumer.routes(
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

"""Composes the two processes of the Timeline service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from roost.timeline.v1.invalidation_service_pb2 import WatchResponse
from roost.timeline.v1.invalidation_service_pb2_grpc import (
    add_InvalidationServiceServicer_to_server,
)
from roost.timeline.v1.timeline_service_pb2_grpc import add_TimelineServiceServicer_to_server

from services.chassis.auth import authentication
from services.chassis.auth.tokens import RevokedSessions
from services.chassis.cache import redis_client
from services.chassis.events import bus
from services.chassis.rpc.clients import Mesh, MeshJwks, MeshRevocations
from services.chassis.rpc.invalidation import InvalidationServicer
from services.chassis.rpc.paging import PageTokens
from services.chassis.rpc.server import MountedServicer, Server
from services.chassis.runtime.clock import Clock, SystemClock
from services.chassis.runtime.ids import first_id_at
from services.chassis.runtime.periodic import every
from services.chassis.runtime.process import ProcessParts
from services.chassis.storage import postgres, replica, retention
from services.chassis.storage.relay import Relay
from services.timeline.adapters.clients import (
    MeshEngagement,
    MeshGraph,
    MeshHashtagIndex,
    MeshPosts,
)
from services.timeline.adapters.feeds_valkey import ValkeyFeeds, change_log
from services.timeline.adapters.postgres import PostgresTimelineStore
from services.timeline.adapters.timeline_cache_valkey import ValkeyTimelineCache
from services.timeline.domain.celebrities import Celebrities
from services.timeline.domain.fanout import FanOut
from services.timeline.domain.feed_builder import FeedBuilder
from services.timeline.domain.follows import Follows
from services.timeline.domain.hashtags import EarlierPosts, HashtagFeeds
from services.timeline.domain.home_sources import HomeSourceQueries
from services.timeline.domain.homes import Homes
from services.timeline.domain.ranking import Rankings
from services.timeline.domain.store import (
    MAX_HASHTAG_ENTRIES,
    MAX_PUBLIC,
    UNFOLLOWED_SECONDS,
    TimelineStore,
)
from services.timeline.rpc import events
from services.timeline.rpc.servicer import TimelineServicer
from services.timeline.service import MANIFEST
from services.timeline.settings import TimelineSettings
from services.timeline.worker import consumer

_NAME = "timeline"
# No user waits for the worker, so it waits for a busy Valkey instead of repeating a batch.
_WORKER_REDIS_SECONDS = 2.0
# Between two prunings the public timeline grows past its limit by what is posted.
_PRUNE_SECONDS = 5.0
# Each pruning reads all entries of hashtags: a few minutes of posts, and 800 of each followed one.
_PRUNE_HASHTAGS_SECONDS = 300.0


@asynccontextmanager
async def serve(settings: TimelineSettings) -> AsyncIterator[ProcessParts]:
    """The process that answers RPCs."""
    clock = SystemClock()
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="timeline-serve",
        ) as database,
        redis_client.connect(settings.redis_url, ca_file=settings.redis_ca_file) as valkey,
        replica.connect(
            settings.replica_url,
            database=database,
            redis=valkey,
            service=_NAME,
            max_size=settings.database_connections,
        ) as replica_jobs,
        Mesh(
            settings.mesh,
            identity=authentication.identity(settings, service=_NAME, clock=clock),
            tls=settings.tls,
        ) as mesh,
    ):
        store = PostgresTimelineStore(database)
        changes = change_log(valkey)
        invalidation = InvalidationServicer(changes, WatchResponse)
        cache = ValkeyTimelineCache(valkey, changes=changes)
        feeds = ValkeyFeeds(valkey, changes=changes)
        posts = MeshPosts(mesh)
        celebrities = Celebrities(store=store, cache=cache, clock=clock)
        home_sources = HomeSourceQueries(
            graph=MeshGraph(mesh), store=store, celebrities=celebrities
        )
        feed_builder = FeedBuilder(feeds=feeds, posts=posts, store=store, home_sources=home_sources)
        homes = Homes(
            feeds=feeds,
            posts=posts,
            store=store,
            home_sources=home_sources,
            celebrities=celebrities,
            feed_builder=feed_builder,
        )
        servicer = TimelineServicer(
            homes=homes,
            rankings=Rankings(
                homes=homes, engagement=MeshEngagement(mesh), cache=cache, clock=clock
            ),
            feed_builder=feed_builder,
            earlier_posts=EarlierPosts(store=store, index=MeshHashtagIndex(mesh)),
            store=store,
            cache=cache,
            page_tokens=PageTokens(settings.page_token_key),
            clock=clock,
        )
        revoked = RevokedSessions(MeshRevocations(mesh), clock=clock)
        yield ProcessParts(
            server=Server(
                mounts=[
                    MountedServicer(add_TimelineServiceServicer_to_server, servicer),
                    MountedServicer(add_InvalidationServiceServicer_to_server, invalidation),
                ],
                verifier=authentication.verifier(
                    settings,
                    service=_NAME,
                    people=MeshJwks(mesh),
                    revoked=revoked.session_ids,
                    clock=clock,
                ),
                max_in_flight=settings.max_in_flight,
            ),
            jobs=[revoked.run, *replica_jobs],
            on_drain=[invalidation.stop],
        )


@asynccontextmanager
async def work(settings: TimelineSettings) -> AsyncIterator[ProcessParts]:
    """The process that consumes events."""
    clock = SystemClock()
    kafka = bus.KafkaConnection.of(settings)
    async with (
        postgres.connect(
            settings.database_url,
            max_size=settings.database_connections,
            clock=clock,
            name="timeline-work",
        ) as database,
        redis_client.connect(
            settings.redis_url, ca_file=settings.redis_ca_file, call_seconds=_WORKER_REDIS_SECONDS
        ) as valkey,
        Mesh(
            settings.mesh,
            identity=authentication.identity(settings, service=_NAME, clock=clock),
            tls=settings.tls,
        ) as mesh,
        bus.open_announcements(settings, valkey) as announcements,
        bus.publisher(
            connection=kafka, client_id="timeline", announcements=announcements
        ) as publisher,
    ):
        store = PostgresTimelineStore(database)
        changes = change_log(valkey)
        feeds = ValkeyFeeds(valkey, changes=changes)
        graph = MeshGraph(mesh)
        celebrities = Celebrities(
            store=store, cache=ValkeyTimelineCache(valkey, changes=changes), clock=clock
        )
        timeline_events = events.TimelineEvents(publisher=publisher, clock=clock)
        fan_out = FanOut(
            feeds=feeds,
            graph=graph,
            celebrities=celebrities,
            threshold=settings.celebrity_followers,
            publish=timeline_events.remaining,
            clock=clock,
        )
        follows = Follows(
            feeds=feeds,
            graph=graph,
            posts=MeshPosts(mesh),
            store=store,
            celebrities=celebrities,
        )
        # One member for all topics: partitions are handled concurrently in any case, and each
        # further member would poll the broker as often as this one.
        following = bus.Subscriber(
            connection=kafka,
            group=MANIFEST.consumer_group.name,
            topics=MANIFEST.consumer_group.topics,
            publisher=publisher,
            clock=clock,
            announcements=announcements,
            batches=consumer.together(
                consumer.HomeTimelines(
                    fan_out=fan_out, follows=follows, announce=timeline_events.delivered
                ),
                consumer.PublicTimeline(store),
                consumer.HashtagTimelines(
                    hashtag_feeds=HashtagFeeds(
                        store=store, feeds=feeds, publish=timeline_events.remaining
                    ),
                    announce=timeline_events.delivered,
                ),
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
            consumers=[following],
            jobs=[
                relay.run,
                every(
                    _PRUNE_SECONDS,
                    "prune_public_timeline",
                    relay.while_leading(partial(store.prune_public, keep=MAX_PUBLIC)),
                    wait_first=True,
                ),
                every(
                    _PRUNE_HASHTAGS_SECONDS,
                    "prune_hashtag_entries",
                    relay.while_leading(partial(prune_hashtags, store, clock)),
                    wait_first=True,
                ),
                retention.job(database),
            ],
        )


async def prune_hashtags(store: TimelineStore, clock: Clock) -> None:
    """Removes old entries of hashtags, see MAX_HASHTAG_ENTRIES and UNFOLLOWED_SECONDS."""
    oldest = clock.now() - timedelta(seconds=UNFOLLOWED_SECONDS)
    await store.prune_hashtag_entries(keep=MAX_HASHTAG_ENTRIES, below=first_id_at(oldest))

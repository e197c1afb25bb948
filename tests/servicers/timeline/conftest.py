"""The Timeline service and the services that it asks, each behind a real channel."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from roost.timeline.v1.timeline_service_pb2_grpc import (
    TimelineServiceStub,
    add_TimelineServiceServicer_to_server,
)

from services.chassis.auth.caller import ANONYMOUS, Caller, UserCaller
from services.chassis.auth.tokens import ServiceIdentity
from services.chassis.rpc.clients import Mesh
from services.chassis.rpc.paging import PageTokens
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.clock import ManualClock, SystemClock
from services.timeline.adapters.clients import (
    MeshEngagement,
    MeshGraph,
    MeshHashtagIndex,
    MeshPosts,
)
from services.timeline.adapters.feeds_memory import MemoryFeeds
from services.timeline.adapters.memory import MemoryTimelineStore
from services.timeline.adapters.timeline_cache_memory import MemoryTimelineCache
from services.timeline.domain.celebrities import Celebrities
from services.timeline.domain.feed_builder import FeedBuilder
from services.timeline.domain.feeds import Feeds
from services.timeline.domain.hashtags import EarlierPosts
from services.timeline.domain.home_sources import HomeSourceQueries
from services.timeline.domain.homes import Homes
from services.timeline.domain.ranking import Rankings
from services.timeline.domain.timeline_cache import TimelineCache
from services.timeline.rpc.servicer import TimelineServicer
from tests.servicers.grpc_server import SERVICE_KEYS, Served, serving
from tests.servicers.timeline.peers import Peers

MAX_HOME = 30


@dataclass
class Timeline:
    """The running service and its parts."""

    served: Served
    peers: Peers
    store: MemoryTimelineStore
    feeds: Feeds
    cache: TimelineCache
    mesh: Mesh
    celebrities: Celebrities
    clock: ManualClock
    mount: MountedServicer

    def stub(self, caller: Caller = ANONYMOUS) -> TimelineServiceStub:
        return self.served.stub(TimelineServiceStub, caller=caller)

    def of(self, user_id: int) -> TimelineServiceStub:
        """The service, called by a user."""
        return self.stub(UserCaller(user_id=user_id, session_id=1))


@pytest.fixture
async def timeline() -> AsyncIterator[Timeline]:
    clock = ManualClock()
    feeds = MemoryFeeds(clock=clock, max_entries=MAX_HOME)
    async with a_timeline(feeds, MemoryTimelineCache(clock=clock), clock) as timeline:
        yield timeline


@asynccontextmanager
async def a_timeline(
    feeds: Feeds, cache: TimelineCache, clock: ManualClock, *mounts: MountedServicer
) -> AsyncIterator[Timeline]:
    """The service on these feeds and this cache, with further servicers."""
    peers = Peers()
    store = MemoryTimelineStore(clock=clock)
    identity = ServiceIdentity(SERVICE_KEYS["timeline"], clock=SystemClock())
    async with (
        serving(*peers.mounts()) as others,
        Mesh(others.address, identity=identity) as mesh,
    ):
        celebrities = Celebrities(store=store, cache=cache, clock=clock)
        home_sources = HomeSourceQueries(
            graph=MeshGraph(mesh), store=store, celebrities=celebrities
        )
        posts = MeshPosts(mesh)
        feed_builder = FeedBuilder(
            feeds=feeds,
            posts=posts,
            store=store,
            home_sources=home_sources,
            max_entries=MAX_HOME,
        )
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
            page_tokens=PageTokens(b"k" * 32),
            clock=clock,
        )
        mount = MountedServicer(add_TimelineServiceServicer_to_server, servicer)
        async with serving(mount, *mounts) as served:
            yield Timeline(served, peers, store, feeds, cache, mesh, celebrities, clock, mount)

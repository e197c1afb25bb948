"""Every consumer group on memory stores, each with an event that shows whether it is served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any, cast

from google.protobuf.message import Message
from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1.post_pb2 import VISIBILITY_PUBLIC, Post
from roost.user.v1 import user_events_pb2 as users

from services.chassis.events.bus import BatchHandler, Handler
from services.chassis.runtime.clock import ManualClock
from services.chassis.storage.memory import MemoryDatabase
from services.eventlog.adapters.memory import LogTables, MemoryLogStore
from services.eventlog.domain.projection import EventLogProjection
from services.eventlog.worker import consumer as notification_log
from services.media.adapters.memory import MemoryMediaStore
from services.media.domain.model import AccountState, Use
from services.media.rpc import events as media_events
from services.media.worker import consumer as media_consumer
from services.media.worker.audiences import Audiences
from services.notification.adapters.memory import MemoryNotificationStore
from services.post.adapters.memory import MemoryStore
from services.post.rpc.events import describe
from services.post.worker import consumer as post_departures
from services.post.worker.account_cleanup import AccountCleanup
from services.post.worker.protections import Protections
from services.timeline.domain.model import TOP
from services.timeline.worker import consumer as timeline_events
from services.user.adapters.memory import MemoryUserStore
from services.user.rpc import events as user_events
from services.user.worker.consumer import UserConsumer
from tests.builders.search_worker import World as SearchWorld
from tests.builders.search_worker import memory_stores
from tests.stores.notification.scenario import Scenario as NotificationWorld
from tests.unit.poison.hostile import NOW
from tests.unit.timeline.scenario import Scenario as TimelineWorld

# People and a post of neighbours, whom no hostile value names.
ONE, OTHER, POST = 4_001, 4_002, 4_003


@dataclass
class Served:
    """A group at work: how it handles, and what shows that the neighbour was served."""

    neighbour: Message
    is_served: Callable[[], Awaitable[bool]]
    handlers: Callable[[str], Handler | None] = lambda _: None
    batches: BatchHandler | None = None


@dataclass
class Notes:
    """Stands in for caches: notes what it is asked to forget."""

    forgotten: list[Any] = field(default_factory=list)

    async def forget(self, *what: Any) -> None:
        for each in what:
            self.forgotten += each if isinstance(each, Collection) else [each]

    async def forget_again(self, changes: Collection[tuple[int, Any]]) -> None:
        await self.forget(*(key for key, _ in changes))

    async def forget_counts(self, *keys: int) -> None:
        await self.forget(*keys)

    async def invalidate(self, *what: Any) -> None:
        await self.forget(*what)

    async def invalidate_again(self, _: Any, *what: Any) -> None:
        await self.forget(*what)

    def announce_activities(self, activities: Collection[Any]) -> None:
        self.forgotten += [each.post_id for each in activities]

    def announce_hashtags(self, activities: Collection[Any]) -> None:
        self.forgotten += [each.post_id for each in activities]


FOLLOW = users.FollowCreated(follower_id=ONE, followee_id=OTHER)


def _user_counters() -> Served:
    user_cache, clock = Notes(), ManualClock(NOW)
    handle = UserConsumer(
        store=MemoryUserStore(clock=clock, describe=user_events.describe),
        user_cache=cast(Any, user_cache),
        clock=clock,
    )

    async def is_served() -> bool:
        return ONE in user_cache.forgotten

    return Served(FOLLOW, is_served, batches=handle)


def _post_departures() -> Served:
    clock, known = ManualClock(NOW), Notes()
    store = MemoryStore(clock=clock)

    async def forget_body(post_id: int, revision: int) -> None:
        pass

    routes = post_departures.routes(
        AccountCleanup(store=store, clock=clock, describe=describe, delete_body=forget_body),
        protections=Protections(store=store, profiles=cast(Any, None)),
        store=store,
        states=cast(Any, Notes()),
        profile_cache=cast(Any, known),
    )

    async def is_served() -> bool:
        return (ONE, OTHER) in known.forgotten

    return Served(FOLLOW, is_served, handlers=routes)


def _timeline_events() -> Served:
    scenario = TimelineWorld()

    async def announce(_: Any) -> None:
        pass

    handle = timeline_events.together(
        timeline_events.HomeTimelines(
            fan_out=scenario.fan_out, follows=scenario.follows, announce=announce
        ),
        timeline_events.PublicTimeline(scenario.store),
        timeline_events.HashtagTimelines(hashtag_feeds=scenario.hashtag_feeds, announce=announce),
    )

    async def is_served() -> bool:
        return POST in [each.post_id for each in await scenario.store.public(before=TOP, limit=100)]

    post = Post(id=POST, author_id=ONE, visibility=VISIBILITY_PUBLIC)
    return Served(posts.PostCreated(post=post), is_served, batches=handle)


def _notification_events() -> Served:
    clock = ManualClock(NOW)
    scenario = NotificationWorld(MemoryNotificationStore(clock=clock), clock)

    async def is_served() -> bool:
        groups = await scenario.store.groups(OTHER, kinds=[], before=TOP, limit=10)
        return any(ONE in each.actor_ids for each in groups)

    return Served(FOLLOW, is_served, batches=scenario.consume)


def _notification_log() -> Served:
    clock, wake_ups = ManualClock(NOW), Notes()
    store = MemoryLogStore(MemoryDatabase(LogTables()), announce=lambda _: None)
    projection = EventLogProjection(
        store=store, graph=cast(Any, None), wake_ups=cast(Any, wake_ups), clock=clock
    )

    async def is_served() -> bool:
        return POST in wake_ups.forgotten

    liked = posts.PostLiked(post_id=POST, author_id=ONE, user_id=OTHER)
    return Served(liked, is_served, batches=notification_log.EventLogConsumer(projection))


def _media_events() -> Served:
    store = MemoryMediaStore(clock=ManualClock(NOW), describe=media_events.describe)
    audiences = Audiences(store=store, accounts=NoAccounts(), clock=ManualClock(NOW))

    async def is_served() -> bool:
        accounts = await store.accounts([ONE])
        return ONE in accounts and accounts[ONE].deleted

    deleted = users.UserDeleted(user_id=ONE)
    return Served(deleted, is_served, handlers=media_consumer.routes(audiences))


def _search_events() -> Served:
    world = SearchWorld(memory_stores(ManualClock(NOW)), ManualClock(NOW))
    # The accounts of hostile events do not exist; the neighbour's does.
    world.register(ONE, "one")

    async def is_served() -> bool:
        return POST in await world.found("marmalade")

    post = Post(id=POST, author_id=ONE, text="marmalade", visibility=VISIBILITY_PUBLIC, revision=1)
    return Served(posts.PostCreated(post=post), is_served, batches=world.worker.consumer)


class NoAccounts:
    """A User service without accounts."""

    async def states(self, user_ids: Collection[int]) -> dict[int, AccountState]:
        return {}

    async def media_of(self, user_ids: Collection[int]) -> dict[int, dict[Use, int]]:
        return {}


# Each consumer group of the services.
GROUPS: dict[str, Callable[[], Served]] = {
    "user.counters": _user_counters,
    "media.events": _media_events,
    "post.events": _post_departures,
    "timeline.events": _timeline_events,
    "notification.events": _notification_events,
    "notification.log": _notification_log,
    "search.events": _search_events,
}

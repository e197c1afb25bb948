"""Every consumer group on memory stores, each with an event that shows whether it is served."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any, cast

from google.protobuf.message import Message
from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1.post_pb2 import VISIBILITY_PUBLIC, Post
from roost.user.v1 import user_events_pb2 as users

from services.chassis.bus import BatchHandler, Handler
from services.chassis.clock import ManualClock
from services.chassis.manifest import manifests
from services.chassis.memory import MemoryDatabase
from services.notification.log import subscriber as notification_log
from services.notification.log.effects import Effects
from services.notification.log.store_memory import LogTables, MemoryLogStore
from services.notification.store_memory import MemoryNotificationStore
from services.post import subscriber as post_departures
from services.post.departures import Departures
from services.post.events import describe
from services.post.protections import Protections
from services.post.store_memory import MemoryStore
from services.timeline import subscriber as timeline_events
from services.timeline.model import TOP
from services.user.store_memory import MemoryUserStore
from services.user.subscriber import Subscriptions
from tests.stores.notification.world import World as NotificationWorld
from tests.unit.poison.hostile import NOW
from tests.unit.timeline.world import World as TimelineWorld

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

    def tell(self, activities: Collection[Any]) -> None:
        self.forgotten += [each.post_id for each in activities]


FOLLOW = users.FollowCreated(follower_id=ONE, followee_id=OTHER)


def _user_counters() -> Served:
    cards = Notes()
    handle = Subscriptions(
        store=MemoryUserStore(clock=ManualClock(NOW)), cards=cast(Any, cards)
    ).handle

    async def is_served() -> bool:
        return ONE in cards.forgotten

    return Served(FOLLOW, is_served, batches=handle)


def _post_departures() -> Served:
    clock, known = ManualClock(NOW), Notes()
    store = MemoryStore(clock=clock)

    async def forget_changed(_: Any) -> None:
        pass

    async def forget_body(post_id: int, revision: int) -> None:
        pass

    states = Notes()
    states.forget = forget_changed  # type: ignore[method-assign]
    routes = post_departures.routes(
        Departures(store=store, clock=clock, describe=describe, forget_body=forget_body),
        protections=Protections(store=store, people=cast(Any, None)),
        states=cast(Any, states),
        known_people=cast(Any, known),
    )

    async def is_served() -> bool:
        return (ONE, OTHER) in known.forgotten

    return Served(FOLLOW, is_served, handlers=routes)


def _timeline_events() -> Served:
    world = TimelineWorld()

    async def announce(_: Any) -> None:
        pass

    handle = timeline_events.together(
        timeline_events.HomeTimelines(
            fan_out=world.fan_out, follows=world.follows, announce=announce
        ),
        timeline_events.PublicTimeline(world.store),
    )

    async def is_served() -> bool:
        return POST in [each.post_id for each in await world.store.public(before=TOP, limit=100)]

    post = Post(id=POST, author_id=ONE, visibility=VISIBILITY_PUBLIC)
    return Served(posts.PostCreated(post=post), is_served, batches=handle)


def _notification_events() -> Served:
    clock = ManualClock(NOW)
    world = NotificationWorld(MemoryNotificationStore(clock=clock), clock)

    async def is_served() -> bool:
        groups = await world.store.groups(OTHER, kinds=[], before=TOP, limit=10)
        return any(ONE in each.actor_ids for each in groups)

    return Served(FOLLOW, is_served, batches=world.causes)


def _notification_log() -> Served:
    clock, wakes = ManualClock(NOW), Notes()
    graph = NotificationWorld(MemoryNotificationStore(clock=clock), clock).graph
    store = MemoryLogStore(MemoryDatabase(LogTables()), announce=lambda _: None)
    effects = Effects(store=store, graph=graph, wakes=cast(Any, wakes), clock=clock)

    async def is_served() -> bool:
        return POST in wakes.forgotten

    liked = posts.PostLiked(post_id=POST, author_id=ONE, user_id=OTHER)
    return Served(liked, is_served, batches=notification_log.LogEvents(effects))


_SERVED = {
    "user.counters": _user_counters,
    "post.departures": _post_departures,
    "timeline.events": _timeline_events,
    "notification.events": _notification_events,
    "notification.log": _notification_log,
}

# Every consumer group of the manifests, by the name that it has at the broker.
GROUPS: dict[str, Callable[[], Served]] = {
    group.name: _SERVED[group.name] for each in manifests() for group in each.consumer_groups
}

"""Which event leads to which act. Every act may be repeated, so no event needs an inbox row."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from roost.post.v1.post_events_pb2 import PostCreated, PostDeleted, PostReposted, RepostUndone
from roost.timeline.v1.timeline_events_pb2 import FanOutContinued
from roost.user.v1.user_events_pb2 import (
    FollowCreated,
    FollowRemoved,
    MuteCreated,
    MuteRemoved,
    UserDeleted,
    UserUpdated,
)

from services.chassis.events.bodies import read
from services.chassis.events.bus import BatchHandler, Routes
from services.chassis.events.records import Event
from services.timeline.domain.fanout import Delivered, FanOut
from services.timeline.domain.follows import Follows
from services.timeline.domain.model import Entry, PublicEntry
from services.timeline.domain.store import TimelineStore
from services.timeline.rpc.convert import entry_from_proto, home_entry, public_entry
from services.timeline.rpc.events import TOPIC, remaining_from_proto

GROUP = "timeline.events"
TOPICS = ("roost.user.v1", "roost.post.v1", TOPIC)

# How many keys a process works on side by side; a famous author is one of them at a time.
_AT_ONCE = 16


ContinueFanOut = Callable[[Delivered], None]
AnnounceDelivery = Callable[[Sequence[Delivered]], Awaitable[None]]


class HomeTimelines:
    """Keeps homes and authors' feeds, a batch at a time, and announces what arrived on them.

    One announcement a batch: the broker takes about as long for one event as for many, and no
    author's next post waits for it. Deliveries of a batch that failed are announced too, since
    they happened; the batch comes again, and they with it.
    """

    def __init__(self, *, fan_out: FanOut, follows: Follows, announce: AnnounceDelivery) -> None:
        self._fan_out = fan_out
        self._follows = follows
        self._announce = announce
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, events: Sequence[Event]) -> None:
        """Raises the first failure, after every key is done or has failed."""
        delivered: list[Delivered] = []
        made = routes(self._fan_out, self._follows, tell=delivered.append)
        try:
            await by_key(events, made, at_once=self._at_once)
        finally:
            if delivered:
                await self._announce(delivered)


async def by_key(events: Sequence[Event], routes: Routes, *, at_once: asyncio.Semaphore) -> None:
    """Handles a batch by routes: keys side by side, the events of one key in their order.

    Raises the first failure, after every key is done or has failed.
    """
    keys: dict[str, list[Event]] = {}
    for event in events:
        keys.setdefault(event.key, []).append(event)

    async def in_order(events: Sequence[Event]) -> None:
        async with at_once:
            for event in events:
                handle = routes(event.type)
                if handle is not None:
                    await handle(event)

    await _all_done(*map(in_order, keys.values()))


def together(*handlers: BatchHandler) -> BatchHandler:
    """Gives each batch to all of them, side by side."""

    async def handle(events: Sequence[Event]) -> None:
        await _all_done(*(handler(events) for handler in handlers))

    return handle


def routes(fan_out: FanOut, follows: Follows, *, tell: ContinueFanOut) -> Routes:
    """What becomes of events in homes and authors' feeds; `tell` hears of every delivery.

    A block has no route: the follows that it ends have events of their own, and so have the
    reposts of each other that the Post service withdraws. What others repost of the blocked person
    is hidden when the posts are read.
    """
    made = Routes()
    _route_posts(made, fan_out, tell)
    _route_edges(made, follows)
    return made


def _route_posts(made: Routes, fan_out: FanOut, tell: ContinueFanOut) -> None:
    async def created(_: Event, body: PostCreated) -> None:
        entry = home_entry(body.post)
        if entry is not None:
            tell(await fan_out.deliver(entry))

    async def reposted(_: Event, body: PostReposted) -> None:
        tell(await fan_out.deliver(entry_from_proto(body.entry)))

    async def undone(_: Event, body: RepostUndone) -> None:
        await fan_out.withdraw(entry_from_proto(body.entry))

    async def deleted(_: Event, body: PostDeleted) -> None:
        await fan_out.forget(Entry(body.post_id, body.author_id, body.post_id, body.author_id))

    async def continued(_: Event, body: FanOutContinued) -> None:
        delivered = await fan_out.continue_fan_out(remaining_from_proto(body))
        if delivered is not None and delivered.user_ids:
            tell(delivered)

    made.on(PostCreated, created)
    made.on(PostReposted, reposted)
    made.on(RepostUndone, undone)
    made.on(PostDeleted, deleted)
    made.on(FanOutContinued, continued)


def _route_edges(made: Routes, follows: Follows) -> None:
    async def followed(_: Event, body: FollowCreated) -> None:
        await follows.followed(body.follower_id, body.followee_id)

    async def unfollowed(_: Event, body: FollowRemoved) -> None:
        await follows.unfollowed(body.follower_id, body.followee_id)

    async def muted(_: Event, body: MuteCreated) -> None:
        await follows.muted(body.muter_id, body.muted_id)

    async def unmuted(_: Event, body: MuteRemoved) -> None:
        await follows.unmuted(body.muter_id, body.muted_id)

    async def left(_: Event, body: UserDeleted) -> None:
        await follows.left(body.user_id)

    made.on(FollowCreated, followed)
    made.on(FollowRemoved, unfollowed)
    made.on(MuteCreated, muted)
    made.on(MuteRemoved, unmuted)
    made.on(UserDeleted, left)


class PublicTimeline:
    """Keeps the public timeline, a batch at a time: one statement for all posts of a batch."""

    def __init__(self, store: TimelineStore) -> None:
        self._store = store

    async def __call__(self, events: Sequence[Event]) -> None:
        """Handles events of posts and of people, in their order."""
        added: dict[int, PublicEntry] = {}
        removed: list[int] = []
        for event in events:
            await self._read(event, added, removed)
        if added:
            await self._store.add_public(list(added.values()))
        if removed:
            await self._store.remove_public(removed)

    async def _read(self, event: Event, added: dict[int, PublicEntry], removed: list[int]) -> None:
        match event.type:
            case PostCreated.DESCRIPTOR.full_name:
                entry = public_entry(read(event, PostCreated).post)
                if entry is not None:
                    added[entry.post_id] = entry
            case PostDeleted.DESCRIPTOR.full_name:
                post_id = read(event, PostDeleted).post_id
                added.pop(post_id, None)
                removed.append(post_id)
            case UserUpdated.DESCRIPTOR.full_name:
                user = read(event, UserUpdated).user
                await self._store.set_protected(user.id, protected=user.protected)
            case UserDeleted.DESCRIPTOR.full_name:
                await self._store.close_author(read(event, UserDeleted).user_id)


async def _all_done(*work: Awaitable[None]) -> None:
    """Raises the first failure, after everything is done or has failed."""
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if outcome is not None:
            raise outcome

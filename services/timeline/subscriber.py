"""Which event leads to which act. Every act may be repeated, so no event needs an inbox row."""

import asyncio
from collections.abc import Sequence

from google.protobuf.message import DecodeError
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

from services.chassis.bus import Routes
from services.chassis.events import Event, Undecodable
from services.timeline.convert import entry_from_proto, home_entry, public_entry
from services.timeline.events import rest_from_proto
from services.timeline.fanout import FanOut
from services.timeline.follows import Follows
from services.timeline.model import Entry, PublicEntry
from services.timeline.store import TimelineStore

# How many authors of one batch are worked on side by side.
_AT_ONCE = 16


class ByKey:
    """Handles a batch by routes: keys side by side, the events of one key in their order."""

    def __init__(self, routes: Routes, *, at_once: int = _AT_ONCE) -> None:
        self._routes = routes
        self._at_once = asyncio.Semaphore(at_once)

    async def __call__(self, events: Sequence[Event]) -> None:
        """Raises the first failure, after every key is done or has failed."""
        by_key: dict[str, list[Event]] = {}
        for event in events:
            by_key.setdefault(event.key, []).append(event)
        outcomes = await asyncio.gather(
            *map(self._in_order, by_key.values()), return_exceptions=True
        )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    async def _in_order(self, events: Sequence[Event]) -> None:
        async with self._at_once:
            for event in events:
                handle = self._routes(event.type)
                if handle is not None:
                    await handle(event)


def fan_out_routes(fan_out: FanOut) -> Routes:
    """What becomes of events of posts in homes."""

    async def created(_: Event, body: PostCreated) -> None:
        entry = home_entry(body.post)
        if entry is not None:
            await fan_out.deliver(entry)

    async def reposted(_: Event, body: PostReposted) -> None:
        await fan_out.deliver(entry_from_proto(body.entry))

    async def undone(_: Event, body: RepostUndone) -> None:
        await fan_out.withdraw(entry_from_proto(body.entry))

    async def deleted(_: Event, body: PostDeleted) -> None:
        await fan_out.forget(Entry(body.post_id, body.author_id, body.post_id, body.author_id))

    routes = Routes()
    routes.on(PostCreated, created)
    routes.on(PostReposted, reposted)
    routes.on(RepostUndone, undone)
    routes.on(PostDeleted, deleted)
    return routes


def continuation_routes(fan_out: FanOut) -> Routes:
    """The pages of a fan-out after the first."""

    async def continued(_: Event, body: FanOutContinued) -> None:
        await fan_out.go_on(rest_from_proto(body))

    routes = Routes()
    routes.on(FanOutContinued, continued)
    return routes


def follow_routes(follows: Follows) -> Routes:
    """What becomes of events of people in homes.

    A block has no route: the follows that it ends have events of their own, and what others
    repost of the blocked person is hidden when the posts are read.
    """

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

    routes = Routes()
    routes.on(FollowCreated, followed)
    routes.on(FollowRemoved, unfollowed)
    routes.on(MuteCreated, muted)
    routes.on(MuteRemoved, unmuted)
    routes.on(UserDeleted, left)
    return routes


class PublicTimeline:
    """Keeps the public timeline, a batch at a time: one statement for all posts of a batch."""

    def __init__(self, store: TimelineStore) -> None:
        self._store = store

    async def __call__(self, events: Sequence[Event]) -> None:
        """Handles events of posts and of people, in their order."""
        added: dict[int, PublicEntry] = {}
        removed: list[int] = []
        for event in events:
            try:
                await self._read(event, added, removed)
            except DecodeError as wrong:
                raise Undecodable(str(wrong)) from wrong
        if added:
            await self._store.add_public(list(added.values()))
        if removed:
            await self._store.remove_public(removed)

    async def _read(self, event: Event, added: dict[int, PublicEntry], removed: list[int]) -> None:
        match event.type:
            case PostCreated.DESCRIPTOR.full_name:
                entry = public_entry(PostCreated.FromString(event.payload).post)
                if entry is not None:
                    added[entry.post_id] = entry
            case PostDeleted.DESCRIPTOR.full_name:
                post_id = PostDeleted.FromString(event.payload).post_id
                added.pop(post_id, None)
                removed.append(post_id)
            case UserUpdated.DESCRIPTOR.full_name:
                user = UserUpdated.FromString(event.payload).user
                await self._store.set_protected(user.id, protected=user.protected)
            case UserDeleted.DESCRIPTOR.full_name:
                await self._store.close_author(UserDeleted.FromString(event.payload).user_id)

"""Handlers of the events that change timelines. All are idempotent, so there is no inbox row."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from roost.post.v1.post_events_pb2 import (
    PostCreated,
    PostDeleted,
    PostReposted,
    PostUpdated,
    RepostUndone,
)
from roost.timeline.v1.timeline_events_pb2 import (
    FanOutContinued,
    HashtagFollowed,
    HashtagUnfollowed,
)
from roost.user.v1.user_events_pb2 import (
    FollowCreated,
    FollowRemoved,
    MuteCreated,
    MuteRemoved,
    UserDeleted,
    UserUpdated,
)

from services.chassis.events.bus import BatchHandler, Routes
from services.chassis.events.records import Event
from services.timeline.domain.fanout import Delivered, FanOut
from services.timeline.domain.follows import Follows
from services.timeline.domain.hashtags import HashtagFeeds
from services.timeline.domain.model import Entry, HashtagEntry, PublicEntry
from services.timeline.domain.store import TimelineStore
from services.timeline.rpc.convert import (
    entry_from_proto,
    hashtag_entries,
    home_entry,
    public_entry,
    tags_of,
)
from services.timeline.rpc.events import remaining_from_proto

# How many keys a process handles at once; an author with many followers is one of them at a time.
_AT_ONCE = 16


ReportDelivery = Callable[[Delivered], None]
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
        handlers = routes(self._fan_out, self._follows, report=delivered.append)
        try:
            await by_key(events, handlers, at_once=self._at_once)
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


def routes(fan_out: FanOut, follows: Follows, *, report: ReportDelivery) -> Routes:
    """Handlers of what changes homes and authors' feeds; `report` gets every delivery.

    A block has no handler: the follows that it ends have events of their own, and so have the
    reposts of each other that the Post service withdraws. What others repost of the blocked user
    is hidden when the posts are read.
    """

    async def post_created(body: PostCreated) -> None:
        entry = home_entry(body.post)
        if entry is not None:
            report(await fan_out.deliver(entry))

    async def post_deleted(body: PostDeleted) -> None:
        await fan_out.forget(Entry(body.post_id, body.author_id, body.post_id, body.author_id))

    async def post_reposted(body: PostReposted) -> None:
        report(await fan_out.deliver(entry_from_proto(body.entry)))

    async def repost_undone(body: RepostUndone) -> None:
        await fan_out.withdraw(entry_from_proto(body.entry))

    async def fan_out_continued(body: FanOutContinued) -> None:
        if body.tags:
            return
        delivered = await fan_out.continue_fan_out(remaining_from_proto(body))
        if delivered is not None and delivered.user_ids:
            report(delivered)

    return Routes.of_bodies(
        {
            PostCreated: post_created,
            PostDeleted: post_deleted,
            PostReposted: post_reposted,
            RepostUndone: repost_undone,
            FanOutContinued: fan_out_continued,
            FollowCreated: lambda body: follows.followed(body.follower_id, body.followee_id),
            FollowRemoved: lambda body: follows.unfollowed(body.follower_id, body.followee_id),
            MuteCreated: lambda body: follows.muted(body.muter_id, body.muted_id),
            MuteRemoved: lambda body: follows.unmuted(body.muter_id, body.muted_id),
            UserDeleted: lambda body: follows.left(body.user_id),
            HashtagFollowed: lambda body: follows.hashtags_changed(body.user_id),
            HashtagUnfollowed: lambda body: follows.hashtags_changed(body.user_id),
        }
    )


class HashtagTimelines:
    """Keeps the entries of hashtags, a batch at a time, and announces new ones to followers.

    One statement stores all new posts of a batch. Deliveries are announced as those of homes.
    """

    def __init__(self, *, hashtag_feeds: HashtagFeeds, announce: AnnounceDelivery) -> None:
        self._hashtag_feeds = hashtag_feeds
        self._announce = announce

    async def __call__(self, events: Sequence[Event]) -> None:
        """Handles events of posts and remaining steps: new posts first, then what changes them."""
        batch = _HashtagBatch(self._hashtag_feeds)
        for event in events:
            handle = batch.routes(event.type)
            if handle is not None:
                await handle(event)
        try:
            await batch.write()
        finally:
            if batch.delivered:
                await self._announce(batch.delivered)


class _HashtagBatch:
    """What the events of one batch change on hashtags."""

    def __init__(self, hashtag_feeds: HashtagFeeds) -> None:
        self.delivered: list[Delivered] = []
        self._hashtag_feeds = hashtag_feeds
        self._added: dict[int, list[HashtagEntry]] = {}
        self._edited: list[PostUpdated] = []
        self._removed: list[int] = []
        self._remaining: list[FanOutContinued] = []
        self.routes = Routes.of_bodies(
            {
                PostCreated: self._post_created,
                PostUpdated: self._post_updated,
                PostDeleted: self._post_deleted,
                FanOutContinued: self._fan_out_continued,
            }
        )

    async def write(self) -> None:
        feeds, report = self._hashtag_feeds, self.delivered.append
        added = [entry for entries in self._added.values() for entry in entries]
        if added:
            await feeds.add(added, report)
        for body in self._edited:
            if body.post.id not in self._removed:
                await feeds.replace(body.post.id, body.post.author_id, tags_of(body.post))
        if self._removed:
            await feeds.remove(self._removed)
        for remaining in self._remaining:
            await feeds.continue_fan_out(remaining_from_proto(remaining), report)

    async def _post_created(self, body: PostCreated) -> None:
        if entries := hashtag_entries(body.post):
            self._added[body.post.id] = entries

    async def _post_updated(self, body: PostUpdated) -> None:
        if public_entry(body.post) is not None:
            self._edited.append(body)

    async def _post_deleted(self, body: PostDeleted) -> None:
        self._added.pop(body.post_id, None)
        self._removed.append(body.post_id)

    async def _fan_out_continued(self, body: FanOutContinued) -> None:
        if body.tags:
            self._remaining.append(body)


class PublicTimeline:
    """Keeps the public timeline, a batch at a time: one statement for all posts of a batch."""

    def __init__(self, store: TimelineStore) -> None:
        self._store = store

    async def __call__(self, events: Sequence[Event]) -> None:
        """Handles events of posts and of users, in their order."""
        batch = _PublicBatch(self._store)
        for event in events:
            handle = batch.routes(event.type)
            if handle is not None:
                await handle(event)
        await batch.write()


class _PublicBatch:
    """What the events of one batch change on the public timeline."""

    def __init__(self, store: TimelineStore) -> None:
        self._store = store
        self._added: dict[int, PublicEntry] = {}
        self._removed: list[int] = []
        self.routes = Routes.of_bodies(
            {
                PostCreated: self._post_created,
                PostDeleted: self._post_deleted,
                UserUpdated: self._user_updated,
                UserDeleted: self._user_deleted,
            }
        )

    async def write(self) -> None:
        if self._added:
            await self._store.add_public(list(self._added.values()))
        if self._removed:
            await self._store.remove_public(self._removed)

    async def _post_created(self, body: PostCreated) -> None:
        entry = public_entry(body.post)
        if entry is not None:
            self._added[entry.post_id] = entry

    async def _post_deleted(self, body: PostDeleted) -> None:
        self._added.pop(body.post_id, None)
        self._removed.append(body.post_id)

    async def _user_updated(self, body: UserUpdated) -> None:
        await self._store.set_protected(body.user.id, protected=body.user.protected)

    async def _user_deleted(self, body: UserDeleted) -> None:
        await self._store.close_author(body.user_id)


async def _all_done(*work: Awaitable[None]) -> None:
    """Raises the first failure, after everything is done or has failed."""
    for outcome in await asyncio.gather(*work, return_exceptions=True):
        if outcome is not None:
            raise outcome

"""A small Roost in memory: the truth that other services hold, and the Timeline service on it.

Every call that would leave the process waits for `pace` first, so a test decides which of several
things under way goes on next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from services.chassis.runtime.clock import ManualClock
from services.timeline.adapters.feeds_memory import MemoryFeeds
from services.timeline.adapters.memory import MemoryTimelineStore
from services.timeline.adapters.timeline_cache_memory import MemoryTimelineCache
from services.timeline.domain.celebrities import Celebrities
from services.timeline.domain.fanout import Delivered, FanOut, RemainingSteps
from services.timeline.domain.feed_builder import FeedBuilder
from services.timeline.domain.follows import Follows
from services.timeline.domain.hashtags import HashtagFeeds
from services.timeline.domain.home_sources import HomeSourceQueries
from services.timeline.domain.homes import Homes
from services.timeline.domain.model import TOP, Entry, HashtagEntry, entry_by_hashtag
from services.timeline.domain.ports import EngagementCounts, Followers

Pace = Callable[[str], Awaitable[None]]


async def at_once(_: str) -> None:
    """Waits for nothing."""


class Paced:
    """An object whose coroutine methods wait for their turn before each call."""

    def __init__(self, inner: Any, pace: Pace) -> None:
        self._inner = inner
        self._pace = pace

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def paced(*args: Any, **kwargs: Any) -> Any:
            await self._pace(name)
            return await method(*args, **kwargs)

        return paced


class PacedFeeds(Paced):
    """Feeds of which several are not changed at once, but one after another."""

    async def add(self, entry: Entry, feeds: Sequence[str]) -> int:
        return sum([await self._one("add", entry, feed) for feed in feeds])

    async def remove(self, entry: Entry, feeds: Sequence[str]) -> int:
        return sum([await self._one("remove", entry, feed) for feed in feeds])

    async def _one(self, name: str, entry: Entry, feed: str) -> int:
        await self._pace(name)
        done: int = await getattr(self._inner, name)(entry, [feed])
        return done


class Truth:
    """The graph and the posts, as their services know them at this moment."""

    def __init__(self, *, page: int = 2) -> None:
        self.edges: set[tuple[int, int]] = set()
        self.mutes: set[tuple[int, int]] = set()
        self.entries: set[Entry] = set()
        self.hashtag_follows: set[tuple[int, str]] = set()
        self.hashtag_entries: set[HashtagEntry] = set()
        self.counts: dict[int, EngagementCounts] = {}
        self.calls: list[str] = []
        self._page = page

    # peers.Graph

    async def followers(self, user_id: int, *, after: int) -> Followers:
        self.calls.append("followers")
        everyone = sorted(fan for fan, star in self.edges if star == user_id)
        left = [each for each in everyone if each > after]
        return Followers(left[: self._page], len(left) > self._page, len(everyone))

    async def following(self, user_id: int) -> list[int]:
        self.calls.append("following")
        return sorted(star for fan, star in self.edges if fan == user_id)

    async def follows(self, follower_id: int, followee_id: int) -> bool:
        self.calls.append("follows")
        return (follower_id, followee_id) in self.edges

    # peers.Posts

    async def newest(self, author_ids: Sequence[int], *, before: int, limit: int) -> list[Entry]:
        self.calls.append("newest")
        assert author_ids, "the contract wants at least one author"
        assert 0 < limit <= 800
        actors = set(author_ids)
        found = [
            each for each in self.entries if each.actor_id in actors and each.entry_id < before
        ]
        return sorted(found, reverse=True)[:limit]

    # peers.Engagement

    async def responses(self, post_ids: Sequence[int]) -> Mapping[int, EngagementCounts]:
        self.calls.append("responses")
        return {each: self.counts[each] for each in post_ids if each in self.counts}

    # The oracle.

    def home(self, viewer_id: int) -> list[Entry]:
        """What must stand on a person's home, newest first."""
        actors = {star for fan, star in self.edges if fan == viewer_id}
        actors -= {muted for muter, muted in self.mutes if muter == viewer_id}
        actors.add(viewer_id)
        by_id = {
            each.post_id: entry_by_hashtag(each.post_id, each.author_id)
            for each in self.hashtag_entries
            if (viewer_id, each.tag) in self.hashtag_follows
        }
        by_id |= {each.entry_id: each for each in self.entries if each.actor_id in actors}
        return sorted(by_id.values(), reverse=True)


class Scenario:
    """The Timeline service on fakes, and acts that change the truth and tell of it at once."""

    def __init__(
        self, *, max_entries: int = 8, threshold: int = 1000, page: int = 2, pace: Pace = at_once
    ) -> None:
        self.clock = ManualClock()
        self.truth = Truth(page=page)
        self.feeds = MemoryFeeds(clock=self.clock, max_entries=max_entries)
        self.store = MemoryTimelineStore(clock=self.clock)
        self.cache = MemoryTimelineCache(clock=self.clock)
        self.rests: list[RemainingSteps] = []
        feeds, store, cache = PacedFeeds(self.feeds, pace), self.store, self.cache
        paced_truth, paced_store, paced_cache = (
            Paced(self.truth, pace),
            Paced(store, pace),
            Paced(cache, pace),
        )
        self.celebrities = Celebrities(
            store=paced_store, cache=paced_cache, clock=self.clock, trust_seconds=0.0
        )
        self.home_sources = HomeSourceQueries(
            graph=paced_truth, store=paced_store, celebrities=self.celebrities
        )
        self.feed_builder = FeedBuilder(
            feeds=feeds,
            posts=paced_truth,
            store=paced_store,
            home_sources=self.home_sources,
            max_entries=max_entries,
        )
        self.homes = Homes(
            feeds=feeds,
            posts=paced_truth,
            store=paced_store,
            home_sources=self.home_sources,
            celebrities=self.celebrities,
            feed_builder=self.feed_builder,
        )
        self.follows = Follows(
            feeds=feeds,
            graph=paced_truth,
            posts=paced_truth,
            store=paced_store,
            celebrities=self.celebrities,
            max_entries=max_entries,
        )

        async def publish(remaining: RemainingSteps) -> None:
            self.rests.append(remaining)

        self.fan_out = FanOut(
            feeds=feeds,
            graph=paced_truth,
            celebrities=self.celebrities,
            threshold=threshold,
            publish=publish,
            clock=self.clock,
        )
        self.hashtag_feeds = HashtagFeeds(store=paced_store, feeds=feeds, publish=publish)

    async def follow(self, follower: int, followee: int) -> None:
        self.truth.edges.add((follower, followee))
        await self.follows.followed(follower, followee)

    async def unfollow(self, follower: int, followee: int) -> None:
        self.truth.edges.discard((follower, followee))
        await self.follows.unfollowed(follower, followee)

    async def mute(self, muter: int, muted: int) -> None:
        self.truth.mutes.add((muter, muted))
        await self.follows.muted(muter, muted)

    async def unmute(self, muter: int, muted: int) -> None:
        self.truth.mutes.discard((muter, muted))
        await self.follows.unmuted(muter, muted)

    async def follow_or_unfollow_hashtag(self, user: int, tag: str) -> None:
        await self.commit_hashtag_follow(user, tag)
        await self.follows.hashtags_changed(user)

    async def commit_hashtag_follow(self, user: int, tag: str) -> None:
        """Begins the follow, or ends it, without its event."""
        self.truth.hashtag_follows ^= {(user, tag)}
        async with self.store.transaction() as transaction:
            if (user, tag) in self.truth.hashtag_follows:
                await transaction.follow_hashtag(user, tag, self.clock.now())
            else:
                await transaction.unfollow_hashtag(user, tag)

    async def add_hashtags(self, entries: Sequence[HashtagEntry]) -> list[Delivered]:
        """Handles a new post with hashtags; returns what was announced."""
        delivered: list[Delivered] = []
        self.truth.hashtag_entries |= set(entries)
        await self.hashtag_feeds.add(entries, delivered.append)
        while self.rests:
            await self.hashtag_feeds.continue_fan_out(self.rests.pop(0), delivered.append)
        return delivered

    async def enter(self, entry: Entry) -> Entry:
        """Somebody posts or reposts, and it is delivered to the last follower."""
        self.truth.entries.add(entry)
        await self.fan_out.deliver(entry)
        await self.settle()
        return entry

    async def post(self, entry_id: int, author: int) -> Entry:
        return await self.enter(Entry(entry_id, author, entry_id, author))

    async def undo(self, entry: Entry) -> None:
        self.truth.entries.discard(entry)
        await self.fan_out.withdraw(entry)
        await self.settle()

    async def settle(self) -> None:
        """Works off what is left of fan-outs."""
        while self.rests:
            await self.fan_out.continue_fan_out(self.rests.pop(0))

    async def home(self, viewer: int, *, page: int = 3) -> list[Entry]:
        """A person's whole home, read page by page."""
        found: list[Entry] = []
        before = TOP
        while True:
            answer = await self.homes.latest(viewer, before=before, limit=page)
            found += answer.entries
            if answer.next_entry is None:
                return found
            before = found[-1].entry_id

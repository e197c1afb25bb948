"""Fan-out: writing an entry to the homes of its actor's followers, a page at a time."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from prometheus_client import Counter, Histogram

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import time_of
from services.timeline.domain.celebrities import Celebrities
from services.timeline.domain.feeds import Feeds
from services.timeline.domain.model import Entry, home_of, posts_of
from services.timeline.domain.ports import Graph

_delivered = Counter("roost_timeline_deliveries_total", "Entries that reached a feed")
_steps = Counter("roost_timeline_fan_out_steps_total", "Pages of followers worked off")
_delay = Histogram(
    "roost_timeline_fan_out_delay_seconds",
    "From the creation of an entry to the end of each step that delivered it",
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300),
)


@dataclass(frozen=True, slots=True)
class RemainingSteps:
    """The remaining steps of a fan-out: the followers above an id, of the actor or of `tags`."""

    entry: Entry
    after: int
    removal: bool
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Delivered:
    """An entry that a step wrote to the homes of `user_ids`, or that hashtags bring there.

    They are None if the actor is a celebrity: the entry is then merged into every follower's home
    when it is read.
    """

    entry: Entry
    after: int
    user_ids: Sequence[int] | None


# Publishes the remaining steps; returns once the broker has acknowledged them.
Continue = Callable[[RemainingSteps], Awaitable[None]]


class FanOut:
    """Delivers and withdraws entries, in steps of one page of followers.

    Each step ends by publishing the remaining steps, so other authors are served between two pages
    of an author with many followers. A step that fails is repeated; a repeated delivery changes
    nothing. A step returns what it delivered, which is published as an event.
    """

    def __init__(
        self,
        *,
        feeds: Feeds,
        graph: Graph,
        celebrities: Celebrities,
        threshold: int,
        publish: Continue,
        clock: Clock,
    ) -> None:
        self._feeds = feeds
        self._graph = graph
        self._celebrities = celebrities
        self._threshold = threshold
        self._publish = publish
        self._clock = clock

    async def deliver(self, entry: Entry) -> Delivered:
        """Adds a new entry to the actor's own home and to those of the first page of followers.

        It is always added to the author's feed too, where that exists. So that feed is complete
        when the actor becomes a celebrity, even if this process has not noticed it.
        """
        actor = entry.actor_id
        own = [home_of(actor), posts_of(actor)]
        if actor in await self._celebrities.known():
            await self._feeds.add(entry, own)
            self._note_delay(entry)
            return Delivered(entry, 0, None)
        page = await self._graph.followers(actor, after=0)
        if page.total > self._threshold:
            await self._celebrities.promote(actor, followers=page.total)
            await self._feeds.add(entry, own)
            self._note_delay(entry)
            return Delivered(entry, 0, None)
        _delivered.inc(await self._feeds.add(entry, own + [home_of(each) for each in page.ids]))
        _steps.inc()
        self._note_delay(entry)
        if page.has_more:
            await self._publish(RemainingSteps(entry, page.ids[-1], removal=False))
        return Delivered(entry, 0, [actor, *page.ids])

    async def withdraw(self, entry: Entry) -> None:
        """Removes an entry from all homes, also for celebrities: it may be older than that.

        Removals queue behind the deliveries that are not finished, from the first page on.
        """
        await self._feeds.remove(entry, [home_of(entry.actor_id), posts_of(entry.actor_id)])
        await self._publish(RemainingSteps(entry, 0, removal=True))

    async def forget(self, entry: Entry) -> None:
        """Removes a deleted post from its author's feed.

        Homes keep it: a page without its post leaves it out when it is hydrated.
        """
        await self._feeds.remove(entry, [posts_of(entry.actor_id)])

    async def continue_fan_out(self, remaining: RemainingSteps) -> Delivered | None:
        """Handles the next page, and publishes the steps after it; None for a removal."""
        page = await self._graph.followers(remaining.entry.actor_id, after=remaining.after)
        homes = [home_of(each) for each in page.ids]
        if remaining.removal:
            await self._feeds.remove(remaining.entry, homes)
        else:
            _delivered.inc(await self._feeds.add(remaining.entry, homes))
            self._note_delay(remaining.entry)
        _steps.inc()
        if page.has_more:
            await self._publish(RemainingSteps(remaining.entry, page.ids[-1], remaining.removal))
        return None if remaining.removal else Delivered(remaining.entry, remaining.after, page.ids)

    def _note_delay(self, entry: Entry) -> None:
        _delay.observe((self._clock.now() - time_of(entry.entry_id)).total_seconds())

"""Fan-out: delivering an entry to the homes of its author's followers, a page at a time."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from prometheus_client import Counter

from services.timeline.domain.celebrities import Celebrities
from services.timeline.domain.feeds import Feeds
from services.timeline.domain.model import Entry, home_of, posts_of
from services.timeline.domain.ports import Graph

_delivered = Counter("roost_timeline_deliveries_total", "Entries that reached a feed")
_steps = Counter("roost_timeline_fan_out_steps_total", "Pages of followers worked off")


@dataclass(frozen=True, slots=True)
class RemainingSteps:
    """What is left of a fan-out: the followers above an id."""

    entry: Entry
    after: int
    removal: bool


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a step brought to homes: to those of `user_ids`, which are not all that it concerns if
    the actor is a celebrity. Then it is None, and every follower finds the entry on reading."""

    entry: Entry
    after: int
    user_ids: Sequence[int] | None


# Publishes the rest; returns once it is safe with the broker.
Continue = Callable[[RemainingSteps], Awaitable[None]]


class FanOut:
    """Delivers entries, and takes them back, in steps of one page of followers.

    Each step ends with the rest being published, so others have their turn between two pages of a
    famous author. A step that fails is repeated whole; a repeated delivery changes nothing. A step
    that delivered says what, for others to be told of it.
    """

    def __init__(
        self,
        *,
        feeds: Feeds,
        graph: Graph,
        celebrities: Celebrities,
        threshold: int,
        publish: Continue,
    ) -> None:
        self._feeds = feeds
        self._graph = graph
        self._celebrities = celebrities
        self._threshold = threshold
        self._publish = publish

    async def deliver(self, entry: Entry) -> Delivered:
        """Brings a new entry to the actor's own home and to the first page of followers.

        It always goes into the actor's own feed too, where that exists: so the feed is whole
        whenever the actor becomes a celebrity, whatever this process knows of it.
        """
        actor = entry.actor_id
        own = [home_of(actor), posts_of(actor)]
        if actor in await self._celebrities.known():
            await self._feeds.add(entry, own)
            return Delivered(entry, 0, None)
        page = await self._graph.followers(actor, after=0)
        if page.total > self._threshold:
            await self._celebrities.promote(actor, followers=page.total)
            await self._feeds.add(entry, own)
            return Delivered(entry, 0, None)
        _delivered.inc(await self._feeds.add(entry, own + [home_of(each) for each in page.ids]))
        _steps.inc()
        if page.has_more:
            await self._publish(RemainingSteps(entry, page.ids[-1], removal=False))
        return Delivered(entry, 0, [actor, *page.ids])

    async def withdraw(self, entry: Entry) -> None:
        """Takes an entry back from everybody, celebrity or not: it may be older than that.

        Removals queue up behind the deliveries that are not over yet, from their first page on.
        """
        await self._feeds.remove(entry, [home_of(entry.actor_id), posts_of(entry.actor_id)])
        await self._publish(RemainingSteps(entry, 0, removal=True))

    async def forget(self, entry: Entry) -> None:
        """Takes a deleted post out of its author's feed. Homes keep it: whoever reads the posts
        of a page finds that it is gone."""
        await self._feeds.remove(entry, [posts_of(entry.actor_id)])

    async def continue_fan_out(self, remaining: RemainingSteps) -> Delivered | None:
        """Works off the next page, and publishes what is left after it; None for a removal."""
        page = await self._graph.followers(remaining.entry.actor_id, after=remaining.after)
        homes = [home_of(each) for each in page.ids]
        if remaining.removal:
            await self._feeds.remove(remaining.entry, homes)
        else:
            _delivered.inc(await self._feeds.add(remaining.entry, homes))
        _steps.inc()
        if page.has_more:
            await self._publish(RemainingSteps(remaining.entry, page.ids[-1], remaining.removal))
        return None if remaining.removal else Delivered(remaining.entry, remaining.after, page.ids)

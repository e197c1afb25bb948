"""Subscriptions to the log: each goes on where its client stopped, and then hears what is new."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from roost.notification.v1.notification_pb2 import UserEvent

from gateway.graphql.subscribing.subscription import Subscription
from gateway.graphql.types import events
from gateway.graphql.types.events import Gap, Topic
from gateway.graphql.types.scalars import Sequence as Place
from gateway.graphql.types.subscriptions import Subscription as Event
from gateway.ws.backlog import AGAIN_SECONDS, Backlog
from gateway.ws.metrics import StreamMetrics
from gateway.ws.presenting import MOST_EVENTS, topic_of

# By sequence, what there is to show of events of the log.
Load = Callable[[Sequence[UserEvent]], Awaitable[dict[int, Event]]]
# Sends one event to a subscription, unless that has ended.
Show = Callable[[Subscription, Event], Awaitable[None]]


class Follower:
    """One subscription to the log, and how far it has come."""

    def __init__(self, subscription: Subscription, place: int) -> None:
        self.subscription = subscription
        # Up to here everything was told, or is of no topic that was asked for.
        self.place = place
        # The client was told of it up to here; -1 before it was told anything.
        self.said = -1
        # The hub tells what is new; until then it is read from the log.
        self.live = False
        # Of the first event that can be had, where the hub has lost some.
        self.gap_before = 0

    def hears(self, topic: str, sequence: int) -> bool:
        """Whether it is to be told of an event that the hub hands on."""
        return self.live and sequence > self.place and topic in self.subscription.topics

    async def tell(self, event: Event, show: Show) -> None:
        """Tells an event of the log."""
        if event.event is not None:
            self.place = self.said = event.event.sequence
            await show(self.subscription, event)

    async def send_position(self, show: Show) -> None:
        """Tells how far the log was told."""
        await self.tell(self._about_place(None), show)

    async def send_gap(self, first: int, show: Show) -> None:
        """Tells that events before the first are gone."""
        self.place = first - 1
        topics = [each for each in Topic if each.value in self.subscription.topics]
        await self.tell(self._about_place(Gap(topics=topics)), show)

    def _about_place(self, change: Gap | None) -> Event:
        return Event(event=events.Event(sequence=Place(self.place), at=None, change=change))


class Followers:
    """Those of one connection. Nothing of the log falls between reading it and hearing of it."""

    def __init__(
        self,
        *,
        backlog: Backlog,
        last: Callable[[], int],
        load: Load,
        show: Show,
        metrics: StreamMetrics,
    ) -> None:
        self._backlog = backlog
        # The newest event that the hub has handed on.
        self._last = last
        self._load = load
        self._show = show
        self._metrics = metrics
        self._all: dict[Subscription, Follower] = {}
        self._behind: deque[Follower] = deque()
        self._quiet: deque[Follower] = deque()

    def add(self, subscription: Subscription) -> None:
        """One more, which goes on after the sequence that it names, or from now on."""
        after = subscription.after
        follower = Follower(subscription, self._last() if after is None else after)
        self._all[subscription] = follower
        self._behind.append(follower)

    def remove(self, subscription: Subscription) -> None:
        """One less; harmless if it is none."""
        self._all.pop(subscription, None)

    def hearing(self, event: UserEvent) -> list[Follower]:
        """Those that are to be told of an event that the hub hands on."""
        topic = topic_of(event)
        return [each for each in self._all.values() if each.hears(topic, event.sequence)]

    def lose(self, first: int) -> None:
        """Events before this one cannot be had: whoever hears what is new is told in their turn."""
        lost = [each for each in self._all.values() if each.live]
        for each in lost:
            each.live, each.gap_before = False, first
        self._behind.extend(lost)

    def beat(self) -> None:
        """Nothing was said for a while: those who hear what is new are told how far it is."""
        self._quiet.extend(each for each in self._all.values() if each.live)

    @property
    def waiting(self) -> bool:
        """Whether `advance` has something to do."""
        return bool(self._behind or self._quiet)

    async def advance(self) -> None:
        """Brings one of them forward. Everything that the hub handed on was sent before."""
        if self._behind:
            await self._catch_up(self._behind[0])
        else:
            follower = self._quiet.popleft()
            if self._is_here(follower) and follower.live:
                place = max(follower.place, self._last())
                if place > follower.said:
                    follower.place = place
                    await follower.send_position(self._show)

    async def _catch_up(self, follower: Follower) -> None:
        if not self._is_here(follower):
            self._behind.popleft()
            return
        if follower.gap_before:
            first, follower.gap_before = follower.gap_before, 0
            await follower.send_gap(first, self._show)
        if follower.place != self._last():
            stretch = await self._backlog.after(follower.place)
            if stretch.gap_before:
                self._metrics.gaps.inc()
                await follower.send_gap(stretch.gap_before, self._show)
            await self._tell(follower, stretch.events)
            if follower.place < self._last():
                if not stretch.events:
                    # The hub was told of an event after the page was read.
                    await asyncio.sleep(AGAIN_SECONDS)
                return
        # Nothing waits between looking where the hub is and hearing it.
        self._behind.popleft()
        follower.live = True
        await follower.send_position(self._show)

    async def _tell(self, follower: Follower, found: Sequence[UserEvent]) -> None:
        for start in range(0, len(found), MOST_EVENTS):
            chunk = found[start : start + MOST_EVENTS]
            topics = follower.subscription.topics
            shown = await self._load([each for each in chunk if topic_of(each) in topics])
            for event in shown.values():
                if not self._is_here(follower):
                    return
                await follower.tell(event, self._show)
            follower.place = chunk[-1].sequence

    def _is_here(self, follower: Follower) -> bool:
        return self._all.get(follower.subscription) is follower

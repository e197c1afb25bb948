"""Subscriptions to the log: each resumes where its client stopped, then gets new events."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from roost.notification.v1.notification_pb2 import UserEvent

from gateway.api.events import types
from gateway.api.events.graphql import Subscription as Event
from gateway.api.events.subscriptions.subscription import Subscription
from gateway.api.events.types import Gap, Topic
from gateway.protocols.graphql.scalars import Sequence as Place
from gateway.protocols.stream.backlog import AGAIN_SECONDS, MOST_EVENTS, Backlog, topic_of
from gateway.protocols.stream.metrics import StreamMetrics

# By sequence, what there is to show of events of the log.
Load = Callable[[Sequence[UserEvent]], Awaitable[dict[int, Event]]]
# Sends one event to a subscription, unless that has ended.
Show = Callable[[Subscription, Event], Awaitable[None]]


class LogSubscription:
    """One subscription to the log, and how far it has come."""

    def __init__(self, subscription: Subscription, position: int) -> None:
        self.subscription = subscription
        # Up to here everything was sent, or is of no topic that was asked for.
        self.position = position
        # The last sequence that was sent; -1 before the first.
        self.last_sent = -1
        # Whether events come from the hub; until then they are read from the log.
        self.live = False
        # The first event after a gap of the hub; 0 without one.
        self.gap_before = 0

    def wants(self, topic: str, sequence: int) -> bool:
        """Whether an event from the hub is to be sent to it."""
        return self.live and sequence > self.position and topic in self.subscription.topics

    async def send(self, event: Event, show: Show) -> None:
        """Sends an event of the log."""
        if event.event is not None:
            self.position = self.last_sent = event.event.sequence
            await show(self.subscription, event)

    async def send_position(self, show: Show) -> None:
        """Sends how far the log was sent."""
        await self.send(self._about_place(None), show)

    async def send_gap(self, first: int, show: Show) -> None:
        """Sends a gap: events before the first are gone."""
        self.position = first - 1
        topics = [each for each in Topic if each.value in self.subscription.topics]
        await self.send(self._about_place(Gap(topics=topics)), show)

    def _about_place(self, change: Gap | None) -> Event:
        return Event(event=types.Event(sequence=Place(self.position), at=None, change=change))


class LogSubscriptions:
    """Those of one connection. No event is missed between reading the log and live events."""

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
        # The newest event that the hub has delivered.
        self._last = last
        self._load = load
        self._show = show
        self._metrics = metrics
        self._all: dict[Subscription, LogSubscription] = {}
        self._behind: deque[LogSubscription] = deque()
        self._quiet: deque[LogSubscription] = deque()

    def add(self, subscription: Subscription) -> None:
        """One more, which goes on after the sequence that it names, or from now on."""
        after = subscription.after
        log_subscription = LogSubscription(subscription, self._last() if after is None else after)
        self._all[subscription] = log_subscription
        self._behind.append(log_subscription)

    def remove(self, subscription: Subscription) -> None:
        """One less; harmless if it is none."""
        self._all.pop(subscription, None)

    def publish(self, event: UserEvent) -> list[LogSubscription]:
        """Those that an event from the hub is to be sent to."""
        topic = topic_of(event)
        return [each for each in self._all.values() if each.wants(topic, event.sequence)]

    def lose(self, first: int) -> None:
        """Events before this one are gone: live subscriptions get a gap in their turn."""
        lost = [each for each in self._all.values() if each.live]
        for each in lost:
            each.live, each.gap_before = False, first
        self._behind.extend(lost)

    def beat(self) -> None:
        """Nothing was sent for a while: live subscriptions get the position of the log."""
        self._quiet.extend(each for each in self._all.values() if each.live)

    @property
    def waiting(self) -> bool:
        """Whether `advance` has something to do."""
        return bool(self._behind or self._quiet)

    async def advance(self) -> None:
        """Advances one of them. Everything that the hub delivered was sent before."""
        if self._behind:
            await self._catch_up(self._behind[0])
        else:
            log_subscription = self._quiet.popleft()
            if self._is_here(log_subscription) and log_subscription.live:
                position = max(log_subscription.position, self._last())
                if position > log_subscription.last_sent:
                    log_subscription.position = position
                    await log_subscription.send_position(self._show)

    async def _catch_up(self, log_subscription: LogSubscription) -> None:
        if not self._is_here(log_subscription):
            self._behind.popleft()
            return
        if log_subscription.gap_before:
            first, log_subscription.gap_before = log_subscription.gap_before, 0
            await log_subscription.send_gap(first, self._show)
        if log_subscription.position != self._last():
            stretch = await self._backlog.after(log_subscription.position)
            if stretch.gap_before:
                self._metrics.gaps.inc()
                await log_subscription.send_gap(stretch.gap_before, self._show)
            await self._send_activity(log_subscription, stretch.events)
            if log_subscription.position < self._last():
                if not stretch.events:
                    # The hub got an event after the page was read.
                    await asyncio.sleep(AGAIN_SECONDS)
                return
        # There is no await between reading the hub's position and going live.
        self._behind.popleft()
        log_subscription.live = True
        await log_subscription.send_position(self._show)

    async def _send_activity(
        self, log_subscription: LogSubscription, found: Sequence[UserEvent]
    ) -> None:
        for start in range(0, len(found), MOST_EVENTS):
            chunk = found[start : start + MOST_EVENTS]
            topics = log_subscription.subscription.topics
            loaded = await self._load([each for each in chunk if topic_of(each) in topics])
            for event in loaded.values():
                if not self._is_here(log_subscription):
                    return
                await log_subscription.send(event, self._show)
            log_subscription.position = chunk[-1].sequence

    def _is_here(self, log_subscription: LogSubscription) -> bool:
        return self._all.get(log_subscription.subscription) is log_subscription

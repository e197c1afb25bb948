"""One connection of `graphql-transport-ws`: subscriptions, and the results of events for each."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any

from roost.notification.v1.event_service_pb2 import HashtagActivity, PostActivity
from roost.notification.v1.notification_pb2 import UserEvent

from gateway.api.events.graphql import Subscription as Event
from gateway.api.events.subscriptions.loader import EventLoader
from gateway.api.events.subscriptions.resumption import LogSubscriptions
from gateway.api.events.subscriptions.subscription import (
    EVENTS,
    HASHTAG,
    HOME,
    NOTIFICATIONS,
    POST,
    Subscription,
    payload_of,
    refusal_of,
)
from gateway.core.clients import Backends
from gateway.protocols.graphql.documents import DocumentErrors
from gateway.protocols.graphql.errors import DocumentInvalid
from gateway.protocols.graphql.requests import Find, Request
from gateway.protocols.graphql.subscriptions import close_codes as ends
from gateway.protocols.graphql.subscriptions import messages
from gateway.protocols.graphql.subscriptions.close_codes import closing_of
from gateway.protocols.graphql.subscriptions.messages import read
from gateway.protocols.graphql.subscriptions.quota import SubscriptionQuota
from gateway.protocols.stream.backlog import MOST_EVENTS, topic_of
from gateway.protocols.stream.close_codes import Closing
from gateway.protocols.stream.connection import SEND_SECONDS, Connection
from gateway.protocols.stream.hashtag_news import HashtagNews
from gateway.protocols.stream.topics import PostNotFound
from services.chassis.runtime.errors import RoostError, WrongState


class EventsExpired(WrongState):
    """Events are gone for good."""

    reason = "EVENTS_EXPIRED"
    message = "Events were lost; read the list again, and subscribe again."


class GraphQLSocket(Connection[messages.ServerMessage]):
    """A connection that was authenticated."""

    def __init__(
        self,
        *,
        backends: Backends,
        find: Find,
        quota: SubscriptionQuota,
        **connection: Any,
    ) -> None:
        super().__init__(**connection)
        self._backends = backends
        self._find = find
        self._allowed = quota
        self._loader = EventLoader(backends, self.user_id)
        self._followers = LogSubscriptions(
            backlog=self._backlog,
            last=lambda: self._hub.last(self.user_id),
            load=self._load,
            show=self._result,
            metrics=self._metrics,
        )
        self._subscriptions: dict[str, Subscription] = {}
        # Posts to be shown again: their new replies.
        self._news: dict[int, list[int]] = {}
        self._hashtags = HashtagNews()
        # Subscriptions to posts that have just begun, to be shown as they are now.
        self._begun: deque[Subscription] = deque()
        self._next = 0.0

    # --- calls of the hub ---

    def deliver(self, event: UserEvent) -> None:
        """The user's next event."""
        if event.HasField("arrivals_missed"):
            self._miss(HOME)
        if self._followers.publish(event) or self._about_list(event):
            self._put(event)

    def skip_to(self, first_sequence: int) -> None:
        """Events before this one are gone: subscriptions that wait for them get a gap."""
        self._miss(HOME, NOTIFICATIONS)
        self._followers.lose(first_sequence)
        self.wake()

    def on_activity(self, activity: PostActivity) -> None:
        """Something happened around a post that is watched."""
        replies = self._news.setdefault(activity.post_id, [])
        if activity.reply_post_id and activity.reply_post_id not in replies:
            replies.append(activity.reply_post_id)
        self.wake()

    def on_hashtag_activity(self, activity: HashtagActivity) -> None:
        """Somebody wrote a post with a hashtag that is watched."""
        self._hashtags.on_activity(activity)
        self.wake()

    # --- what the protocol decides ---

    async def _begin(self) -> None:
        await self._hub.join(self)
        self._put(messages.ConnectionAck())

    async def _handle_message(self, message: Any) -> None:
        match read(message):
            case messages.Subscribe(id=subscription_id, payload=request):
                self._subscribe(subscription_id, request)
            case messages.Complete(id=subscription_id):
                self._end_one(subscription_id)
            case messages.Ping(payload=payload):
                self._put(messages.Pong(payload))
            case messages.ConnectionInit():
                self.close(ends.TOO_MANY_INITS)
            case _:
                pass  # a pong: that it came is all it says

    def _beat(self) -> None:
        self._put(messages.Ping())
        self._followers.beat()

    def _due(self, now: float) -> bool:
        waiting = self._followers.waiting or bool(self._begun)
        return waiting or (now >= self._next and (bool(self._news) or self._hashtags.waiting))

    def _forget(self) -> None:
        super()._forget()
        self._news.clear()
        self._hashtags.clear()
        self._begun.clear()

    def _leave(self) -> None:
        for each in list(self._subscriptions):
            self._end_one(each)

    def _closing_of(self, error: RoostError) -> Closing:
        return closing_of(error)

    async def _close_message(self, closing: Closing) -> None:
        """The protocol has no message for it; the close frame has the reason."""

    # --- subscriptions ---

    def _subscribe(self, subscription_id: str, request: Request) -> None:
        if subscription_id in self._subscriptions:
            self.close(ends.taken(subscription_id))
            return
        try:
            if not subscription_id:
                raise DocumentInvalid("The id is empty.")
            self._allowed.take(self.user_id, len(self._subscriptions))
        except RoostError as error:
            self._put(messages.Error(subscription_id, refusal_of(error)))
            return
        try:
            beside = sum(each.cost for each in self._subscriptions.values())
            subscription = Subscription(
                self._find(request, whose=self.user_id), request, beside=beside, key=subscription_id
            )
        except (DocumentErrors, RoostError) as error:
            self._allowed.release(self.user_id)
            self._put(messages.Error(subscription_id, refusal_of(error)))
            return
        self._subscriptions[subscription_id] = subscription
        if subscription.field == POST:
            # Watched before it is read, so no activity is missed.
            self._hub.watch(self, subscription.post_id)
            self._begun.append(subscription)
        elif subscription.field == HASHTAG:
            self._hashtags.add(subscription.hashtag)
            self._hub.watch(self, subscription.hashtag)
        elif subscription.field == EVENTS:
            self._followers.add(subscription)
        self.wake()

    def _end_one(self, subscription_id: str) -> None:
        ended = self._subscriptions.pop(subscription_id, None)
        if ended is None:
            return
        self._allowed.release(self.user_id)
        self._followers.remove(ended)
        watched = ended.watched
        if watched and not any(each.watched == watched for each in self._subscriptions.values()):
            self._hub.unwatch(self, watched)
            self._news.pop(ended.post_id, None)
            self._hashtags.remove(ended.hashtag)

    def _fail(self, subscription_id: str, error: RoostError) -> None:
        self._end_one(subscription_id)
        self._put(messages.Error(subscription_id, refusal_of(error)))

    def _miss(self, *fields: str) -> None:
        self._metrics.gaps.inc()
        for each in list(self._subscriptions.values()):
            if each.field in fields:
                self._fail(each.key, EventsExpired())

    def _about_list(self, event: UserEvent) -> list[Subscription]:
        """Those to the list that an event is of."""
        topic = topic_of(event)
        return [
            each
            for each in self._subscriptions.values()
            if each.field in {HOME, NOTIFICATIONS} and topic in each.topics
        ]

    def _about_post(self, post_id: int) -> list[Subscription]:
        return [each for each in self._subscriptions.values() if each.post_id == post_id]

    # --- what is sent ---

    async def _send_next(self) -> bool:
        if self._outbox:
            most = min(MOST_EVENTS, len(self._outbox))
            await self._send([self._outbox.popleft() for _ in range(most)])
        elif self._begun:
            await self._show_first(self._begun.popleft())
        elif self._followers.waiting:
            await self._followers.advance()
        elif self._due(self._clock.monotonic()):
            self._next = self._clock.monotonic() + 1.0
            taken, self._news = self._news, {}
            new = self._hashtags.take()
            if taken:
                await self._send_activity(taken)
            if new:
                await self._send_new_posts(new)
        else:
            return False
        return True

    async def _send(self, items: Iterable[UserEvent | messages.ServerMessage]) -> None:
        items = list(items)
        events = [each for each in items if isinstance(each, UserEvent)]
        found = await self._load(events)
        for item in items:
            if not isinstance(item, UserEvent):
                await self._send_message(item)
                continue
            event = found.get(item.sequence)
            if event is not None:
                for each in self._about_list(item):
                    if each.shows(event):
                        await self._result(each, event)
                for log_subscription in self._followers.publish(item):
                    await log_subscription.send(event, self._result)

    async def _load(self, events: Sequence[UserEvent]) -> dict[int, Event]:
        """What there is to show of events of the log."""
        if not events:
            return {}
        return await self._viewer.read(lambda: self._loader.of_log(events))

    async def _show_first(self, subscription: Subscription) -> None:
        if not self._is_open(subscription):
            return
        wanted: dict[int, list[int]] = {subscription.post_id: []}
        events = await self._viewer.read(lambda: self._loader.of_posts(wanted))
        event = events[subscription.post_id]
        if event.activity is None or event.activity.post is None:
            if self._is_open(subscription):
                self._fail(subscription.key, PostNotFound())
            return
        await self._result(subscription, event)

    async def _send_activity(self, news: dict[int, list[int]]) -> None:
        for post_id, event in (
            await self._viewer.read(lambda: self._loader.of_posts(news))
        ).items():
            for each in self._about_post(post_id):
                await self._result(each, event)
                gone = event.activity is None or event.activity.post is None
                if gone and self._is_open(each):
                    self._end_one(each.key)
                    await self._send_message(messages.Complete(each.key))

    async def _send_new_posts(self, new: dict[str, list[int]]) -> None:
        found = await self._viewer.read(lambda: self._loader.of_hashtags(new))
        for each in list(self._subscriptions.values()):
            if each.hashtag in found:
                await self._result(each, found[each.hashtag])

    def _is_open(self, subscription: Subscription) -> bool:
        """Whether it has not ended; another one may have its id by now."""
        return self._subscriptions.get(subscription.key) is subscription

    async def _result(self, subscription: Subscription, event: Event) -> None:
        if not self._is_open(subscription):
            return
        result = await self._viewer.read(
            lambda: subscription.result(event, self._backends, self.user_id)
        )
        if self._is_open(subscription):
            await self._send_message(messages.Next(subscription.key, payload_of(result)))

    async def _send_message(self, message: messages.ServerMessage) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await self._send_text(messages.encode(message))
        self._metrics.frame(message)

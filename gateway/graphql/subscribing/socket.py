"""One connection of `graphql-transport-ws`: subscriptions, and the results of events for each."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, cast

from msgspec import Struct
from roost.notification.v1.event_service_pb2 import PostActivity
from roost.notification.v1.notification_pb2 import UserEvent

from gateway.backends import Backends
from gateway.graphql.documents import Document, DocumentErrors
from gateway.graphql.refusals import DocumentInvalid
from gateway.graphql.requests import Request
from gateway.graphql.subscribing import closing as ends
from gateway.graphql.subscribing import messages
from gateway.graphql.subscribing.allowance import Allowance
from gateway.graphql.subscribing.closing import closing_of
from gateway.graphql.subscribing.events import Loader
from gateway.graphql.subscribing.subscription import (
    HOME,
    NOTIFICATIONS,
    POST,
    Subscription,
    refusal_of,
    shown,
)
from gateway.graphql.types.subscriptions import Subscription as Event
from gateway.rest.bodies import BodyReader
from gateway.ws.closing import Closing, FrameInvalid
from gateway.ws.connection import SEND_SECONDS, Connection
from gateway.ws.presenting import MOST_EVENTS, topic_of
from gateway.ws.subscriptions import PostNotFound
from services.chassis.errors import RoostError, WrongState

_reader = BodyReader(cast(type[Struct], messages.ClientMessage))
_TOPICS = {"home": HOME, "notifications": NOTIFICATIONS}


class EventsExpired(WrongState):
    """Events are gone for good."""

    reason = "EVENTS_EXPIRED"
    message = "Events were lost; read the list anew, and subscribe again."


class GraphQLSocket(Connection[messages.ServerMessage]):
    """A connection whose client was let in."""

    def __init__(
        self,
        *,
        backends: Backends,
        find: Callable[[Request], Document],
        allowance: Allowance,
        **connection: Any,
    ) -> None:
        super().__init__(**connection)
        self._backends = backends
        self._find = find
        self._allowed = allowance
        self._loader = Loader(backends, self.user_id)
        self._subscriptions: dict[str, Subscription] = {}
        # Posts to be shown anew: their new replies.
        self._news: dict[int, list[int]] = {}
        # Subscriptions to posts that have just begun, to be shown as they are now.
        self._begun: deque[str] = deque()
        self._next = 0.0

    # --- what the hub says ---

    def deliver(self, event: UserEvent) -> None:
        """The person's next event."""
        topic = _TOPICS.get(topic_of(event), "")
        if event.HasField("arrivals_missed"):
            self._miss(topic)
        elif self._about(topic):
            self._put(event)

    def skip_to(self, first_sequence: int) -> None:
        """Events before this one cannot be had: whoever waits for them is told to read anew."""
        self._miss(HOME, NOTIFICATIONS)

    def note(self, activity: PostActivity) -> None:
        """Something happened around a post that is watched."""
        replies = self._news.setdefault(activity.post_id, [])
        if activity.reply_post_id and activity.reply_post_id not in replies:
            replies.append(activity.reply_post_id)
        self.wake()

    # --- what the protocol decides ---

    async def _begin(self) -> None:
        await self._hub.join(self)
        self._put(messages.ConnectionAck())

    async def _hear(self, message: Any) -> None:
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

    def _due(self, now: float) -> bool:
        return bool(self._begun) or (bool(self._news) and now >= self._next)

    def _forget(self) -> None:
        super()._forget()
        self._news.clear()
        self._begun.clear()

    def _leave(self) -> None:
        for each in list(self._subscriptions):
            self._end_one(each)

    def _closing_of(self, error: RoostError) -> Closing:
        return closing_of(error)

    async def _farewell(self, closing: Closing) -> None:
        """The protocol has no words for it: the close frame says it all."""

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
            subscription = Subscription(self._find(request), request, beside=beside)
        except (DocumentErrors, RoostError) as error:
            self._allowed.give_back(self.user_id)
            self._put(messages.Error(subscription_id, refusal_of(error)))
            return
        self._subscriptions[subscription_id] = subscription
        if subscription.topic == POST:
            # Watched from before it is read: nothing falls between.
            self._hub.watch(self, subscription.post_id)
            self._begun.append(subscription_id)
            self.wake()

    def _end_one(self, subscription_id: str) -> None:
        ended = self._subscriptions.pop(subscription_id, None)
        if ended is None:
            return
        self._allowed.give_back(self.user_id)
        if ended.post_id and not any(
            each.post_id == ended.post_id for each in self._subscriptions.values()
        ):
            self._hub.unwatch(self, ended.post_id)
            self._news.pop(ended.post_id, None)

    def _fail(self, subscription_id: str, error: RoostError) -> None:
        self._end_one(subscription_id)
        self._put(messages.Error(subscription_id, refusal_of(error)))

    def _miss(self, *topics: str) -> None:
        self._metrics.gaps.inc()
        for topic in topics:
            for each in self._about(topic):
                self._fail(each, EventsExpired())

    def _about(self, topic: str, post_id: int = 0) -> list[str]:
        return [
            key
            for key, each in self._subscriptions.items()
            if each.topic == topic and each.post_id == post_id
        ]

    # --- what is sent ---

    async def _send_next(self) -> bool:
        if self._outbox:
            most = min(MOST_EVENTS, len(self._outbox))
            await self._send([self._outbox.popleft() for _ in range(most)])
        elif self._begun:
            await self._show_first(self._begun.popleft())
        elif self._news and self._clock.monotonic() >= self._next:
            self._next = self._clock.monotonic() + 1.0
            taken, self._news = self._news, {}
            await self._tell(taken)
        else:
            return False
        return True

    async def _send(self, items: Iterable[UserEvent | messages.ServerMessage]) -> None:
        items = list(items)
        events = [each for each in items if isinstance(each, UserEvent)]
        found = await self._viewer.read(lambda: self._loader.of_log(events)) if events else {}
        for item in items:
            if not isinstance(item, UserEvent):
                await self._say(item)
                continue
            event = found.get(item.sequence)
            if event is not None:
                for each in self._about(_TOPICS[topic_of(item)]):
                    await self._result(each, event)

    async def _show_first(self, subscription_id: str) -> None:
        subscription = self._subscriptions.get(subscription_id)
        if subscription is None:
            return
        wanted: dict[int, list[int]] = {subscription.post_id: []}
        events = await self._viewer.read(lambda: self._loader.of_posts(wanted))
        event = events[subscription.post_id]
        if event.activity is None or event.activity.post is None:
            self._fail(subscription_id, PostNotFound())
            return
        await self._result(subscription_id, event)

    async def _tell(self, news: dict[int, list[int]]) -> None:
        for post_id, event in (
            await self._viewer.read(lambda: self._loader.of_posts(news))
        ).items():
            for each in self._about(POST, post_id):
                await self._result(each, event)
                if event.activity is None or event.activity.post is None:
                    self._end_one(each)
                    await self._say(messages.Complete(each))

    async def _result(self, subscription_id: str, event: Event) -> None:
        subscription = self._subscriptions.get(subscription_id)
        if subscription is None:
            return  # ended meanwhile
        result = await self._viewer.read(
            lambda: subscription.result(event, self._backends, self.user_id)
        )
        if subscription_id in self._subscriptions:
            await self._say(messages.Next(subscription_id, shown(result)))

    async def _say(self, message: messages.ServerMessage) -> None:
        async with asyncio.timeout(SEND_SECONDS):
            await self._send_text(messages.encode(message))
        self._metrics.frame(message)


def read(message: Any) -> messages.ClientMessage:
    """A message of the client. Raises FrameInvalid."""
    text = message.get("text")
    if text is None:
        raise FrameInvalid("Send messages as text.")
    try:
        return cast(messages.ClientMessage, _reader.read(text.encode()))
    except RoostError as error:
        raise FrameInvalid(error.message, violations=error.violations) from None

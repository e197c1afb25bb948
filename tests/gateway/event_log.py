"""An event service whose log a test writes: it keeps what EventService promises, and no more."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from roost.notification.v1.event_service_pb2 import (
    Attached,
    AttachRequest,
    AttachResponse,
    EventGap,
    HashtagActivity,
    PostActivity,
    ReadEventsRequest,
    ReadEventsResponse,
)
from roost.notification.v1.event_service_pb2_grpc import (
    EventServiceServicer,
    add_EventServiceServicer_to_server,
)
from roost.notification.v1.notification_pb2 import UserEvent

from services.chassis.auth import access_policy
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.errors import Unavailable


class FakeEvents:
    """Everybody's log, and the streams that are attached to it."""

    def __init__(self) -> None:
        self.logs: dict[int, list[UserEvent]] = {}
        self.first: dict[int, int] = {}
        self.streams: list[_Stream] = []
        self.opened = 0
        self.reads: list[ReadEventsRequest] = []

    def mount(self) -> MountedServicer:
        return MountedServicer(add_EventServiceServicer_to_server, _Servicer(self))

    def add(self, user_id: int, *, announced: bool = True, age: float = 0.0, **kind: Any) -> int:
        """Log an event, and tell the streams unless it is to get lost on its way."""
        log = self.logs.setdefault(user_id, [])
        time = Timestamp()
        time.GetCurrentTime()
        time.seconds -= int(age)
        event = UserEvent(user_id=user_id, sequence=len(log) + 1, event_time=time, **kind)
        log.append(event)
        if announced:
            self.tell(event)
        return event.sequence

    def tell(self, event: UserEvent) -> None:
        for stream in self.streams:
            if event.user_id in stream.people:
                stream.tell(event)

    def happened(self, activity: PostActivity) -> None:
        for stream in self.streams:
            if activity.post_id in stream.posts:
                stream.say(AttachResponse(activity=activity))

    def posted(self, tag: str, post_id: int) -> None:
        """Somebody wrote a post with a hashtag."""
        activity = HashtagActivity(tag=tag, post_id=post_id)
        for stream in self.streams:
            if tag in stream.hashtags:
                stream.say(AttachResponse(hashtag_activity=activity))

    def forget(self, user_id: int, *, before: int) -> None:
        """What is older is gone."""
        self.first[user_id] = before

    def cut(self) -> None:
        for stream in list(self.streams):
            stream.said.put_nowait(None)

    def after(self, user_id: int, sequence: int) -> list[UserEvent]:
        first = max(sequence + 1, self.first.get(user_id, 1))
        return self.logs.get(user_id, [])[first - 1 :]

    def limited(self, user_id: int, sequence: int) -> bool:
        return sequence + 1 < self.first.get(user_id, 1)


class _Stream:
    def __init__(self) -> None:
        self.people: set[int] = set()
        self.posts: set[int] = set()
        self.hashtags: set[str] = set()
        self.said: asyncio.Queue[AttachResponse | None] = asyncio.Queue()

    def say(self, response: AttachResponse) -> None:
        self.said.put_nowait(response)

    def tell(self, event: UserEvent) -> None:
        if event.HasField("arrivals_missed"):
            gap = EventGap(user_id=event.user_id, first_sequence=event.sequence, home_only=True)
            self.say(AttachResponse(gap=gap))
        self.say(AttachResponse(event=event))


class _Servicer(EventServiceServicer):
    def __init__(self, events: FakeEvents) -> None:
        self._events = events

    @access_policy.service("gateway")
    async def Attach(self, requests: Any, context: Any) -> AsyncIterator[AttachResponse]:
        stream = _Stream()
        self._events.streams.append(stream)
        self._events.opened += 1
        listening = asyncio.create_task(self._listen(stream, requests))
        try:
            while (response := await stream.said.get()) is not None:
                yield response
            raise Unavailable
        finally:
            self._events.streams.remove(stream)
            listening.cancel()

    async def _listen(self, stream: _Stream, requests: AsyncIterator[AttachRequest]) -> None:
        async for request in requests:
            match request.WhichOneof("step"):
                case "attach":
                    self._attach(stream, request.attach.user_id, request.attach.after_sequence)
                case "detach":
                    stream.people.discard(request.detach.user_id)
                case "attach_post":
                    stream.posts.add(request.attach_post.post_id)
                case "detach_post":
                    stream.posts.discard(request.detach_post.post_id)
                case "attach_hashtag":
                    stream.hashtags.add(request.attach_hashtag.tag)
                case "detach_hashtag":
                    stream.hashtags.discard(request.detach_hashtag.tag)

    def _attach(self, stream: _Stream, user_id: int, after: int) -> None:
        last = len(self._events.logs.get(user_id, []))
        stream.people.add(user_id)
        stream.say(AttachResponse(attached=Attached(user_id=user_id, last_sequence=last)))
        if after < 0:
            return
        if self._events.limited(user_id, after):
            first = self._events.first[user_id]
            stream.say(AttachResponse(gap=EventGap(user_id=user_id, first_sequence=first)))
        for event in self._events.after(user_id, after):
            stream.tell(event)

    @access_policy.user_or_service("gateway")
    async def ReadEvents(self, request: ReadEventsRequest, context: Any) -> ReadEventsResponse:
        self._events.reads.append(request)
        found = self._events.after(request.user_id, request.after_sequence)
        page = found[: request.page_size or 100]
        gone = self._events.limited(request.user_id, request.after_sequence)
        missed = any(event.HasField("arrivals_missed") for event in page)
        return ReadEventsResponse(
            events=page,
            last_sequence=len(self._events.logs.get(request.user_id, [])),
            limited=gone or missed,
            home_only=missed and not gone,
        )

"""The hub between the one upstream and all connections of the process."""

import asyncio
from collections.abc import Iterator
from typing import Protocol

from roost.notification.v1.event_service_pb2 import (
    AttachHashtag,
    AttachPost,
    AttachRequest,
    AttachResponse,
    AttachUser,
    DetachHashtag,
    DetachPost,
    DetachUser,
    HashtagActivity,
    PostActivity,
)
from roost.notification.v1.notification_pb2 import UserEvent

from gateway.protocols.stream.close_codes import Closing
from gateway.protocols.stream.metrics import StreamMetrics
from services.chassis.runtime.errors import TooMany, Unavailable

# Connections of one user in one process: enough for devices and tabs, too few for a leak.
MAX_EACH = 20
# How long a new connection waits to be attached, in seconds.
_ATTACH_SECONDS = 5.0


class TooManyConnections(TooMany):
    """The user has as many connections as anybody may."""

    reason = "TOO_MANY_CONNECTIONS"
    message = f"You have {MAX_EACH} connections open; close one first."


class Listener(Protocol):
    """One connection, as the hub sees it. No method waits."""

    user_id: int
    session_id: int

    def deliver(self, event: UserEvent) -> None:
        """The user's next event."""
        ...

    def skip_to(self, first_sequence: int) -> None:
        """Events before this one cannot be had."""
        ...

    def on_activity(self, activity: PostActivity) -> None:
        """Something happened around a post that is watched."""
        ...

    def on_hashtag_activity(self, activity: HashtagActivity) -> None:
        """Somebody wrote a post with a hashtag that is watched."""
        ...

    def end_session(self) -> None:
        """The session has ended."""
        ...

    def on_tick(self, now: float) -> None:
        """Time has passed: about half a second."""
        ...

    def close(self, closing: Closing) -> None:
        """The connection is to end."""
        ...


# What a connection watches: a post by its id, or a hashtag by its folded form.
Watched = int | str


class Upstream(Protocol):
    """Where the hub sends its requests."""

    def ask(self, request: AttachRequest) -> None:
        """Sends a step upstream."""
        ...


class _Following:
    """One user's position in their log, and their connections."""

    __slots__ = ("attached", "last", "mending", "sockets", "user_id")

    def __init__(self, user_id: int) -> None:
        self.user_id = user_id
        self.sockets: set[Listener] = set()
        # The newest event that was delivered; -1 until the service has sent its position.
        self.last = -1
        self.attached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # A hole was seen and its events were asked for again.
        self.mending = False

    def request(self) -> AttachRequest:
        """What attaches the user from where they are."""
        return AttachRequest(attach=AttachUser(user_id=self.user_id, after_sequence=self.last))


class Hub:
    """Delivers each event to the connections of its user, once and in order.

    Whatever upstream repeats is dropped; where it leaves a hole, or is opened again, the user is
    attached again after the last event that was handed on.
    """

    def __init__(self, *, metrics: StreamMetrics) -> None:
        self._metrics = metrics
        self._people: dict[int, _Following] = {}
        self._watchers: dict[Watched, set[Listener]] = {}
        self._upstream: Upstream | None = None

    def connect(self, upstream: Upstream) -> None:
        """Sets the upstream, before the first connection joins."""
        self._upstream = upstream

    async def join(self, socket: Listener) -> int:
        """Registers a connection for events of its user, and returns the newest sequence then:
        what comes after is delivered.

        Raises TooManyConnections, or Unavailable where the event service does not answer.
        """
        following = self._people.get(socket.user_id)
        if following is None:
            following = self._people[socket.user_id] = _Following(socket.user_id)
            self._metrics.people.inc()
            self._ask(following.request())
        elif len(following.sockets) >= MAX_EACH:
            raise TooManyConnections
        following.sockets.add(socket)
        try:
            async with asyncio.timeout(_ATTACH_SECONDS):
                await asyncio.shield(following.attached)
        except TimeoutError:
            raise Unavailable(retry_after=2.0) from None
        return following.last

    def leave(self, socket: Listener) -> None:
        """Forgets a connection; harmless if it never joined."""
        following = self._people.get(socket.user_id)
        if following is None or socket not in following.sockets:
            return
        following.sockets.discard(socket)
        if not following.sockets:
            del self._people[socket.user_id]
            self._metrics.people.dec()
            following.attached.cancel()
            self._ask(AttachRequest(detach=DetachUser(user_id=socket.user_id)))

    def last(self, user_id: int) -> int:
        """The newest event that was delivered to a connected user."""
        return self._people[user_id].last

    def watch(self, socket: Listener, watched: Watched) -> None:
        """Registers a connection for activity of a post or a hashtag."""
        watchers = self._watchers.get(watched)
        if watchers is None:
            watchers = self._watchers[watched] = set()
            self._ask(_attach(watched))
        watchers.add(socket)

    def unwatch(self, socket: Listener, watched: Watched) -> None:
        """Ends that; harmless if it did not watch."""
        watchers = self._watchers.get(watched)
        if watchers is None:
            return
        watchers.discard(socket)
        if not watchers:
            del self._watchers[watched]
            self._ask(_detach(watched))

    def sockets(self) -> list[Listener]:
        """All that have joined."""
        return [socket for each in self._people.values() for socket in each.sockets]

    def attached_requests(self) -> Iterator[AttachRequest]:
        """All that an upstream which opens now has to attach."""
        self._metrics.attached.inc()
        for following in self._people.values():
            following.mending = False
            yield following.request()
        yield from map(_attach, self._watchers)

    def on_response(self, response: AttachResponse) -> None:
        """Delivers a response of upstream."""
        step = response.WhichOneof("step")
        if step == "event":
            self._event(response.event)
        elif step == "events":
            for event in response.events.events:
                self._event(event)
        elif step == "activity":
            for socket in list(self._watchers.get(response.activity.post_id, ())):
                socket.on_activity(response.activity)
        elif step == "hashtag_activity":
            for socket in list(self._watchers.get(response.hashtag_activity.tag, ())):
                socket.on_hashtag_activity(response.hashtag_activity)
        elif step == "attached":
            self._attached(response.attached.user_id, response.attached.last_sequence)
        elif step == "gap" and not response.gap.home_only:  # its event says the same in its place
            self._gap(response.gap.user_id, response.gap.first_sequence)

    def _event(self, event: UserEvent) -> None:
        following = self._people.get(event.user_id)
        if following is None or not 0 <= following.last < event.sequence:
            return
        if event.sequence > following.last + 1:
            if not following.mending:
                following.mending = True
                self._ask(AttachRequest(detach=DetachUser(user_id=event.user_id)))
                self._ask(following.request())
            return
        following.last = event.sequence
        ended = event.session.session_id if event.HasField("session") else 0
        for socket in list(following.sockets):
            if socket.session_id == ended:
                socket.end_session()
            else:
                socket.deliver(event)

    def _attached(self, user_id: int, last_sequence: int) -> None:
        following = self._people.get(user_id)
        if following is None:
            return
        following.mending = False
        if following.last < 0:
            following.last = last_sequence
        elif last_sequence < following.last:
            # The log is older than what was delivered: a backup of the service was restored.
            self._gap(user_id, last_sequence + 1)
        if not following.attached.done():
            following.attached.set_result(None)

    def _gap(self, user_id: int, first_sequence: int) -> None:
        following = self._people.get(user_id)
        if following is None:
            return
        following.last = first_sequence - 1
        for socket in list(following.sockets):
            socket.skip_to(first_sequence)

    def _ask(self, request: AttachRequest) -> None:
        if self._upstream is None:
            raise RuntimeError("the hub was not connected")
        self._upstream.ask(request)


def _attach(watched: Watched) -> AttachRequest:
    if isinstance(watched, str):
        return AttachRequest(attach_hashtag=AttachHashtag(tag=watched))
    return AttachRequest(attach_post=AttachPost(post_id=watched))


def _detach(watched: Watched) -> AttachRequest:
    if isinstance(watched, str):
        return AttachRequest(detach_hashtag=DetachHashtag(tag=watched))
    return AttachRequest(detach_post=DetachPost(post_id=watched))

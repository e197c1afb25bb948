"""The topics of one connection: lists of its user, and posts that it watches."""

from collections.abc import Mapping, Sequence

from roost.notification.v1.event_service_pb2 import PostActivity

from gateway.core import problems
from gateway.core.ids import parse_id
from gateway.protocols.stream import frames
from gateway.protocols.stream.close_codes import PATH
from gateway.protocols.stream.hub import Hub, Listener
from gateway.protocols.stream.presenter import EventPresenter
from gateway.protocols.stream.viewer import Viewer
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import (
    Invalid,
    NotFound,
    RoostError,
    TooMany,
)

LISTS = frozenset(("home", "notifications", "account"))
MAX_POSTS = 50
# How often a watched post is read again at most, in seconds.
_PACE = 1.0


class TopicInvalid(Invalid):
    """There is no such topic."""

    reason = "TOPIC_INVALID"
    message = "A topic is home, notifications, account, or post: and an id."


class TooManySubscriptions(TooMany):
    """The connection watches as many posts as it may."""

    reason = "TOO_MANY_SUBSCRIPTIONS"
    message = f"A connection watches {MAX_POSTS} posts at most; unsubscribe from some."


class PostNotFound(NotFound):
    """There is no such post for this reader."""

    reason = "POST_NOT_FOUND"
    message = "There is no such post."


class Subscriptions:
    """The topics of one connection."""

    def __init__(
        self,
        socket: Listener,
        *,
        viewer: Viewer,
        hub: Hub,
        presenter: EventPresenter,
        clock: Clock,
    ) -> None:
        # Only lists; watched posts are in `_posts`.
        self.topics: set[str] = set()
        self._viewer = viewer
        self._socket = socket
        self._hub = hub
        self._presenter = presenter
        self._clock = clock
        self._posts: set[int] = set()
        # Posts with activity that was not sent yet: their new replies.
        self._news: dict[int, list[int]] = {}
        self._next = 0.0

    async def add(self, topics: Sequence[str]) -> list[frames.ServerFrame]:
        """Adds topics; returns the frames to send: which begin, and which are refused and why.

        A post is watched from before it is read, and shown as it is then: nothing falls between.
        """
        said: list[frames.ServerFrame] = []
        begun: list[str] = []
        wanted: dict[int, str] = {}
        for topic in dict.fromkeys(topics):
            post_id = _post_of(topic)
            if topic in LISTS:
                self.topics.add(topic)
                begun.append(topic)
            elif post_id is None:
                said.append(_refused(TopicInvalid(), topic))
            elif post_id not in self._posts and len(self._posts) >= MAX_POSTS:
                said.append(_refused(TooManySubscriptions(), topic))
            else:
                self._watch(post_id)
                wanted[post_id] = topic
        shown = await self._show(dict.fromkeys(wanted, ())) if wanted else {}
        for post_id, topic in wanted.items():
            if shown[post_id].post is None:
                self._unwatch(post_id)
                said.append(_refused(PostNotFound(), topic))
            else:
                begun.append(topic)
        if begun:
            said.append(frames.Subscribed(begun))
        said += [shown[post_id] for post_id in wanted if shown[post_id].post is not None]
        return said

    def remove(self, topics: Sequence[str]) -> frames.ServerFrame:
        """Removes topics; those that were not there are as good as removed."""
        for topic in topics:
            self.topics.discard(topic)
            post_id = _post_of(topic)
            if post_id is not None:
                self._unwatch(post_id)
        return frames.Unsubscribed(list(dict.fromkeys(topics)))

    def end(self) -> None:
        for post_id in list(self._posts):
            self._unwatch(post_id)

    def on_activity(self, activity: PostActivity) -> None:
        """Remembers that a post is to be sent again."""
        replies = self._news.setdefault(activity.post_id, [])
        if activity.reply_post_id and activity.reply_post_id not in replies:
            replies.append(activity.reply_post_id)

    def due(self, now: float) -> bool:
        """Whether there is activity that may be sent now."""
        return bool(self._news) and now >= self._next

    async def news(self) -> list[frames.ServerFrame]:
        """The frames about posts with new activity."""
        self._next = self._clock.monotonic() + _PACE
        taken, self._news = self._news, {}
        said: list[frames.ServerFrame] = []
        for post_id, activity in (await self._show(taken)).items():
            if post_id not in self._posts:
                continue  # unsubscribed while it was read
            said.append(activity)
            if activity.post is None:
                self._unwatch(post_id)
                said.append(frames.Unsubscribed([activity.topic]))
        return said

    async def _show(self, wanted: Mapping[int, Sequence[int]]) -> dict[int, frames.Activity]:
        return await self._viewer.read(lambda: self._presenter.activities(wanted))

    def _watch(self, post_id: int) -> None:
        self._posts.add(post_id)
        self._hub.watch(self._socket, post_id)

    def _unwatch(self, post_id: int) -> None:
        if post_id in self._posts:
            self._posts.discard(post_id)
            self._news.pop(post_id, None)
            self._hub.unwatch(self._socket, post_id)


def _post_of(topic: str) -> int | None:
    kind, _, number = topic.partition(":")
    return parse_id(number) if kind == "post" and number else None


def _refused(error: RoostError, topic: str) -> frames.Error:
    return frames.Error(problems.problem_of(error, instance=PATH), topic)

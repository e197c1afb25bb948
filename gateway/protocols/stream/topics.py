"""The topics of one connection: lists of its user, and posts and hashtags that it watches."""

from collections.abc import Mapping, Sequence

from roost.notification.v1.event_service_pb2 import HashtagActivity, PostActivity

from gateway.core import problems
from gateway.core.ids import parse_id
from gateway.protocols.stream import frames
from gateway.protocols.stream.close_codes import PATH
from gateway.protocols.stream.hashtag_news import HashtagNews, folded
from gateway.protocols.stream.hub import Hub, Listener, Watched
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
MAX_WATCHED = 50
# How often what is watched is read again at most, in seconds.
_PACE = 1.0


class TopicInvalid(Invalid):
    """There is no such topic."""

    reason = "TOPIC_INVALID"
    message = "A topic is home, notifications, account, post: and an id, or hashtag: and a hashtag."


class TooManySubscriptions(TooMany):
    """The connection watches as many posts and hashtags as it may."""

    reason = "TOO_MANY_SUBSCRIPTIONS"
    message = (
        f"A connection watches {MAX_WATCHED} posts and hashtags at most; unsubscribe from some."
    )


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
        # Only lists; what is watched is in `_posts` and `_hashtags`.
        self.topics: set[str] = set()
        self._viewer = viewer
        self._socket = socket
        self._hub = hub
        self._presenter = presenter
        self._clock = clock
        self._posts: set[int] = set()
        self._hashtags = HashtagNews()
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
            watched = _watched_of(topic)
            if topic in LISTS:
                self.topics.add(topic)
                begun.append(topic)
            elif watched is None:
                said.append(_refused(TopicInvalid(), topic))
            elif not self._watches(watched) and self._count() >= MAX_WATCHED:
                said.append(_refused(TooManySubscriptions(), topic))
            elif isinstance(watched, str):
                self._watch(watched)
                begun.append(_topic_of(watched))
            else:
                self._watch(watched)
                wanted[watched] = topic
        shown = await self._show(dict.fromkeys(wanted, ())) if wanted else {}
        for post_id, topic in wanted.items():
            if shown[post_id].post is None:
                self._unwatch(post_id)
                said.append(_refused(PostNotFound(), topic))
            else:
                begun.append(topic)
        if begun:
            said.append(frames.Subscribed(list(dict.fromkeys(begun))))
        said += [shown[post_id] for post_id in wanted if shown[post_id].post is not None]
        return said

    def remove(self, topics: Sequence[str]) -> frames.ServerFrame:
        """Removes topics; those that were not there are as good as removed."""
        ended: list[str] = []
        for topic in topics:
            self.topics.discard(topic)
            watched = _watched_of(topic)
            if watched is None:
                ended.append(topic)
            else:
                self._unwatch(watched)
                ended.append(_topic_of(watched))
        return frames.Unsubscribed(list(dict.fromkeys(ended)))

    def end(self) -> None:
        everything: list[Watched] = [*self._posts, *self._hashtags.tags()]
        for watched in everything:
            self._unwatch(watched)

    def on_activity(self, activity: PostActivity) -> None:
        """Remembers that a post is to be sent again."""
        replies = self._news.setdefault(activity.post_id, [])
        if activity.reply_post_id and activity.reply_post_id not in replies:
            replies.append(activity.reply_post_id)

    def on_hashtag_activity(self, activity: HashtagActivity) -> None:
        """Remembers that a new post with a hashtag is to be sent."""
        self._hashtags.on_activity(activity)

    def due(self, now: float) -> bool:
        """Whether there is activity that may be sent now."""
        return now >= self._next and (bool(self._news) or self._hashtags.waiting)

    async def news(self) -> list[frames.ServerFrame]:
        """The frames about posts with new activity, and about new posts with hashtags."""
        self._next = self._clock.monotonic() + _PACE
        taken, self._news = self._news, {}
        new = self._hashtags.take()
        said = await self._activities(taken) if taken else []
        return [*said, *(await self._new_posts(new) if new else ())]

    async def _activities(self, taken: Mapping[int, Sequence[int]]) -> list[frames.ServerFrame]:
        said: list[frames.ServerFrame] = []
        for post_id, activity in (await self._show(taken)).items():
            if post_id not in self._posts:
                continue  # unsubscribed while it was read
            said.append(activity)
            if activity.post is None:
                self._unwatch(post_id)
                said.append(frames.Unsubscribed([activity.topic]))
        return said

    async def _new_posts(self, new: Mapping[str, Sequence[int]]) -> list[frames.HashtagPosts]:
        shown = await self._viewer.read(lambda: self._presenter.hashtag_posts(new))
        # Some may have been unsubscribed while they were read.
        return [shown[tag] for tag in new if tag in shown and tag in self._hashtags]

    async def _show(self, wanted: Mapping[int, Sequence[int]]) -> dict[int, frames.Activity]:
        return await self._viewer.read(lambda: self._presenter.activities(wanted))

    def _count(self) -> int:
        return len(self._posts) + len(self._hashtags)

    def _watches(self, watched: Watched) -> bool:
        return watched in self._posts or watched in self._hashtags

    def _watch(self, watched: Watched) -> None:
        if isinstance(watched, str):
            self._hashtags.add(watched)
        else:
            self._posts.add(watched)
        self._hub.watch(self._socket, watched)

    def _unwatch(self, watched: Watched) -> None:
        if not self._watches(watched):
            return
        if isinstance(watched, str):
            self._hashtags.remove(watched)
        else:
            self._posts.discard(watched)
            self._news.pop(watched, None)
        self._hub.unwatch(self._socket, watched)


def _watched_of(topic: str) -> Watched | None:
    kind, _, name = topic.partition(":")
    match kind:
        case "post" if name:
            return parse_id(name)
        case "hashtag":
            return folded(name)
        case _:
            return None


def _topic_of(watched: Watched) -> str:
    return f"{frames.HASHTAG}{watched}" if isinstance(watched, str) else f"post:{watched}"


def _refused(error: RoostError, topic: str) -> frames.Error:
    return frames.Error(problems.problem_of(error, instance=PATH), topic)

"""From events of the log to roots of results, loaded for each reader."""

from collections.abc import Mapping, Sequence

from roost.notification.v1.notification_pb2 import UserEvent

from gateway.api.events import queries
from gateway.api.events.graphql import HashtagActivity, PostActivity
from gateway.api.events.graphql import Subscription as Event
from gateway.api.events.types import (
    Arrival,
    NotificationEvent,
    logged,
    plain,
)
from gateway.api.notifications.types import Notification, notification_id
from gateway.api.posts.types import Seen
from gateway.api.timelines.types import TimelineItem
from gateway.core.clients import Backends
from gateway.core.hydrate import hydrate_posts

_MOST_REPLIES = 20


class EventLoader:
    """Of one connection; used within `Viewer.read`. It keeps nothing."""

    def __init__(self, backends: Backends, viewer_id: int) -> None:
        self._backends = backends
        self._viewer_id = viewer_id

    async def of_log(self, events: Sequence[UserEvent]) -> dict[int, Event]:
        """By sequence, what there is to show; the rules of its list may leave an event out."""
        entries = {
            each.sequence: queries.entry_of(each) for each in events if each.HasField("home")
        }
        found, kept = await queries.arrivals(self._backends, entries, self._viewer_id)
        seen = Seen(found)
        items = {each: TimelineItem(entry=entry, seen=seen) for each, entry in kept.items()}
        updates = await self._notifications(
            [each for each in events if each.HasField("notification")]
        )
        roots = {}
        for event in events:
            item, became = items.get(event.sequence), updates.get(event.sequence)
            change = Arrival(item=item) if item else became or plain(event)
            if change is not None:
                roots[event.sequence] = Event(
                    arrival=item, notification=became, event=logged(event, change)
                )
        return roots

    async def of_posts(self, news: Mapping[int, Sequence[int]]) -> dict[int, Event]:
        """By post, what became of it, with these of its replies."""
        newest = {post_id: sorted(replies)[-_MOST_REPLIES:] for post_id, replies in news.items()}
        ids = dict.fromkeys([*news, *(each for replies in newest.values() for each in replies)])
        found = await hydrate_posts(self._backends, list(ids)[: queries.MOST_POSTS])
        seen = Seen(found)
        roots = {}
        for post_id, replies in newest.items():
            what = queries.watched(post_id, replies, found)
            roots[post_id] = Event(
                activity=PostActivity(
                    post=seen.post(what.post) if what.post is not None else None,
                    replies=[seen.post(each) for each in what.replies],
                )
            )
        return roots

    async def of_hashtags(self, new: Mapping[str, Sequence[int]]) -> dict[str, Event]:
        """By hashtag, what the viewer may see of new posts with it; hashtags without any are
        missing."""
        found = await hydrate_posts(
            self._backends, [each for post_ids in new.values() for each in post_ids]
        )
        seen = Seen(found)
        roots = {}
        for tag, post_ids in new.items():
            posts = queries.with_hashtag(post_ids, found)
            if posts:
                shown = [seen.post(each) for each in posts]
                roots[tag] = Event(new_posts=HashtagActivity(posts=shown))
        return roots

    async def _notifications(self, of: Sequence[UserEvent]) -> dict[int, NotificationEvent]:
        found, changes = await queries.notification_updates(self._backends, of)
        seen = Seen(found)
        roots = {}
        for sequence, became in changes.items():
            if became is None:
                continue
            gone = notification_id(became.gone) if became.gone else None
            if became.group is None:
                event = NotificationEvent(notification=None, replaces_id=None, withdrawn_id=gone)
            else:
                now = Notification(message=became.group, seen=seen)
                event = NotificationEvent(notification=now, replaces_id=gone, withdrawn_id=None)
            roots[sequence] = event
        return roots

"""From events of the log to frames: hydrate → rules → present, as REST does it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Self, cast, get_args

from roost.notification.v1.notification_pb2 import SecurityNotice, UserEvent

from gateway.api.events import queries
from gateway.api.events.shared_items import Arrivals
from gateway.core.clients import Backends, ServiceBackends
from gateway.core.hydrate import Entry, hydrate_posts
from gateway.protocols.stream import frames
from gateway.views import presentation, shapes
from services.chassis.runtime.clock import Clock

# How many connections of a process read what they watch at a time: a post that thousands watch
# delays their next look at it, and nothing else.
_WATCHING = 32
_MOST_REPLIES = 20

# Kinds that a newer service may send are left out.
_RESOURCES: dict[str, frames.Resource] = {each: each for each in get_args(frames.Resource)}
_MARKED: dict[str, frames.MarkedList] = {each: each for each in get_args(frames.MarkedList)}


class EventPresenter:
    """Presents with the rights of the caller: within `Viewer.read`."""

    @classmethod
    def of_process(cls, *, backends: Backends, own: ServiceBackends, clock: Clock) -> Self:
        """The presenter of all connections of a process."""
        arrivals = Arrivals(backends=backends, graph=own.graph, clock=clock)
        return cls(backends=backends, arrivals=arrivals)

    def __init__(self, *, backends: Backends, arrivals: Arrivals) -> None:
        self._backends = backends
        self._arrivals = arrivals
        self._watching = asyncio.Semaphore(_WATCHING)

    async def changes(self, of: Sequence[UserEvent], viewer_id: int) -> list[frames.Change | None]:
        """For each of up to MOST_EVENTS events what to show of it; None where the rules of its
        list leave it out, or it is of a kind that this version does not know."""
        found = await self._shared([each for each in of if each.HasField("home")], viewer_id)
        entries = {
            each.sequence: queries.entry_of(each)
            for each in of
            if each.HasField("home") and each.sequence not in found
        }
        found |= await self._arrived(entries, viewer_id)
        found |= await self._notifications([each for each in of if each.HasField("notification")])
        return [found[each.sequence] if each.sequence in found else _plain(each) for each in of]

    async def activities(self, wanted: Mapping[int, Sequence[int]]) -> dict[int, frames.Activity]:
        """Posts that are watched, as they are now, each with these of its replies."""
        newest = {post_id: sorted(replies)[-_MOST_REPLIES:] for post_id, replies in wanted.items()}
        ids = dict.fromkeys([*wanted, *(each for replies in newest.values() for each in replies)])
        async with self._watching:
            found = await hydrate_posts(self._backends, list(ids)[: queries.MOST_POSTS])
        presenter = presentation.Presenter(found)
        shown: dict[int, frames.Activity] = {}
        for post_id, replies in newest.items():
            seen = queries.watched(post_id, replies, found)
            shown[post_id] = frames.Activity(
                f"post:{post_id}",
                presenter.message(seen.post) if seen.post else None,
                [presenter.message(each) for each in seen.replies],
            )
        return shown

    async def hashtag_posts(
        self, wanted: Mapping[str, Sequence[int]]
    ) -> dict[str, frames.HashtagPosts]:
        """Of new posts with hashtags what the viewer may see of them; hashtags without any are
        missing."""
        async with self._watching:
            found = await hydrate_posts(
                self._backends, [each for post_ids in wanted.values() for each in post_ids]
            )
        presenter = presentation.Presenter(found)
        shown: dict[str, frames.HashtagPosts] = {}
        for tag, post_ids in wanted.items():
            posts = queries.with_hashtag(post_ids, found)
            if posts:
                topic = f"{frames.HASHTAG}{tag}"
                shown[tag] = frames.HashtagPosts(topic, [presenter.message(each) for each in posts])
        return shown

    async def _shared(
        self, of: Sequence[UserEvent], viewer_id: int
    ) -> dict[int, frames.Change | None]:
        """The arrivals that look the same to all; the others are left to be read by themselves."""
        asked = []
        for event in of:
            if self._arrivals.may_share(event):
                entry = queries.entry_of(event)
                wanted = self._arrivals.is_wanted(entry, viewer_id)
                asked.append((event.sequence, self._arrivals.item(entry), wanted))
        found: dict[int, frames.Change | None] = {}
        for sequence, item, wanted in asked:
            # Others wait for the same; one who is cut off must not take it from them.
            shown = await asyncio.shield(item)
            is_wanted = await asyncio.shield(wanted)
            if shown is not None:
                arrival = frames.Arrival(cast(shapes.TimelineItem, shown))
                found[sequence] = arrival if is_wanted else None
        return found

    async def _arrived(
        self, entries: dict[int, Entry], viewer_id: int
    ) -> dict[int, frames.Change | None]:
        found, kept = await queries.arrivals(self._backends, entries, viewer_id)
        items = presentation.Presenter(found).items(kept.values())
        shown = {each: frames.Arrival(item) for each, item in zip(kept, items, strict=True)}
        return {each: shown.get(each) for each in entries}

    async def _notifications(self, of: Sequence[UserEvent]) -> dict[int, frames.Change | None]:
        found, updates = await queries.notification_updates(self._backends, of)
        showing = presentation.Presenter(found)
        shown: dict[int, frames.Change | None] = dict.fromkeys(updates)
        for sequence, became in updates.items():
            if became is None:
                continue
            gone = str(became.gone) if became.gone else None
            if became.group is not None:
                notification = showing.notification(became.group)
                shown[sequence] = frames.NotificationUpdated(notification, gone)
            elif gone is not None:
                shown[sequence] = frames.NotificationWithdrawn(gone)
        return shown


def _plain(event: UserEvent) -> frames.Change | None:
    """What needs nothing loaded."""
    match event.WhichOneof("kind"):
        case "resource":
            change = event.resource
            if change.resource == queries.HASHTAG_FOLLOW:
                return frames.HashtagFollowChanged(change.tag, change.deleted)
            if change.resource not in _RESOURCES:
                return None
            resource = _RESOURCES[change.resource]
            return frames.ResourceChanged(resource, str(change.resource_id), change.deleted)
        case "marker":
            if event.marker.timeline not in _MARKED:
                return None
            timeline = _MARKED[event.marker.timeline]
            return frames.MarkerMoved(timeline, str(event.marker.last_read_id))
        case "session":
            return frames.SessionEnded(str(event.session.session_id))
        case "security":
            return _security(event.security)
        case _:
            return None


def _security(notice: SecurityNotice) -> frames.Change | None:
    match notice.WhichOneof("notice"):
        case "signed_in":
            found = notice.signed_in
            return frames.SignedIn(str(found.session_id), found.new_network)
        case "password_changed":
            return frames.PasswordChanged(str(notice.password_changed.session_id))
        case "sign_ins_failed":
            return frames.SignInsFailed(notice.sign_ins_failed.failures)
        case _:
            return None

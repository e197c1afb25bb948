"""From events of the log to frames: hydrate → rules → present, as REST does it."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import cast, get_args

from roost.notification.v1.notification_pb2 import UserEvent
from roost.post.v1.post_service_pb2 import BatchGetPostsRequest

from gateway import rules
from gateway.backends import Backends
from gateway.hydrate import Entry, Hydrated, hydrate_entries, hydrate_groups
from gateway.rest.v1 import present, types
from gateway.ws import frames
from gateway.ws.arrivals import Arrivals

# Events that are presented together: as many as one call brings the people of (200, five each).
MOST_EVENTS = 40
# Posts that are watched, with their replies, and are presented together; as many as a call brings.
MOST_POSTS = 200
# How many connections of a process read what they watch at a time: a post that thousands watch
# delays their next look at it, and nothing else.
_WATCHING = 32

# Kinds that a newer service may tell of are left out until this one knows them.
_RESOURCES: dict[str, frames.Resource] = {each: each for each in get_args(frames.Resource)}
_MARKED: dict[str, frames.MarkedList] = {each: each for each in get_args(frames.MarkedList)}


def topic_of(event: UserEvent) -> str:
    """The topic that an event belongs to."""
    match event.WhichOneof("kind"):
        case "home" | "arrivals_missed":
            return "home"
        case "notification":
            return "notifications"
        case "marker":
            return _MARKED.get(event.marker.timeline, "account")
        case _:
            return "account"


class Presenter:
    """Presents on behalf of whoever calls: within `Viewer.read`."""

    def __init__(self, *, backends: Backends, arrivals: Arrivals) -> None:
        self._backends = backends
        self._arrivals = arrivals
        self._watching = asyncio.Semaphore(_WATCHING)

    async def changes(
        self, events: Sequence[UserEvent], viewer_id: int
    ) -> list[frames.Change | None]:
        """For each of up to MOST_EVENTS events what to show of it; None where the rules of its
        list leave it out, or it is of a kind that this version does not know."""
        found = await self._shared([each for each in events if each.HasField("home")], viewer_id)
        entries = {
            each.sequence: _entry(each)
            for each in events
            if each.HasField("home") and each.sequence not in found
        }
        found |= await self._arrived(entries, viewer_id)
        found |= await self._told([each for each in events if each.HasField("notification")])
        return [found[each.sequence] if each.sequence in found else _plain(each) for each in events]

    async def posts(self, post_ids: Iterable[int]) -> tuple[Hydrated, present.Showing]:
        """Up to MOST_POSTS posts that are watched, or answer one that is."""
        async with self._watching:
            response = await self._backends.posts.BatchGetPosts(
                BatchGetPostsRequest(post_ids=post_ids)
            )
        found = Hydrated.of(response.posts, response.includes)
        return found, present.Showing(found)

    async def _shared(
        self, events: Sequence[UserEvent], viewer_id: int
    ) -> dict[int, frames.Change | None]:
        """The arrivals that look the same to all; the others are left to be read by themselves."""
        asked = []
        for event in events:
            if self._arrivals.may_share(event):
                entry = _entry(event)
                welcome = self._arrivals.welcome(entry, viewer_id)
                asked.append((event.sequence, self._arrivals.item(entry), welcome))
        found: dict[int, frames.Change | None] = {}
        for sequence, item, welcome in asked:
            # Others wait for the same; one who is cut off must not take it from them.
            shown = await asyncio.shield(item)
            is_welcome = await asyncio.shield(welcome)
            if shown is not None:
                arrival = frames.Arrival(cast(types.TimelineItem, shown))
                found[sequence] = arrival if is_welcome else None
        return found

    async def _arrived(
        self, entries: dict[int, Entry], viewer_id: int
    ) -> dict[int, frames.Change | None]:
        if not entries:
            return {}
        hydrated = await hydrate_entries(self._backends, list(entries.values()))
        belongs = rules.on_home(viewer_id)
        kept = {each: entry for each, entry in entries.items() if belongs(entry, hydrated)}
        items = present.Showing(hydrated).items(kept.values())
        shown = {each: frames.Arrival(item) for each, item in zip(kept, items, strict=True)}
        return {each: shown.get(each) for each in entries}

    async def _told(self, events: Sequence[UserEvent]) -> dict[int, frames.Change | None]:
        groups = {
            each.sequence: each.notification.group
            for each in events
            if not each.notification.withdrawn
        }
        hydrated = await hydrate_groups(self._backends, list(groups.values()))
        showing = present.Showing(hydrated)
        found: dict[int, frames.Change | None] = {}
        for event in events:
            told, group = event.notification, groups.get(event.sequence)
            replaces = str(told.previous_id) if told.previous_id else None
            if group is not None and rules.told(group, hydrated):
                shown = showing.notification(group)
                found[event.sequence] = frames.NotificationTold(shown, replaces)
            elif group is not None:
                # What it was before may have been shown.
                gone = frames.NotificationWithdrawn(replaces) if replaces else None
                found[event.sequence] = gone
        return found


def _entry(event: UserEvent) -> Entry:
    home = event.home
    return Entry(home.entry_id, home.post_id, home.author_id, home.reposter_id)


def _plain(event: UserEvent) -> frames.Change | None:
    """What needs nothing loaded."""
    match event.WhichOneof("kind"):
        case "notification":
            return frames.NotificationWithdrawn(str(event.notification.group.id))
        case "resource":
            told = event.resource
            if told.resource not in _RESOURCES:
                return None
            resource = _RESOURCES[told.resource]
            return frames.ResourceChanged(resource, str(told.resource_id), told.deleted)
        case "marker":
            if event.marker.timeline not in _MARKED:
                return None
            timeline = _MARKED[event.marker.timeline]
            return frames.MarkerMoved(timeline, str(event.marker.last_read_id))
        case "session":
            return frames.SessionEnded(str(event.session.session_id))
        case _:
            return None

"""Loads what events of the log are about, and applies the rules of their lists."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from roost.notification.v1.notification_pb2 import (
    NotificationChanged,
    NotificationGroup,
    UserEvent,
)
from roost.post.v1.post_pb2 import Post

from gateway.api.notifications.rules import is_notification_shown
from gateway.api.timelines.rules import on_home
from gateway.core.clients import Backends
from gateway.core.hydrate import (
    Entry,
    Hydrated,
    hydrate_entries,
    hydrate_groups,
)
from gateway.core.rules import authored, is_audible

# The kind of resource that has a hashtag in place of an id.
HASHTAG_FOLLOW = "hashtag_follow"
# Posts of an event that are read together; as many as a call brings.
MOST_POSTS = 200


def entry_of(event: UserEvent) -> Entry:
    """The place that a post took on the user's home."""
    home = event.home
    return Entry(home.entry_id, home.post_id, home.author_id, home.reposter_id, home.by_hashtag)


async def arrivals(
    backends: Backends, entries: dict[int, Entry], viewer_id: int
) -> tuple[Hydrated, dict[int, Entry]]:
    """What it takes to show entries of a home, and those that belong there; by sequence."""
    if not entries:
        return Hydrated(), {}
    found = await hydrate_entries(backends, list(entries.values()))
    belongs = on_home(viewer_id)
    return found, {each: entry for each, entry in entries.items() if belongs(entry, found)}


class NotificationUpdate(NamedTuple):
    """What became of a notification."""

    # As it is now; None where it is gone: withdrawn, or left out by the rules.
    group: NotificationGroup | None
    # The id that is no longer valid; 0 for none.
    gone: int


async def notification_updates(
    backends: Backends, events: Sequence[UserEvent]
) -> tuple[Hydrated, dict[int, NotificationUpdate | None]]:
    """What it takes to show the groups, and by sequence what became of them; None
    where there is nothing to say."""
    groups = [each.notification.group for each in events if not each.notification.withdrawn]
    found = await hydrate_groups(backends, groups)
    return found, {each.sequence: _update_of(each.notification, found) for each in events}


def _update_of(change: NotificationChanged, found: Hydrated) -> NotificationUpdate | None:
    if change.withdrawn:
        return NotificationUpdate(None, change.group.id)
    if is_notification_shown(change.group, found):
        return NotificationUpdate(change.group, change.previous_id)
    # What it was before may have been shown.
    return NotificationUpdate(None, change.previous_id) if change.previous_id else None


def with_hashtag(post_ids: Iterable[int], found: Hydrated) -> list[Post]:
    """Of new posts with a hashtag, those that the viewer may see and has not muted."""
    posts = [found.posts[each] for each in post_ids if each in found.posts]
    return [each for each in posts if is_audible(each.author_id, found)]


class Watched(NamedTuple):
    """A post that somebody watches, and its new replies, as they are to be shown."""

    post: Post | None
    replies: list[Post]


def watched(post_id: int, reply_ids: Iterable[int], found: Hydrated) -> Watched:
    """Of what was loaded, what the viewer may see and has not muted; no post where it is gone."""
    post = found.posts.get(post_id)
    replies = [found.posts[each] for each in reply_ids if each in found.posts]
    return Watched(
        post if post is not None and authored(post, found) else None,
        [each for each in replies if is_audible(each.author_id, found)],
    )

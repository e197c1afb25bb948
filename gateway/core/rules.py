"""The rules that drop entries from lists: pure functions of an entry and what was loaded for it.

Whether a post may be seen at all is the post service's decision: what it leaves out is hidden.
The rules here say which of the visible things belong on a list.
"""

from collections.abc import Callable

from roost.notification.v1.notification_pb2 import (
    NOTIFICATION_KIND_UNSPECIFIED,
    NotificationGroup,
    NotificationKind,
)
from roost.post.v1.post_pb2 import Post
from roost.user.v1.user_pb2 import User

from gateway.core.hydrate import Entry, Hydrated

_KINDS = frozenset(NotificationKind.values()) - {NOTIFICATION_KIND_UNSPECIFIED}

EntryRule = Callable[[Entry, Hydrated], bool]


def on_home(viewer_id: int) -> EntryRule:
    """The rule of the viewer's home: the post is visible; neither its author nor its reposter is
    muted; and the viewer follows its author or reposter, or is that person."""

    def belongs(entry: Entry, found: Hydrated) -> bool:
        if not visible(entry, found):
            return False
        stance = found.users[entry.author_id].viewer_relationship
        if stance.muting:
            return False
        actor_id = entry.author_id
        if entry.reposter_id:
            actor_id = entry.reposter_id
            stance = found.users[actor_id].viewer_relationship
            if stance.muting:
                return False
        return actor_id == viewer_id or is_on_home(following=stance.following, muting=stance.muting)

    return belongs


def is_on_home(*, following: bool, muting: bool) -> bool:
    """Whether posts and reposts of a person with this relationship belong on the viewer's home."""
    return following and not muting


def in_public(entry: Entry, found: Hydrated) -> bool:
    """The rule of the public timeline: the post is visible and its author is not muted."""
    return visible(entry, found) and not found.users[entry.author_id].viewer_relationship.muting


def visible(entry: Entry, found: Hydrated) -> bool:
    """The rule of a person's own list: the post, its author and its reposter may be seen."""
    return (
        entry.post_id in found.posts
        and entry.author_id in found.users
        and (not entry.reposter_id or entry.reposter_id in found.users)
    )


def authored(post: Post, found: Hydrated) -> bool:
    """The rule of lists of posts: the author may be seen, or only a tombstone is left."""
    return post.deleted or post.author_id in found.users


def listed(_: User, __: Hydrated) -> bool:
    """The rule of lists of people: their services have filtered them."""
    return True


def is_notification_shown(group: NotificationGroup, found: Hydrated) -> bool:
    """The rule of notifications, which the Notification service applies to the list, the count,
    digests and pushes: the post may be seen, and so may somebody who did it, unmuted. Here it drops
    what became hidden since that service answered, and applies to events of the log, which are as
    they were written. A kind that is newer than this gateway is left out: it does not know what to
    call it."""
    if group.kind not in _KINDS:
        return False
    if group.post_id and group.post_id not in found.posts:
        return False
    return any(is_audible(each, found) for each in group.sample_user_ids)


def is_audible(user_id: int, found: Hydrated) -> bool:
    """Whether this person's activities notify the viewer: they may be seen and are not muted."""
    person = found.users.get(user_id)
    return person is not None and not person.viewer_relationship.muting


def visible_actors(group: NotificationGroup, found: Hydrated) -> list[int]:
    """Those of a group whom the viewer may see and has not muted, newest first."""
    return [each for each in group.sample_user_ids if is_audible(each, found)]


def counted(group: NotificationGroup, found: Hydrated) -> int:
    """How many did it: those who are hidden from the viewer are not counted where all are known."""
    everybody = group.count <= len(group.sample_user_ids)
    return len(visible_actors(group, found)) if everybody else group.count

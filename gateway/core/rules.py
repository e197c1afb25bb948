"""Rules that several nouns share: pure functions of an entry and what was loaded for it.

Whether a post may be seen at all is the post service's decision: what it leaves out is hidden.
Rules, here and in `api/<noun>/rules`, decide which of the visible things belong on a list.
"""

from roost.notification.v1.notification_pb2 import (
    NotificationGroup,
)
from roost.post.v1.post_pb2 import Post
from roost.user.v1.user_pb2 import User

from gateway.core.hydrate import Hydrated


def authored(post: Post, found: Hydrated) -> bool:
    """The rule of lists of posts: the author may be seen, or only a tombstone is left."""
    return post.deleted or post.author_id in found.users


def readable(post_id: int, found: Hydrated) -> bool:
    """The rule of lists without tombstones: the post and its author may be seen."""
    post = found.posts.get(post_id)
    return post is not None and not post.deleted and post.author_id in found.users


def listed(_: User, __: Hydrated) -> bool:
    """The rule of lists of users: their services have filtered them."""
    return True


def is_audible(user_id: int, found: Hydrated) -> bool:
    """Whether this user's activities notify the viewer: they may be seen and are not muted."""
    user = found.users.get(user_id)
    return user is not None and not user.viewer_relationship.muting


def visible_actors(group: NotificationGroup, found: Hydrated) -> list[int]:
    """Those of a group whom the viewer may see and has not muted, newest first."""
    return [each for each in group.sample_user_ids if is_audible(each, found)]


def counted(group: NotificationGroup, found: Hydrated) -> int:
    """How many did it: those who are hidden from the viewer are not counted where all are known."""
    everybody = group.count <= len(group.sample_user_ids)
    return len(visible_actors(group, found)) if everybody else group.count

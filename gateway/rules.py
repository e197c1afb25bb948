"""What is dropped from lists, and why: pure functions of an entry and what was loaded for it.

Whether a post may be seen at all is the post service's decision: what it leaves out is hidden.
The rules here say which of the visible things belong on a list.
"""

from collections.abc import Callable

from roost.post.v1.post_pb2 import Post

from gateway.hydrate import Entry, Hydrated

EntryRule = Callable[[Entry, Hydrated], bool]


def on_home(viewer_id: int) -> EntryRule:
    """The rule of the viewer's home: the post is visible; neither its author nor its reposter is
    muted; and the viewer follows whoever brought it there, or did so themselves."""

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
        return stance.following or actor_id == viewer_id

    return belongs


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

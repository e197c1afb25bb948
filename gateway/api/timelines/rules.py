"""The rules of timelines: which entries belong on a list."""

from collections.abc import Callable

from gateway.core.hydrate import Entry, Hydrated

EntryRule = Callable[[Entry, Hydrated], bool]


def on_home(viewer_id: int) -> EntryRule:
    """The rule of the viewer's home: the post is visible; neither its author nor its reposter is
    muted; and the viewer follows its author, its reposter or one of its hashtags, or is that
    user."""

    def belongs(entry: Entry, found: Hydrated) -> bool:
        if not visible(entry, found):
            return False
        stance = found.users[entry.author_id].viewer_relationship
        if stance.muting:
            return False
        if entry.by_hashtag:
            return True
        actor_id = entry.author_id
        if entry.reposter_id:
            actor_id = entry.reposter_id
            stance = found.users[actor_id].viewer_relationship
            if stance.muting:
                return False
        return actor_id == viewer_id or is_on_home(following=stance.following, muting=stance.muting)

    return belongs


def is_on_home(*, following: bool, muting: bool) -> bool:
    """Whether posts and reposts of a user with this relationship belong on the viewer's home."""
    return following and not muting


def in_public(entry: Entry, found: Hydrated) -> bool:
    """The rule of the public timeline: the post is visible and its author is not muted."""
    return visible(entry, found) and not found.users[entry.author_id].viewer_relationship.muting


def visible(entry: Entry, found: Hydrated) -> bool:
    """The rule of a user's own list: the post, its author and its reposter may be seen."""
    return (
        entry.post_id in found.posts
        and entry.author_id in found.users
        and (not entry.reposter_id or entry.reposter_id in found.users)
    )

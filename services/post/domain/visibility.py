"""Who may see which post, what counts include, and what belongs on homes.

Every RPC decides by these functions. Queries and other services that cannot call them are compared
with them over all combinations: tests/stores/post/test_rules.py for SQL, and
tests/unit/test_post_audience.py and tests/unit/test_home_posts.py for the Notification and the
Timeline service.

| author is | the post is | who may see it, besides the author |
|---|---|---|
| open | public | everyone |
| open | followers | followers, and the people addressed |
| open | mentioned | the people addressed |
| protected | public or followers | followers |
| protected | mentioned | followers who are addressed |

A post addresses the users whom its text mentions and the author of the post that it replies to. A
block in either direction hides everything. A mute hides nothing here: the viewer's home leaves the
author out. Nobody sees deleted posts and posts of deleted accounts, not even their authors.

A reply has a second condition: its viewer may see every post above it, up to the nearest one that
the viewer wrote, except those of the reply's own author. A viewer of a post therefore sees its
public replies by open accounts, unless a block hides them; counts rely on it. Each reply stores the
audiences above it as `limits`, so that a page of posts needs no other posts. Whether an author
above is protected and followed is read each time.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from services.post.domain.errors import AccountProtected, ReplyNotAllowed, UserNotFound
from services.post.domain.model import (
    AudienceLimit,
    Post,
    Profile,
    Visibility,
)

# How many audiences above a reply are stored. Beyond that, the oldest public ones are left out; a
# reply under more closed audiences is rejected.
MAX_LIMITS = 50


class Audience(NamedTuple):
    """The properties of a post that decide who may see it."""

    author_id: int
    visibility: int
    addressed: Collection[int]
    deleted: bool = False
    limits: tuple[AudienceLimit, ...] = ()

    @property
    def deciders(self) -> tuple[int, ...]:
        """The users whose profiles `can_see` needs: the author first, then those above."""
        return (self.author_id, *(each.author_id for each in self.limits))


def audience_of(post: Post) -> Audience:
    """The audience of a post."""
    return Audience(
        author_id=post.author_id,
        visibility=post.visibility,
        addressed={*post.mentioned_ids, post.reply_to_author_id},
        deleted=post.deleted,
        limits=post.limits,
    )


def can_see(audience: Audience, profiles: Mapping[int, Profile], viewer_id: int) -> bool:
    """Whether the viewer may see the post. A viewer_id of 0 is an anonymous viewer.

    `profiles` are those of the audience's `deciders` as the User service reports them to this
    viewer. Deleted accounts are missing.
    """
    author = profiles.get(audience.author_id)
    if audience.deleted or author is None:
        return False
    if viewer_id == audience.author_id:
        return True
    return _addressed_to(audience, author, viewer_id) and _within(audience, profiles, viewer_id)


def can_see_place(audience: Audience, profiles: Mapping[int, Profile], viewer_id: int) -> bool:
    """Whether the viewer may see the tombstone of the post: whether they could see the post.

    Where the author's account is deleted, only tombstones of public posts are visible.
    """
    if audience.author_id not in profiles:
        public = audience.visibility == Visibility.PUBLIC
        return public and _within(audience, profiles, viewer_id)
    return can_see(audience._replace(deleted=False), profiles, viewer_id)


def limits_below(
    parent: Post, profiles: Mapping[int, Profile], author_id: int
) -> tuple[AudienceLimit, ...]:
    """The limits of the author's reply to the post: the limits of the post, and its own audience.

    Leaves out the author's own posts above: authors decide themselves who reads what they wrote.
    Raises ReplyNotAllowed.
    """
    audience = audience_of(parent)
    limits: dict[tuple[int, int], AudienceLimit] = {}
    own = AudienceLimit(
        author_id=parent.author_id,
        visibility=parent.visibility,
        addressed=()
        if parent.visibility is Visibility.PUBLIC
        else tuple(sorted(set(audience.addressed) - {0})),
        protected=profiles[parent.author_id].protected,
    )
    for limit in (*(_as_of_now(each, profiles) for each in parent.limits), own):
        if limit.author_id != author_id:
            key = (limit.author_id, limit.visibility)
            # `pop` moves the key to the end: the order is that of each author's nearest post.
            limits[key] = _both(limits.pop(key, limit), limit)
    closed = [each for each in limits.values() if _closed(each)]
    if len(closed) > MAX_LIMITS:
        raise ReplyNotAllowed(metadata={"limit": str(MAX_LIMITS)})
    excess = len(limits) - MAX_LIMITS
    oldest_open = [each for each in limits.values() if not _closed(each)][: max(excess, 0)]
    return tuple(each for each in limits.values() if each not in oldest_open)


def _addressed_to(audience: Audience, author: Profile, viewer_id: int) -> bool:
    """Whether the post without its limits is for the viewer, who is not its author."""
    if viewer_id == 0:
        return audience.visibility == Visibility.PUBLIC and not author.protected
    relationship = author.viewer_relationship
    if relationship.blocking or relationship.blocked_by:
        return False
    if author.protected and not relationship.following:
        return False
    if audience.visibility == Visibility.PUBLIC:
        return True
    if viewer_id in audience.addressed:
        return True
    return audience.visibility == Visibility.FOLLOWERS and relationship.following


def _within(audience: Audience, profiles: Mapping[int, Profile], viewer_id: int) -> bool:
    """Whether the viewer is in each audience above, up to the viewer's own nearest post: its author
    could see what it replies to, and may see all replies to it."""
    for limit in reversed(audience.limits):
        if viewer_id == limit.author_id:
            return True
        if not _in(limit, profiles.get(limit.author_id), viewer_id):
            return False
    return True


def _in(limit: AudienceLimit, author: Profile | None, viewer_id: int) -> bool:
    following = viewer_id != 0 and author is not None and author.viewer_relationship.following
    protected = limit.protected if author is None else author.protected
    if protected and not following:
        return False
    if limit.visibility is Visibility.PUBLIC or viewer_id in limit.addressed:
        return True
    return limit.visibility is Visibility.FOLLOWERS and following


def _as_of_now(limit: AudienceLimit, profiles: Mapping[int, Profile]) -> AudienceLimit:
    """The limit with the author's current protection."""
    author = profiles.get(limit.author_id)
    if author is None:
        return limit
    return AudienceLimit(limit.author_id, limit.visibility, limit.addressed, author.protected)


def _both(one: AudienceLimit, other: AudienceLimit) -> AudienceLimit:
    """One limit for two posts with the same author and visibility."""
    return AudienceLimit(
        one.author_id,
        one.visibility,
        tuple(each for each in one.addressed if each in other.addressed),
        one.protected or other.protected,
    )


def _closed(limit: AudienceLimit) -> bool:
    return limit.protected or limit.visibility is not Visibility.PUBLIC


def can_see_profile(profile: Profile | None, viewer_id: int) -> bool:
    """Whether lists may show the user: the account exists, and there is no block."""
    if profile is None:
        return False
    if viewer_id in {0, profile.id}:
        return True
    relationship = profile.viewer_relationship
    return not (relationship.blocking or relationship.blocked_by)


def can_see_engagement(profile: Profile | None, viewer_id: int, author_id: int) -> bool:
    """Whether a list of likers or reposters of the author's post may name the user.

    Protected users are named to their followers, like the list of posts that they like, and to the
    author, who receives a notification.
    """
    if profile is None or not can_see_profile(profile, viewer_id):
        return False
    if not profile.protected or (viewer_id and viewer_id in {profile.id, author_id}):
        return True
    return bool(viewer_id) and profile.viewer_relationship.following


def require_profile(profile: Profile | None, viewer_id: int) -> Profile:
    """The user's profile, if the viewer may read the user's lists of posts and likes. A block by
    the viewer empties these lists and does not hide that the user exists.

    Raises UserNotFound, AccountProtected.
    """
    if profile is None:
        raise UserNotFound
    if viewer_id == profile.id:
        return profile
    relationship = profile.viewer_relationship
    if viewer_id and relationship.blocked_by:
        raise UserNotFound
    if profile.protected and not (viewer_id and relationship.following):
        raise AccountProtected
    return profile


def is_open(post: Post, profiles: Mapping[int, Profile]) -> bool:
    """Whether everyone may see the post, so that other users may quote and repost it. `profiles`
    are those of its deciders, as for `can_see`."""
    author = profiles.get(post.author_id)
    return (
        post.visibility is Visibility.PUBLIC
        and author is not None
        and not author.protected
        and _within(audience_of(post), profiles, 0)
    )


def belongs_on_homes(post: Post) -> bool:
    """Whether the home timelines of the author's followers show the post."""
    return not post.answers_others and post.visibility is not Visibility.MENTIONED


def is_counted_as_reply(post: Post, *, protected: bool) -> bool:
    """Whether the post counts as a reply. `protected` is the author's account."""
    return post.reply_to_post_id != 0 and _is_counted(post, protected=protected)


def is_counted_as_quote(post: Post, *, protected: bool) -> bool:
    """Whether the post counts as a quote. A reply does not: its limits may hide it."""
    quotes = post.quoted_post_id != 0 and post.reply_to_post_id == 0
    return quotes and _is_counted(post, protected=protected)


def is_counted_on_profile(post: Post) -> bool:
    """Whether the author's number of posts includes the post."""
    live_and_public = not post.deleted and post.visibility is Visibility.PUBLIC
    return live_and_public and post.reply_to_post_id == 0


def _is_counted(post: Post, *, protected: bool) -> bool:
    return not post.deleted and post.visibility is Visibility.PUBLIC and not protected

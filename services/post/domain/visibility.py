"""Who may see which post: the one place where that is decided, for every RPC.

| author is | the post is | who may see it, besides the author |
|---|---|---|
| open | public | everyone |
| open | followers | followers, and the people addressed |
| open | mentioned | the people addressed |
| protected | public or followers | followers |
| protected | mentioned | followers who are addressed |

Addressed are those whom the text mentions and the author of the post that it answers. A block
either way hides everything; muting hides nothing here, readers' homes leave it out. Deleted posts,
and posts of deleted people, are seen by nobody, their authors included.

A reply has a second condition: its reader may read every post above it, up to the nearest one that
the reader wrote, but for those of the reply's own author. So who sees a post sees what answers it,
as far as that is public and its author is open and unblocked: counts rely on it. Each reply keeps
the audiences above it as `limits`, so that a page needs no other posts to decide; whether an author
above is protected and followed is asked at every read.
services/notification/domain/recipients.py decides by the same rules for people who are notified.
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

# How many people above a reply are kept. Of more, those are left out who wrote in public longest
# ago; a reply under more closed audiences than this is refused.
MAX_LIMITS = 50


class Audience(NamedTuple):
    """What decides who may see a post."""

    author_id: int
    visibility: int
    addressed: Collection[int]
    deleted: bool = False
    limits: tuple[AudienceLimit, ...] = ()

    @property
    def deciders(self) -> tuple[int, ...]:
        """The people about whom `can_see` must know: the author first, then those above."""
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
    """Whether the viewer may see the post; a viewer_id of 0 is a stranger.

    `people` is what the User service tells this viewer about the audience's `deciders`: those are
    missing whose accounts do not exist any more.
    """
    author = profiles.get(audience.author_id)
    if audience.deleted or author is None:
        return False
    if viewer_id == audience.author_id:
        return True
    return _addressed_to(audience, author, viewer_id) and _within(audience, profiles, viewer_id)


def can_see_place(audience: Audience, profiles: Mapping[int, Profile], viewer_id: int) -> bool:
    """Whether the viewer may know that this post was deleted: as they could see it before.

    Where the author's account is gone, only what was public is known of.
    """
    if audience.author_id not in profiles:
        public = audience.visibility == Visibility.PUBLIC
        return public and _within(audience, profiles, viewer_id)
    return can_see(audience._replace(deleted=False), profiles, viewer_id)


def limits_below(
    parent: Post, profiles: Mapping[int, Profile], author_id: int
) -> tuple[AudienceLimit, ...]:
    """The limits of a reply to the post, by the author: those of the post, and its own audience.

    What the author wrote above is left out: they may say it to others if they like. Raises
    ReplyNotAllowed.
    """
    audience = audience_of(parent)
    kept: dict[tuple[int, int], AudienceLimit] = {}
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
            # Taken out first, so that the order is that of the nearest post of each.
            kept[key] = _both(kept.pop(key, limit), limit)
    closed = [each for each in kept.values() if _closed(each)]
    if len(closed) > MAX_LIMITS:
        raise ReplyNotAllowed(metadata={"limit": str(MAX_LIMITS)})
    spare = len(kept) - MAX_LIMITS
    oldest_open = [each for each in kept.values() if not _closed(each)][: max(spare, 0)]
    return tuple(each for each in kept.values() if each not in oldest_open)


def _addressed_to(audience: Audience, author: Profile, viewer_id: int) -> bool:
    """Whether the post, taken alone, is for the viewer, who is not its author."""
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
    """Whether the viewer is in each audience above, up to the nearest post of their own: who wrote
    there may see what it answered, and all that answers it."""
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
    """The limit as it is passed on: whether its author is protected may have changed."""
    author = profiles.get(limit.author_id)
    if author is None:
        return limit
    return AudienceLimit(limit.author_id, limit.visibility, limit.addressed, author.protected)


def _both(one: AudienceLimit, other: AudienceLimit) -> AudienceLimit:
    """Two posts of one person, of one visibility, as one limit."""
    return AudienceLimit(
        one.author_id,
        one.visibility,
        tuple(each for each in one.addressed if each in other.addressed),
        one.protected or other.protected,
    )


def _closed(limit: AudienceLimit) -> bool:
    return limit.protected or limit.visibility is not Visibility.PUBLIC


def can_see_profile(profile: Profile | None, viewer_id: int) -> bool:
    """Whether a person may be shown among others: exists, and no block either way."""
    if profile is None:
        return False
    if viewer_id in {0, profile.id}:
        return True
    relationship = profile.viewer_relationship
    return not (relationship.blocking or relationship.blocked_by)


def can_see_engagement(profile: Profile | None, viewer_id: int, author_id: int) -> bool:
    """Whether somebody may be named as one who likes or reposted a post of the author.

    Of a protected person it is for followers, as the list of what the person likes is, and for the
    author, who is notified.
    """
    if profile is None or not can_see_profile(profile, viewer_id):
        return False
    if not profile.protected or (viewer_id and viewer_id in {profile.id, author_id}):
        return True
    return bool(viewer_id) and profile.viewer_relationship.following


def require_profile(profile: Profile | None, viewer_id: int) -> Profile:
    """The person, if the viewer may read what they posted and liked. The viewer's own block leaves
    nothing to read there, but does not hide that the person exists.

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
    """Whether the post is for everyone, so that others may carry it further. `people` are those
    who decide about it, as for `can_see`."""
    author = profiles.get(post.author_id)
    return (
        post.visibility is Visibility.PUBLIC
        and author is not None
        and not author.protected
        and _within(audience_of(post), profiles, 0)
    )

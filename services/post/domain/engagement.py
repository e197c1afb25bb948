"""Likes, reposts and bookmarks. Both operations are idempotent without a request id."""

from typing import NamedTuple

from services.chassis.runtime.ids import bucket_of
from services.post.domain.domain_events import (
    Describe,
    DomainEvent,
    PostLiked,
    PostReposted,
    PostUnliked,
    RepostUndone,
)
from services.post.domain.errors import AccountGone, PostNotFound, RepostNotAllowed
from services.post.domain.model import (
    TOMBSTONE,
    AccountState,
    EngagementKind,
    EngagementResult,
    Entry,
    Ids,
    Post,
    Profile,
    Profiles,
    Visibility,
    account_of,
)
from services.post.domain.store import PostTransaction, Store
from services.post.domain.visibility import audience_of, can_see, is_open

# Kinds that other users can see, and that have a domain event. A bookmark has none.
PUBLIC_KINDS = frozenset({EngagementKind.LIKE, EngagementKind.REPOST})


class VisiblePost(NamedTuple):
    """A post that a user may see, and the account of that user."""

    post: Post
    # Whether everyone may see the post.
    is_open: bool
    account: AccountState


async def find_visible(
    user_id: int, post_id: int, *, store: Store, profiles: Profiles[Profile]
) -> VisiblePost:
    """The post, if the user may see it. Calls the User service, so it runs before a transaction.

    Raises PostNotFound, AccountGone.
    """
    post = (await store.posts([post_id])).get(post_id)
    if post is None or post.deleted:
        raise PostNotFound
    audience = audience_of(post)
    found = await profiles.find(ids=sorted({user_id, *audience.deciders}), viewer_id=user_id)
    by_id = {each.id: each for each in found}
    if user_id not in by_id:
        raise AccountGone
    if not can_see(audience, by_id, user_id):
        raise PostNotFound
    return VisiblePost(post, is_open(post, by_id), account_of(by_id[user_id]))


def check_allowed(kind: EngagementKind, user_id: int, visible: VisiblePost) -> None:
    """Raises RepostNotAllowed where the user may see the post and may not repost it.

    A user may repost a post that everyone may see, and their own unless it is for mentioned users.
    """
    post = visible.post
    own = user_id == post.author_id and post.visibility is not Visibility.MENTIONED
    if kind is EngagementKind.REPOST and not own and not visible.is_open:
        raise RepostNotAllowed


async def engage(
    transaction: PostTransaction,
    kind: EngagementKind,
    user_id: int,
    visible: VisiblePost,
    *,
    ids: Ids,
    describe: Describe,
) -> EngagementResult:
    """Adds a like, repost or bookmark, unless there is one. Raises PostNotFound."""
    post = visible.post
    result = await transaction.engage(
        kind,
        user_id=user_id,
        account=visible.account,
        post_id=post.id,
        author_id=post.author_id,
        # The id of a repost is its place on timelines: it has the bucket of the user.
        engagement_id=await ids.make(bucket_of(user_id)),
    )
    if result.state is None or result.state.version == TOMBSTONE:
        raise PostNotFound
    event = _engaged(kind, user_id, post, result.engagement_id)
    if result.changed and event is not None:
        await transaction.publish(describe(event))
    return result


async def withdraw(
    transaction: PostTransaction,
    kind: EngagementKind,
    user_id: int,
    post: Post,
    *,
    describe: Describe,
) -> EngagementResult:
    """Removes a like, repost or bookmark, if there is one."""
    if kind in PUBLIC_KINDS:
        # Orders the events of the user. `engage` takes this lock in the database function.
        await transaction.lock_users([user_id])
    result = await transaction.withdraw(kind, user_id=user_id, post_id=post.id)
    event = _withdrawn(kind, user_id, post, result.engagement_id)
    if result.changed and event is not None:
        await transaction.publish(describe(event))
    return result


def _engaged(
    kind: EngagementKind, user_id: int, post: Post, engagement_id: int
) -> DomainEvent | None:
    match kind:
        case EngagementKind.LIKE:
            return PostLiked(post.id, post.author_id, user_id)
        case EngagementKind.REPOST:
            return PostReposted(Entry(engagement_id, post.id, post.author_id, user_id))
        case EngagementKind.BOOKMARK:
            return None


def _withdrawn(
    kind: EngagementKind, user_id: int, post: Post, engagement_id: int
) -> DomainEvent | None:
    match kind:
        case EngagementKind.LIKE:
            return PostUnliked(post.id, post.author_id, user_id)
        case EngagementKind.REPOST:
            return RepostUndone(Entry(engagement_id, post.id, post.author_id, user_id))
        case EngagementKind.BOOKMARK:
            return None

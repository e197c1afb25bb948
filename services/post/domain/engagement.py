"""Likes, reposts and bookmarks: what somebody does with a post that they may see."""

from typing import NamedTuple

from services.chassis.runtime.ids import bucket_of
from services.post.domain.domain_events import (
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
    Post,
    Profile,
    Profiles,
    Visibility,
    account_of,
)
from services.post.domain.posts import Describe, Ids
from services.post.domain.store import PostTransaction, Store
from services.post.domain.visibility import audience_of, can_see, is_open


class VisiblePost(NamedTuple):
    """A post that somebody may see, and the account of who sees it."""

    post: Post
    # Whether others may carry it further.
    is_open: bool
    account: AccountState


class EngagementOperations:
    """What people do with posts. All of it is idempotent by nature.

    Each act comes in two steps: `see` asks the User service before a transaction begins, the act
    itself runs inside one.
    """

    def __init__(
        self, *, store: Store, profiles: Profiles[Profile], ids: Ids, describe: Describe
    ) -> None:
        self._store = store
        self._profiles = profiles
        self._ids = ids
        self._describe = describe

    async def find_visible(self, user_id: int, post_id: int) -> VisiblePost:
        """The post, if the person may see it. Raises PostNotFound, AccountGone."""
        post = (await self._store.posts([post_id])).get(post_id)
        if post is None or post.deleted:
            raise PostNotFound
        audience = audience_of(post)
        profiles = await self._profiles.find(
            ids=sorted({user_id, *audience.deciders}), viewer_id=user_id
        )
        by_id = {each.id: each for each in profiles}
        if user_id not in by_id:
            raise AccountGone
        if not can_see(audience, by_id, user_id):
            raise PostNotFound
        return VisiblePost(post, is_open(post, by_id), account_of(by_id[user_id]))

    async def find_repostable(self, user_id: int, post_id: int) -> VisiblePost:
        """The post, if the person may carry it further: it is for everyone, or their own and not
        for named people only. Raises RepostNotAllowed besides."""
        seen = await self.find_visible(user_id, post_id)
        own = user_id == seen.post.author_id and seen.post.visibility is not Visibility.MENTIONED
        if not own and not seen.is_open:
            raise RepostNotAllowed
        return seen

    async def like(
        self, transaction: PostTransaction, user_id: int, seen: VisiblePost
    ) -> EngagementResult:
        """Marks the post as liked. Raises PostNotFound."""
        post = seen.post
        result = await self._engage(transaction, EngagementKind.LIKE, user_id, seen)
        if result.changed:
            liked = PostLiked(post.id, post.author_id, user_id)
            await transaction.publish(self._describe(liked))
        return result

    async def unlike(
        self, transaction: PostTransaction, user_id: int, post: Post
    ) -> EngagementResult:
        """Takes the like back."""
        await transaction.lock_users([user_id])
        result = await transaction.withdraw(EngagementKind.LIKE, user_id=user_id, post_id=post.id)
        if result.changed:
            unliked = PostUnliked(post.id, post.author_id, user_id)
            await transaction.publish(self._describe(unliked))
        return result

    async def repost(
        self, transaction: PostTransaction, user_id: int, seen: VisiblePost
    ) -> EngagementResult:
        """Shows the post to the person's followers. Raises PostNotFound."""
        post = seen.post
        result = await self._engage(transaction, EngagementKind.REPOST, user_id, seen)
        if result.changed:
            entry = Entry(result.engagement_id, post.id, post.author_id, user_id)
            await transaction.publish(self._describe(PostReposted(entry)))
        return result

    async def undo_repost(
        self, transaction: PostTransaction, user_id: int, post: Post
    ) -> EngagementResult:
        """Takes the repost back."""
        await transaction.lock_users([user_id])
        result = await transaction.withdraw(EngagementKind.REPOST, user_id=user_id, post_id=post.id)
        if result.changed:
            entry = Entry(result.engagement_id, post.id, post.author_id, user_id)
            await transaction.publish(self._describe(RepostUndone(entry)))
        return result

    async def bookmark(
        self, transaction: PostTransaction, user_id: int, seen: VisiblePost
    ) -> EngagementResult:
        """Keeps the post in the person's private list. Raises PostNotFound."""
        return await self._engage(transaction, EngagementKind.BOOKMARK, user_id, seen)

    async def remove_bookmark(
        self, transaction: PostTransaction, user_id: int, post: Post
    ) -> EngagementResult:
        """Takes the post off the list."""
        return await transaction.withdraw(EngagementKind.BOOKMARK, user_id=user_id, post_id=post.id)

    async def _engage(
        self, transaction: PostTransaction, kind: EngagementKind, user_id: int, seen: VisiblePost
    ) -> EngagementResult:
        # A repost's id is its place on timelines and leads to the person, not to the post.
        result = await transaction.engage(
            kind,
            user_id=user_id,
            account=seen.account,
            post_id=seen.post.id,
            author_id=seen.post.author_id,
            engagement_id=await self._ids.make(bucket_of(user_id)),
        )
        if result.state is None or result.state.revision == TOMBSTONE:
            raise PostNotFound
        return result

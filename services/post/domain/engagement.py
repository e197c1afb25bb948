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
    Entry,
    People,
    Person,
    Post,
    Responded,
    ResponseKind,
    Visibility,
    account_of,
)
from services.post.domain.posts import Describe, Ids
from services.post.domain.store import PostTransaction, Store
from services.post.domain.visibility import audience_of, can_see, is_open


class Seen(NamedTuple):
    """A post that somebody may see, and the account of who sees it."""

    post: Post
    # Whether others may carry it further.
    is_open: bool
    account: AccountState


class Responding:
    """What people do with posts. All of it is idempotent by nature.

    Each act comes in two steps: `see` asks the User service before a transaction begins, the act
    itself runs inside one.
    """

    def __init__(
        self, *, store: Store, people: People[Person], ids: Ids, describe: Describe
    ) -> None:
        self._store = store
        self._people = people
        self._ids = ids
        self._describe = describe

    async def see(self, user_id: int, post_id: int) -> Seen:
        """The post, if the person may see it. Raises PostNotFound, AccountGone."""
        post = (await self._store.posts([post_id])).get(post_id)
        if post is None or post.deleted:
            raise PostNotFound
        audience = audience_of(post)
        people = await self._people.find(
            ids=sorted({user_id, *audience.deciders}), viewer_id=user_id
        )
        by_id = {each.id: each for each in people}
        if user_id not in by_id:
            raise AccountGone
        if not can_see(audience, by_id, user_id):
            raise PostNotFound
        return Seen(post, is_open(post, by_id), account_of(by_id[user_id]))

    async def see_repostable(self, user_id: int, post_id: int) -> Seen:
        """The post, if the person may carry it further: it is for everyone, or their own and not
        for named people only. Raises RepostNotAllowed besides."""
        seen = await self.see(user_id, post_id)
        own = user_id == seen.post.author_id and seen.post.visibility is not Visibility.MENTIONED
        if not own and not seen.is_open:
            raise RepostNotAllowed
        return seen

    async def like(self, transaction: PostTransaction, user_id: int, seen: Seen) -> Responded:
        """Marks the post as liked. Raises PostNotFound."""
        post = seen.post
        result = await self._respond(transaction, ResponseKind.LIKE, user_id, seen)
        if result.changed:
            liked = PostLiked(post.id, post.author_id, user_id)
            await transaction.publish(self._describe(liked))
        return result

    async def unlike(self, transaction: PostTransaction, user_id: int, post: Post) -> Responded:
        """Takes the like back."""
        await transaction.lock_people([user_id])
        result = await transaction.withdraw(ResponseKind.LIKE, user_id=user_id, post_id=post.id)
        if result.changed:
            unliked = PostUnliked(post.id, post.author_id, user_id)
            await transaction.publish(self._describe(unliked))
        return result

    async def repost(self, transaction: PostTransaction, user_id: int, seen: Seen) -> Responded:
        """Shows the post to the person's followers. Raises PostNotFound."""
        post = seen.post
        result = await self._respond(transaction, ResponseKind.REPOST, user_id, seen)
        if result.changed:
            entry = Entry(result.response_id, post.id, post.author_id, user_id)
            await transaction.publish(self._describe(PostReposted(entry)))
        return result

    async def undo_repost(
        self, transaction: PostTransaction, user_id: int, post: Post
    ) -> Responded:
        """Takes the repost back."""
        await transaction.lock_people([user_id])
        result = await transaction.withdraw(ResponseKind.REPOST, user_id=user_id, post_id=post.id)
        if result.changed:
            entry = Entry(result.response_id, post.id, post.author_id, user_id)
            await transaction.publish(self._describe(RepostUndone(entry)))
        return result

    async def bookmark(self, transaction: PostTransaction, user_id: int, seen: Seen) -> Responded:
        """Keeps the post in the person's private list. Raises PostNotFound."""
        return await self._respond(transaction, ResponseKind.BOOKMARK, user_id, seen)

    async def remove_bookmark(
        self, transaction: PostTransaction, user_id: int, post: Post
    ) -> Responded:
        """Takes the post off the list."""
        return await transaction.withdraw(ResponseKind.BOOKMARK, user_id=user_id, post_id=post.id)

    async def _respond(
        self, transaction: PostTransaction, kind: ResponseKind, user_id: int, seen: Seen
    ) -> Responded:
        # A repost's id is its place on timelines and leads to the person, not to the post.
        result = await transaction.respond(
            kind,
            user_id=user_id,
            account=seen.account,
            post_id=seen.post.id,
            author_id=seen.post.author_id,
            response_id=await self._ids.make(bucket_of(user_id)),
        )
        if result.state is None or result.state.revision == TOMBSTONE:
            raise PostNotFound
        return result

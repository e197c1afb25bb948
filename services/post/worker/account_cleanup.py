"""Clearing up after people and posts that are gone, and after blocks, in small steps that may be
repeated."""

from collections.abc import Awaitable, Callable, Sequence
from operator import itemgetter

from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import in_transaction
from services.post.domain.domain_events import PostDeleted, PostUnliked, RepostUndone
from services.post.domain.model import EngagementKind, Entry
from services.post.domain.posts import Describe
from services.post.domain.store import PostTransaction, Store

# So few that a step holds its locks for some milliseconds.
POSTS_A_STEP = 50
ENGAGEMENTS_A_STEP = 100


# Of a post's id and revision: drops that revision, and those before it, from caches.
ForgetBody = Callable[[int, int], Awaitable[None]]


class AccountCleanup:
    """What the worker does when somebody or something leaves, or two people part.

    Each step is a transaction; whoever is interrupted begins anew and finds less to do.
    """

    def __init__(
        self, *, store: Store, clock: Clock, describe: Describe, forget_body: ForgetBody
    ) -> None:
        self._store = store
        self._clock = clock
        self._describe = describe
        self._forget_body = forget_body

    async def account_deleted(self, user_id: int) -> None:
        """Makes tombstones of the person's posts, takes back all that they did with others', and
        forgets what was answered to their requests."""
        while post_ids := await self._store.live_posts_of(user_id, POSTS_A_STEP):
            await self._delete_posts(user_id, post_ids)

        async def withdraw(transaction: PostTransaction) -> int:
            await transaction.lock_users([user_id])
            gone = await transaction.withdraw_all(user_id, ENGAGEMENTS_A_STEP)
            for each in gone:
                if each.like_id:
                    unliked = PostUnliked(each.post_id, each.post_author_id, user_id)
                    await transaction.publish(self._describe(unliked))
                if each.repost_id:
                    entry = Entry(each.repost_id, each.post_id, each.post_author_id, user_id)
                    await transaction.publish(self._describe(RepostUndone(entry)))
            return len(gone)

        while await in_transaction(self._store.transaction, withdraw):
            pass

        async def forget_requests(transaction: PostTransaction) -> None:
            await transaction.forget_requests([str(user_id)])

        await in_transaction(self._store.transaction, forget_requests)

    async def post_deleted(self, post_id: int, author_id: int) -> None:
        """Takes back the reposts of a tombstone, each told of, and drops its likes in silence."""
        while places := await self._store.engagements_of_post(
            EngagementKind.REPOST, post_id, before=0, limit=ENGAGEMENTS_A_STEP
        ):
            await self._undo_reposts([(each.subject_id, post_id) for each in places], author_id)

        async def forget(transaction: PostTransaction) -> int:
            return await transaction.forget_likes(post_id, ENGAGEMENTS_A_STEP)

        while await in_transaction(self._store.transaction, forget):
            pass

    async def users_blocked(self, one_id: int, other_id: int) -> None:
        """Takes back what each of two people reposted of the other, with an event for each repost.

        For a block by either of them. What they quoted is hidden at reading, for as long as the
        block stands.
        """
        for user_id, author_id in ((one_id, other_id), (other_id, one_id)):
            while post_ids := await self._store.reposts_between(
                user_id, author_id, ENGAGEMENTS_A_STEP
            ):
                await self._undo_reposts([(user_id, post_id) for post_id in post_ids], author_id)

    async def _delete_posts(self, user_id: int, post_ids: list[int]) -> None:
        async def delete(transaction: PostTransaction) -> None:
            await transaction.lock_users([user_id])
            now = self._clock.now()
            for tombstone in await transaction.delete(post_ids, now):
                await transaction.publish(self._describe(PostDeleted(tombstone, now)))

        states = await self._store.states(post_ids, 0)
        await in_transaction(self._store.transaction, delete)
        for state in states.values():
            await self._forget_body(state.id, state.revision)

    async def _undo_reposts(self, reposts: Sequence[tuple[int, int]], author_id: int) -> None:
        """Takes back reposts, each by who and of which post, of posts by the author."""

        async def undo(transaction: PostTransaction) -> None:
            await transaction.lock_users([user_id for user_id, _ in reposts])
            # PostStateCache are locked by ascending id.
            for user_id, post_id in sorted(reposts, key=itemgetter(1)):
                undone = await transaction.withdraw(
                    EngagementKind.REPOST, user_id=user_id, post_id=post_id
                )
                if undone.changed:
                    entry = Entry(undone.engagement_id, post_id, author_id, user_id)
                    await transaction.publish(self._describe(RepostUndone(entry)))

        await in_transaction(self._store.transaction, undo)

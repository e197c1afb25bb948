"""Account cleanup: removes what refers to deleted accounts and posts, and to blocked users.

Each step is a small transaction. An interrupted cleanup starts again and finds less to remove.
"""

from collections.abc import Awaitable, Callable, Sequence
from operator import itemgetter

from services.chassis.runtime.clock import Clock
from services.chassis.storage.transaction import in_transaction
from services.post.domain.domain_events import Describe, PostDeleted, PostUnliked, RepostUndone
from services.post.domain.model import EngagementKind, Entry
from services.post.domain.store import PostTransaction, Store

# A step of this size holds its locks for some milliseconds.
POSTS_A_STEP = 50
ENGAGEMENTS_A_STEP = 100


# Deletes the cached bodies of a post id up to a version.
DeleteBody = Callable[[int, int], Awaitable[None]]


class AccountCleanup:
    """Every method is idempotent."""

    def __init__(
        self, *, store: Store, clock: Clock, describe: Describe, delete_body: DeleteBody
    ) -> None:
        self._store = store
        self._clock = clock
        self._describe = describe
        self._delete_body = delete_body

    async def account_deleted(self, user_id: int) -> None:
        """Turns the user's posts into tombstones, and removes the user's engagement and the stored
        responses to the user's requests."""
        while post_ids := await self._store.live_posts_of(user_id, POSTS_A_STEP):
            await self._delete_posts(user_id, post_ids)

        async def withdraw(transaction: PostTransaction) -> int:
            await transaction.lock_users([user_id])
            withdrawn = await transaction.withdraw_all(user_id, ENGAGEMENTS_A_STEP)
            for each in withdrawn:
                if each.like_id:
                    unliked = PostUnliked(each.post_id, each.post_author_id, user_id)
                    await transaction.publish(self._describe(unliked))
                if each.repost_id:
                    entry = Entry(each.repost_id, each.post_id, each.post_author_id, user_id)
                    await transaction.publish(self._describe(RepostUndone(entry)))
            return len(withdrawn)

        while await in_transaction(self._store.transaction, withdraw):
            pass

        async def forget_requests(transaction: PostTransaction) -> None:
            await transaction.forget_requests([str(user_id)])

        await in_transaction(self._store.transaction, forget_requests)

    async def post_deleted(self, post_id: int, author_id: int) -> None:
        """Removes the reposts of a tombstone, each with an event, and its likes without events."""
        while places := await self._store.engagements_of_post(
            EngagementKind.REPOST, post_id, before=0, limit=ENGAGEMENTS_A_STEP
        ):
            await self._undo_reposts([(each.subject_id, post_id) for each in places], author_id)

        async def delete_likes(transaction: PostTransaction) -> int:
            return await transaction.delete_likes(post_id, ENGAGEMENTS_A_STEP)

        while await in_transaction(self._store.transaction, delete_likes):
            pass

    async def users_blocked(self, one_id: int, other_id: int) -> None:
        """Removes the reposts that two users made of each other's posts, each with an event.

        The direction of the block does not matter. Reads hide their quotes of each other while the
        block exists.
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
            await self._delete_body(state.id, state.version)

    async def _undo_reposts(self, reposts: Sequence[tuple[int, int]], author_id: int) -> None:
        """Removes reposts, each a user and a post, of posts by the author."""

        async def undo(transaction: PostTransaction) -> None:
            await transaction.lock_users([user_id for user_id, _ in reposts])
            # Transactions lock post states by ascending id.
            for user_id, post_id in sorted(reposts, key=itemgetter(1)):
                undone = await transaction.withdraw(
                    EngagementKind.REPOST, user_id=user_id, post_id=post_id
                )
                if undone.changed:
                    entry = Entry(undone.engagement_id, post_id, author_id, user_id)
                    await transaction.publish(self._describe(RepostUndone(entry)))

        await in_transaction(self._store.transaction, undo)

"""The transaction of the in-memory store."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from services.chassis.runtime.clock import Clock
from services.chassis.storage.memory import MemoryTransaction
from services.post.adapters.memory.tables import PostTables
from services.post.domain.errors import PostNotFound
from services.post.domain.model import (
    OPEN_ACCOUNT,
    TOMBSTONE,
    AccountState,
    AlignedBatch,
    EngagementKind,
    EngagementResult,
    Medium,
    Post,
    PostState,
    Revision,
    Tombstone,
    Visibility,
    Withdrawn,
)
from services.post.domain.store import ChangedIds

K = TypeVar("K")

_COUNTER = {EngagementKind.LIKE: "likes", EngagementKind.REPOST: "reposts"}


class MemoryPostTransaction(MemoryTransaction[PostTables]):
    """Transactions run one after another, so nothing needs a lock."""

    def __init__(self, tables: PostTables, clock: Clock) -> None:
        super().__init__(tables, clock)
        self._now = clock.now()
        self.changed = ChangedIds()

    async def lock_users(self, user_ids: Sequence[int]) -> None:
        """See `PostTransaction.lock_users`."""

    async def lock_post(self, post_id: int) -> Post | None:
        return self.tables.posts.get(post_id)

    async def insert(self, post: Post, account: AccountState) -> None:
        """Adds the rows of `Store.create`."""
        for target in {post.reply_to_post_id, post.quoted_post_id} - {0}:
            if target not in self.tables.posts or self.tables.posts[target].deleted:
                raise PostNotFound
        self.tables.posts[post.id] = post
        self.tables.states[post.id] = PostState(post.id, post.version, 0, 0, 0, 0)
        self.tables.touched[post.id] = post.create_time
        if self.tables.is_protected(post.author_id, account):
            self.tables.closed_posts.add(post.id)
        self._count_targets(post, 1)

    async def edit(self, before: Post, after: Post) -> None:
        old = Revision(
            before.revision,
            before.text,
            before.entities,
            before.edit_time or before.create_time,
            before.media,
        )
        self.tables.revisions.setdefault(before.id, []).append(old)
        self.tables.posts[after.id] = after
        self.changed.post_ids.add(after.id)
        state = self.tables.states[after.id]
        self.tables.states[after.id] = state._replace(version=after.version)

    async def replace_medium(self, post_id: int, medium: Medium) -> None:
        def newest(media: tuple[Medium, ...]) -> tuple[Medium, ...]:
            return tuple(
                medium if each.id == medium.id and each.version < medium.version else each
                for each in media
            )

        self._change_media(post_id, newest)

    async def remove_medium(self, post_id: int, medium_id: int) -> None:
        def others(media: tuple[Medium, ...]) -> tuple[Medium, ...]:
            return tuple(each for each in media if each.id != medium_id)

        self._change_media(post_id, others)

    async def delete(self, post_ids: Sequence[int], now: datetime) -> list[Tombstone]:
        removed = []
        for post_id in sorted(set(post_ids)):
            post = self.tables.posts.get(post_id)
            if post is None or post.deleted:
                continue
            self.tables.posts[post_id] = replace(
                post,
                text="",
                entities=(),
                media=(),
                media_changes=0,
                language="",
                language_given=False,
                deleted=True,
            )
            self.changed.post_ids.add(post_id)
            state = self.tables.states[post_id]
            self.tables.states[post_id] = state._replace(version=TOMBSTONE)
            self.tables.revisions.pop(post_id, None)
            self._count_targets(post, -1)
            removed.append(
                Tombstone(
                    post_id,
                    post.author_id,
                    post.reply_to_post_id,
                    post.quoted_post_id,
                    post.visibility,
                )
            )
        return removed

    async def engage(
        self,
        kind: EngagementKind,
        *,
        user_id: int,
        account: AccountState,
        post_id: int,
        author_id: int,
        engagement_id: int,
    ) -> EngagementResult:
        state = self.tables.states.get(post_id)
        if state is None:
            return EngagementResult(False, 0, None)
        standing = self.tables.engagements.get((kind, user_id, post_id), (0, 0))[0]
        if standing or state.version == TOMBSTONE:
            live = state.version != TOMBSTONE
            return EngagementResult(
                False, standing if live else 0, self.tables.state(post_id, user_id)
            )
        self.tables.engagements[kind, user_id, post_id] = (engagement_id, author_id)
        self.changed.engaged_user_ids.add(user_id)
        if self.tables.is_protected(user_id, account):
            self.tables.closed_engagements.add((kind, user_id, post_id))
        elif kind in _COUNTER:
            self._count(post_id, _COUNTER[kind], 1)
        return EngagementResult(True, engagement_id, self.tables.state(post_id, user_id))

    async def withdraw(
        self, kind: EngagementKind, *, user_id: int, post_id: int
    ) -> EngagementResult:
        engagement_id, _ = self.tables.engagements.pop((kind, user_id, post_id), (0, 0))
        self.changed.engaged_user_ids.add(user_id)
        closed = (kind, user_id, post_id) in self.tables.closed_engagements
        self.tables.closed_engagements.discard((kind, user_id, post_id))
        if engagement_id and kind in _COUNTER and not closed:
            self._count(post_id, _COUNTER[kind], -1)
        return EngagementResult(
            engagement_id != 0, engagement_id, self.tables.state(post_id, user_id)
        )

    async def withdraw_all(self, user_id: int, limit: int) -> list[Withdrawn]:
        own = sorted({post for _, user, post in self.tables.engagements if user == user_id})
        removed = []
        for post_id in own[:limit]:
            found = {
                kind: self.tables.engagements[kind, user_id, post_id]
                for kind in EngagementKind
                if (kind, user_id, post_id) in self.tables.engagements
            }
            for kind in found:
                await self.withdraw(kind, user_id=user_id, post_id=post_id)
            removed.append(
                Withdrawn(
                    post_id,
                    next(iter(found.values()))[1],
                    user_id,
                    found.get(EngagementKind.LIKE, (0, 0))[0],
                    found.get(EngagementKind.REPOST, (0, 0))[0],
                )
            )
        return removed

    async def delete_likes(self, post_id: int, limit: int) -> int:
        likers = sorted(
            user
            for kind, user, liked in self.tables.engagements
            if kind is EngagementKind.LIKE and liked == post_id
        )
        for user_id in likers[:limit]:
            await self.withdraw(EngagementKind.LIKE, user_id=user_id, post_id=post_id)
        return len(likers[:limit])

    async def record_protection(self, user_id: int, account: AccountState) -> None:
        stored = self.tables.protections.get(user_id)
        if stored is None or stored.update_time <= account.update_time:
            self.tables.protections[user_id] = account
            self.tables.settled.discard(user_id)

    async def align_engagements(self, user_id: int, *, after: int, limit: int) -> AlignedBatch:
        own = {post for _, user, post in self.tables.engagements if user == user_id}
        page = sorted(post_id for post_id in own if post_id > after)[:limit]
        changed = [
            post_id
            for post_id in page
            for kind in _COUNTER
            if (kind, user_id, post_id) in self.tables.engagements
            and self._align(self.tables.closed_engagements, (kind, user_id, post_id), user_id)
        ]
        for post_id in changed:
            self._recount(post_id)
        return AlignedBatch(page[-1] if page else 0, changed)

    async def align_posts(self, user_id: int, *, after: int, limit: int) -> AlignedBatch:
        own = {post.id: post for post in self.tables.live() if post.author_id == user_id}
        page = sorted(post_id for post_id in own if post_id > after)[:limit]
        changed = [
            target
            for post_id in page
            if self._align(self.tables.closed_posts, post_id, user_id)
            and own[post_id].visibility is Visibility.PUBLIC
            for target in (own[post_id].reply_to_post_id, own[post_id].quoted_post_id)
            if target
        ]
        for target in changed:
            self._recount(target)
        return AlignedBatch(page[-1] if page else 0, changed)

    async def finish_protection(self, user_id: int, account: AccountState) -> None:
        if self.tables.protections[user_id].update_time <= account.update_time:
            self.tables.settled.add(user_id)

    async def delete_protection(self, user_id: int) -> None:
        self.tables.protections.pop(user_id, None)
        self.tables.settled.discard(user_id)

    def _align(self, closed: set[K], each: K, user_id: int) -> bool:
        """Marks one contribution of a user by the stored account state; whether that changed it."""
        before = each in closed
        if self.tables.is_protected(user_id, OPEN_ACCOUNT):
            closed.add(each)
        else:
            closed.discard(each)
        return (each in closed) is not before

    def _change_media(
        self, post_id: int, change: Callable[[tuple[Medium, ...]], tuple[Medium, ...]]
    ) -> None:
        self.changed.post_ids.add(post_id)
        post = self.tables.posts.get(post_id)
        if post is None:
            return
        if change(post.media) != post.media:
            changed = replace(post, media=change(post.media), media_changes=post.media_changes + 1)
            self.tables.posts[post_id] = changed
            state = self.tables.states[post_id]
            self.tables.states[post_id] = state._replace(version=changed.version)
        self.tables.revisions[post_id] = [
            each._replace(media=change(each.media))
            for each in self.tables.revisions.get(post_id, [])
        ]

    def _recount(self, post_id: int) -> None:
        self.tables.states[post_id] = self.tables.recounted(post_id)
        self.tables.touched[post_id] = self._now
        self.changed.post_ids.add(post_id)

    def _count_targets(self, post: Post, by: int) -> None:
        replies, quotes = self.tables.contributions(post)
        self._count(post.reply_to_post_id, "replies", by if replies else 0)
        self._count(post.quoted_post_id, "quotes", by if quotes else 0)

    def _count(self, post_id: int, counter: str, by: int) -> None:
        state = self.tables.states.get(post_id)
        if state is not None:
            self.changed.post_ids.add(post_id)
            value = max(getattr(state, counter) + by, 0)
            self.tables.states[post_id] = state._replace(**{counter: value})
            self.tables.touched[post_id] = self._now

"""The in-memory store of the Post service."""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING

from services.chassis.runtime.clock import Clock
from services.chassis.runtime.ids import MAX_ID
from services.chassis.storage.memory import MemoryDatabase
from services.post.adapters.memory.tables import PostTables
from services.post.adapters.memory.transaction import MemoryPostTransaction
from services.post.domain.model import (
    OPEN_ACCOUNT,
    AccountState,
    CountDrift,
    EngagementKind,
    Entry,
    ListPosition,
    Post,
    PostState,
    Revision,
    ViewerEngagement,
)
from services.post.domain.store import ChangeListener, NewPost, Store
from services.post.domain.visibility import belongs_on_homes, is_counted_on_profile


class MemoryStore:
    """See `store.Store` for the promises."""

    def __init__(self, *, clock: Clock) -> None:
        self.database = MemoryDatabase(PostTables(), clock=clock)
        self._listeners: list[ChangeListener] = []

    def on_change(self, listener: ChangeListener) -> None:
        self._listeners.append(listener)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[MemoryPostTransaction]:
        async with self.database.transaction(MemoryPostTransaction) as transaction:
            yield transaction
        transaction.changed.event_ids = tuple(transaction.event_ids)
        for listener in self._listeners:
            await listener(transaction.changed)

    async def create(self, new: NewPost) -> bytes | None:
        async with self.transaction() as transaction:
            if new.key is not None:
                stored = await transaction.replay(new.key)
                if stored is not None:
                    return stored
                await transaction.remember(new.key, new.response)
            await transaction.insert(new.post, new.account)
            await transaction.publish(new.message)
        return None

    async def posts(self, post_ids: Sequence[int]) -> dict[int, Post]:
        posts = self.database.tables.posts
        return {each: posts[each] for each in post_ids if each in posts}

    async def scan(self, *, after: int, limit: int) -> list[Post]:
        above = (post for post in self.database.tables.live() if post.id > after)
        return sorted(above, key=lambda post: post.id)[:limit]

    async def estimate_posts(self) -> int:
        return sum(1 for _ in self.database.tables.live())

    async def states(self, post_ids: Sequence[int], viewer_id: int) -> dict[int, PostState]:
        found = ((each, self.database.tables.state(each, viewer_id)) for each in post_ids)
        return {each: state for each, state in found if state is not None}

    async def engaged(self, user_id: int, limit: int) -> list[ViewerEngagement]:
        mine = {post for _, user, post in self.database.tables.engagements if user == user_id}
        return [
            ViewerEngagement(
                post_id,
                *(
                    (kind, user_id, post_id) in self.database.tables.engagements
                    for kind in EngagementKind
                ),
            )
            for post_id in sorted(mine, reverse=True)[:limit]
        ]

    async def revisions(self, post_id: int, *, before: int, limit: int) -> list[Revision]:
        revisions = self.database.tables.revisions.get(post_id, [])
        return [each for each in reversed(revisions) if not before or each.revision < before][
            :limit
        ]

    async def media_of(self, post_ids: Sequence[int]) -> dict[int, set[int]]:
        tables = self.database.tables
        return {
            post.id: {
                medium.id
                for media in (
                    post.media,
                    *(each.media for each in tables.revisions.get(post.id, [])),
                )
                for medium in media
            }
            for post in tables.live()
            if post.id in post_ids
        }

    async def ancestors(self, conversation_id: int, post_id: int, limit: int) -> list[int]:
        above: list[int] = []
        posts = self.database.tables.posts
        parent = posts[post_id].reply_to_post_id if post_id in posts else 0
        while parent and len(above) < limit:
            above.append(parent)
            parent = posts[parent].reply_to_post_id
        return above[::-1]

    async def replies(
        self, conversation_id: int, post_id: int, *, after: int, limit: int
    ) -> list[int]:
        posts = self.database.tables.posts.values()
        found = sorted(each.id for each in posts if each.reply_to_post_id == post_id)
        return [each for each in found if each > after][:limit]

    async def answered(self, conversation_id: int, post_ids: Sequence[int]) -> set[int]:
        posts = self.database.tables.posts.values()

        def is_answered(post_id: int, levels: int) -> bool:
            replies = [each for each in posts if each.reply_to_post_id == post_id]
            return any(not each.deleted for each in replies) or (
                levels > 1 and any(is_answered(each.id, levels - 1) for each in replies)
            )

        return {each for each in post_ids if is_answered(each, 50)}

    async def quotes(self, post_id: int, *, before: int, limit: int) -> list[int]:
        live = self.database.tables.live()
        found = (each.id for each in live if each.quoted_post_id == post_id)
        return sorted((each for each in found if each < (before or MAX_ID)), reverse=True)[:limit]

    async def entries(
        self, user_id: int, *, include_replies: bool, before: int, limit: int
    ) -> list[Entry]:
        own = [
            Entry(each.id, each.id, each.author_id)
            for each in self.database.tables.live()
            if each.author_id == user_id and (include_replies or not each.answers_others)
        ]
        return _newest([*own, *self._reposts_of(user_id)], before, limit)

    async def entries_with_media(self, user_id: int, *, before: int, limit: int) -> list[Entry]:
        own = [
            Entry(each.id, each.id, each.author_id)
            for each in self.database.tables.live()
            if each.author_id == user_id and each.media
        ]
        return _newest(own, before, limit)

    async def engagements_of_post(
        self, kind: EngagementKind, post_id: int, *, before: int, limit: int
    ) -> list[ListPosition]:
        found = [
            ListPosition(id_, user)
            for (each, user, post), (id_, _) in self.database.tables.engagements.items()
            if each is kind and post == post_id and id_ < (before or MAX_ID)
        ]
        return sorted(found, reverse=True)[:limit]

    async def engagements_by_user(
        self, kind: EngagementKind, user_id: int, *, before: int, limit: int
    ) -> list[ListPosition]:
        found = [
            ListPosition(id_, post)
            for (each, user, post), (id_, _) in self.database.tables.engagements.items()
            if each is kind and user == user_id and id_ < (before or MAX_ID)
        ]
        return sorted(found, reverse=True)[:limit]

    async def reposts_between(self, user_id: int, author_id: int, limit: int) -> list[int]:
        reposts = sorted(self._reposts_of(user_id))
        return [each.post_id for each in reposts if each.author_id == author_id][:limit]

    async def timeline_entries(
        self, author_ids: Sequence[int], *, before: int, limit: int
    ) -> list[Entry]:
        own = [
            Entry(each.id, each.id, each.author_id)
            for each in self.database.tables.live()
            if each.author_id in author_ids and belongs_on_homes(each)
        ]
        reposts = [entry for each in author_ids for entry in self._reposts_of(each)]
        return _newest([*own, *reposts], before, limit)

    async def count_posts(self, author_ids: Sequence[int]) -> dict[int, int]:
        return Counter(
            each.author_id
            for each in self.database.tables.live()
            if each.author_id in author_ids and is_counted_on_profile(each)
        )

    async def live_posts_of(self, author_id: int, limit: int) -> list[int]:
        live = self.database.tables.live()
        return sorted(each.id for each in live if each.author_id == author_id)[:limit]

    async def contributors(self, *, after: int, limit: int) -> list[int]:
        tables = self.database.tables
        users = {user for _, user, _ in tables.engagements}
        users |= {post.author_id for post in tables.live()}
        return sorted(each for each in users if each > after)[:limit]

    async def unreconciled(self, accounts: Mapping[int, AccountState]) -> list[int]:
        tables = self.database.tables
        return sorted(
            user_id
            for user_id, account in accounts.items()
            if account.protected != tables.protections.get(user_id, OPEN_ACCOUNT).protected
            or (user_id in tables.protections and user_id not in tables.settled)
        )

    async def touched(
        self, since: datetime, until: datetime, *, after: int, limit: int
    ) -> list[int]:
        touched = self.database.tables.touched.items()
        return sorted(id_ for id_, at in touched if since <= at < until and id_ > after)[:limit]

    async def recount(self, post_ids: Sequence[int]) -> list[CountDrift]:
        drifts = []
        async with self.transaction() as transaction:
            tables = transaction.tables
            for post_id in sorted(each for each in set(post_ids) if each in tables.states):
                state, right = tables.states[post_id], tables.counts(post_id)
                drifts += [
                    CountDrift(post_id, counter, value - getattr(state, counter))
                    for counter, value in right.items()
                    if value != getattr(state, counter)
                ]
                transaction.changed.post_ids.add(post_id)
                tables.states[post_id] = tables.recounted(post_id)
        return drifts

    def _reposts_of(self, user_id: int) -> list[Entry]:
        return [
            Entry(id_, post, author, user)
            for (kind, user, post), (id_, author) in self.database.tables.engagements.items()
            if kind is EngagementKind.REPOST and user == user_id
        ]


def _newest(entries: Iterable[Entry], before: int, limit: int) -> list[Entry]:
    below = (each for each in entries if each.entry_id < (before or MAX_ID))
    return sorted(below, reverse=True)[:limit]


if TYPE_CHECKING:
    # mypy reports a method that this store lacks.
    _complete: type[Store] = MemoryStore

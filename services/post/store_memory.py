"""The store of the Post service in memory, for tests of everything above it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

from services.chassis.clock import Clock
from services.chassis.ids import MAX_ID
from services.chassis.memory import MemoryDatabase, MemoryTransaction, Tables
from services.post.errors import PostNotFound
from services.post.model import (
    TOMBSTONE,
    Drift,
    Entry,
    Place,
    Post,
    PostState,
    Responded,
    ResponseKind,
    Revision,
    Tombstone,
    Withdrawn,
)
from services.post.store import NewPost

_KINDS = tuple(ResponseKind)
_COUNTER = {ResponseKind.LIKE: "likes", ResponseKind.REPOST: "reposts"}


@dataclass
class PostTables(Tables):
    """Everything that is kept. `responses` holds (kind, user, post) → (id, author of the post)."""

    posts: dict[int, Post] = field(default_factory=dict)
    states: dict[int, PostState] = field(default_factory=dict)
    touched: dict[int, datetime] = field(default_factory=dict)
    revisions: dict[int, list[Revision]] = field(default_factory=dict)
    responses: dict[tuple[ResponseKind, int, int], tuple[int, int]] = field(default_factory=dict)

    def live(self) -> Iterable[Post]:
        """All posts but tombstones."""
        return (post for post in self.posts.values() if not post.deleted)

    def counts(self, post_id: int) -> dict[str, int]:
        """What the counters of a post ought to be."""
        by_kind = Counter(kind for kind, _, liked in self.responses if liked == post_id)
        return {
            "likes": by_kind[ResponseKind.LIKE],
            "reposts": by_kind[ResponseKind.REPOST],
            "replies": sum(post.reply_to_post_id == post_id for post in self.live()),
            "quotes": sum(post.quoted_post_id == post_id for post in self.live()),
        }


class MemoryPostTransaction(MemoryTransaction[PostTables]):
    """A running transaction; transactions run one after another, so nothing needs a lock."""

    def __init__(self, tables: PostTables, clock: Clock) -> None:
        super().__init__(tables, clock)
        self._now = clock.now()

    async def lock_people(self, user_ids: Sequence[int]) -> None:
        """See `PostTransaction.lock_people`."""

    async def lock_post(self, post_id: int) -> Post | None:
        """See `PostTransaction.lock_post`."""
        return self.tables.posts.get(post_id)

    async def insert(self, post: Post) -> None:
        """The rows of `Store.create`."""
        for target in {post.reply_to_post_id, post.quoted_post_id} - {0}:
            if target not in self.tables.posts or self.tables.posts[target].deleted:
                raise PostNotFound
        self.tables.posts[post.id] = post
        self.tables.states[post.id] = PostState(post.id, post.revision, 0, 0, 0, 0)
        self.tables.touched[post.id] = post.create_time
        self._count(post.reply_to_post_id, "replies", 1)
        self._count(post.quoted_post_id, "quotes", 1)

    async def edit(self, before: Post, after: Post) -> None:
        """See `PostTransaction.edit`."""
        old = Revision(
            before.revision, before.text, before.entities, before.edit_time or before.create_time
        )
        self.tables.revisions.setdefault(before.id, []).append(old)
        self.tables.posts[after.id] = after
        state = self.tables.states[after.id]
        self.tables.states[after.id] = state._replace(revision=after.revision)

    async def delete(self, post_ids: Sequence[int], now: datetime) -> list[Tombstone]:
        """See `PostTransaction.delete`."""
        gone = []
        for post_id in sorted(set(post_ids)):
            post = self.tables.posts.get(post_id)
            if post is None or post.deleted:
                continue
            self.tables.posts[post_id] = replace(
                post, text="", entities=(), media_ids=(), deleted=True
            )
            state = self.tables.states[post_id]
            self.tables.states[post_id] = state._replace(revision=TOMBSTONE)
            self.tables.revisions.pop(post_id, None)
            self._count(post.reply_to_post_id, "replies", -1)
            self._count(post.quoted_post_id, "quotes", -1)
            gone.append(
                Tombstone(post_id, post.author_id, post.reply_to_post_id, post.quoted_post_id)
            )
        return gone

    async def respond(
        self, kind: ResponseKind, *, user_id: int, post_id: int, author_id: int, response_id: int
    ) -> Responded:
        """See `PostTransaction.respond`."""
        state = self.tables.states.get(post_id)
        if state is None:
            return Responded(False, 0, None)
        standing = self.tables.responses.get((kind, user_id, post_id), (0, 0))[0]
        if standing or state.revision == TOMBSTONE:
            live = state.revision != TOMBSTONE
            return Responded(False, standing if live else 0, self.tables_state(post_id, user_id))
        self.tables.responses[kind, user_id, post_id] = (response_id, author_id)
        if kind in _COUNTER:
            self._count(post_id, _COUNTER[kind], 1)
        return Responded(True, response_id, self.tables_state(post_id, user_id))

    async def withdraw(self, kind: ResponseKind, *, user_id: int, post_id: int) -> Responded:
        """See `PostTransaction.withdraw`."""
        response_id, _ = self.tables.responses.pop((kind, user_id, post_id), (0, 0))
        if response_id and kind in _COUNTER:
            self._count(post_id, _COUNTER[kind], -1)
        return Responded(response_id != 0, response_id, self.tables_state(post_id, user_id))

    async def withdraw_all_of(self, user_id: int, limit: int) -> list[Withdrawn]:
        """See `PostTransaction.withdraw_all_of`."""
        mine = sorted({post for _, user, post in self.tables.responses if user == user_id})
        gone = []
        for post_id in mine[:limit]:
            found = {
                kind: self.tables.responses[kind, user_id, post_id]
                for kind in _KINDS
                if (kind, user_id, post_id) in self.tables.responses
            }
            for kind in found:
                await self.withdraw(kind, user_id=user_id, post_id=post_id)
            gone.append(
                Withdrawn(
                    post_id,
                    next(iter(found.values()))[1],
                    user_id,
                    found.get(ResponseKind.LIKE, (0, 0))[0],
                    found.get(ResponseKind.REPOST, (0, 0))[0],
                )
            )
        return gone

    async def forget_likes(self, post_id: int, limit: int) -> int:
        """See `PostTransaction.forget_likes`."""
        likers = sorted(
            user
            for kind, user, liked in self.tables.responses
            if kind is ResponseKind.LIKE and liked == post_id
        )
        for user_id in likers[:limit]:
            await self.withdraw(ResponseKind.LIKE, user_id=user_id, post_id=post_id)
        return len(likers[:limit])

    def tables_state(self, post_id: int, viewer_id: int) -> PostState | None:
        """The state as a viewer sees it."""
        return _state(self.tables, post_id, viewer_id)

    def _count(self, post_id: int, counter: str, by: int) -> None:
        state = self.tables.states.get(post_id)
        if state is not None:
            value = max(getattr(state, counter) + by, 0)
            self.tables.states[post_id] = state._replace(**{counter: value})
            self.tables.touched[post_id] = self._now


class MemoryStore:
    """See `store.Store` for the promises."""

    def __init__(self, *, clock: Clock) -> None:
        self.database = MemoryDatabase(PostTables(), clock=clock)

    def transaction(self) -> AbstractAsyncContextManager[MemoryPostTransaction]:
        """See `Store.transaction`."""
        return self.database.transaction(MemoryPostTransaction)

    async def create(self, new: NewPost) -> bytes | None:
        """See `Store.create`."""
        async with self.transaction() as transaction:
            if new.key is not None:
                stored = await transaction.replay(new.key)
                if stored is not None:
                    return stored
                await transaction.remember(new.key, new.response)
            await transaction.insert(new.post)
            await transaction.publish(new.message)
        return None

    async def posts(self, post_ids: Sequence[int]) -> dict[int, Post]:
        """See `Store.posts`."""
        posts = self.database.tables.posts
        return {each: posts[each] for each in post_ids if each in posts}

    async def states(self, post_ids: Sequence[int], viewer_id: int) -> dict[int, PostState]:
        """See `Store.states`."""
        found = ((each, _state(self.database.tables, each, viewer_id)) for each in post_ids)
        return {each: state for each, state in found if state is not None}

    async def revisions(self, post_id: int, *, before: int, limit: int) -> list[Revision]:
        """See `Store.revisions`."""
        kept = self.database.tables.revisions.get(post_id, [])
        return [each for each in reversed(kept) if not before or each.revision < before][:limit]

    async def ancestors(self, conversation_id: int, post_id: int, limit: int) -> list[int]:
        """See `Store.ancestors`."""
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
        """See `Store.replies`."""
        posts = self.database.tables.posts.values()
        found = sorted(each.id for each in posts if each.reply_to_post_id == post_id)
        return [each for each in found if each > after][:limit]

    async def quotes(self, post_id: int, *, before: int, limit: int) -> list[int]:
        """See `Store.quotes`."""
        live = self.database.tables.live()
        found = (each.id for each in live if each.quoted_post_id == post_id)
        return sorted((each for each in found if each < (before or MAX_ID)), reverse=True)[:limit]

    async def entries(
        self, user_id: int, *, include_replies: bool, before: int, limit: int
    ) -> list[Entry]:
        """See `Store.entries`."""
        own = [
            Entry(each.id, each.id, each.author_id)
            for each in self.database.tables.live()
            if each.author_id == user_id and (include_replies or not each.answers_others)
        ]
        return _newest([*own, *self._reposts_of(user_id)], before, limit)

    async def responses_to(
        self, kind: ResponseKind, post_id: int, *, before: int, limit: int
    ) -> list[Place]:
        """See `Store.responses_to`."""
        found = [
            Place(id_, user)
            for (each, user, post), (id_, _) in self.database.tables.responses.items()
            if each is kind and post == post_id and id_ < (before or MAX_ID)
        ]
        return sorted(found, reverse=True)[:limit]

    async def responses_of(
        self, kind: ResponseKind, user_id: int, *, before: int, limit: int
    ) -> list[Place]:
        """See `Store.responses_of`."""
        found = [
            Place(id_, post)
            for (each, user, post), (id_, _) in self.database.tables.responses.items()
            if each is kind and user == user_id and id_ < (before or MAX_ID)
        ]
        return sorted(found, reverse=True)[:limit]

    async def timeline_entries(
        self, author_ids: Sequence[int], *, before: int, limit: int
    ) -> list[Entry]:
        """See `Store.timeline_entries`."""
        own = [
            Entry(each.id, each.id, each.author_id)
            for each in self.database.tables.live()
            if each.author_id in author_ids and each.on_timelines
        ]
        reposts = [entry for each in author_ids for entry in self._reposts_of(each)]
        return _newest([*own, *reposts], before, limit)

    async def count_posts(self, author_ids: Sequence[int]) -> dict[int, int]:
        """See `Store.count_posts`."""
        return Counter(
            each.author_id for each in self.database.tables.live() if each.author_id in author_ids
        )

    async def live_posts_of(self, author_id: int, limit: int) -> list[int]:
        """See `Store.live_posts_of`."""
        live = self.database.tables.live()
        return sorted(each.id for each in live if each.author_id == author_id)[:limit]

    async def touched(
        self, since: datetime, until: datetime, *, after: int, limit: int
    ) -> list[int]:
        """See `Store.touched`."""
        touched = self.database.tables.touched.items()
        return sorted(id_ for id_, at in touched if since <= at < until and id_ > after)[:limit]

    async def recount(self, post_ids: Sequence[int]) -> list[Drift]:
        """See `Store.recount`."""
        drifts = []
        async with self.transaction() as transaction:
            tables = transaction.tables
            for post_id in sorted(each for each in set(post_ids) if each in tables.states):
                state, right = tables.states[post_id], tables.counts(post_id)
                drifts += [
                    Drift(post_id, counter, value - getattr(state, counter))
                    for counter, value in right.items()
                    if value != getattr(state, counter)
                ]
                tables.states[post_id] = PostState(
                    post_id,
                    state.revision,
                    right["likes"],
                    right["reposts"],
                    right["replies"],
                    right["quotes"],
                )
        return drifts

    def _reposts_of(self, user_id: int) -> list[Entry]:
        return [
            Entry(id_, post, author, user)
            for (kind, user, post), (id_, author) in self.database.tables.responses.items()
            if kind is ResponseKind.REPOST and user == user_id
        ]


def _state(tables: PostTables, post_id: int, viewer_id: int) -> PostState | None:
    state = tables.states.get(post_id)
    if state is None:
        return None
    liked, reposted, bookmarked = (
        (kind, viewer_id, post_id) in tables.responses for kind in _KINDS
    )
    return state._replace(liked=liked, reposted=reposted, bookmarked=bookmarked)


def _newest(entries: Iterable[Entry], before: int, limit: int) -> list[Entry]:
    below = (each for each in entries if each.entry_id < (before or MAX_ID))
    return sorted(below, reverse=True)[:limit]

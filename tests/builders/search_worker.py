"""The worker of the Search service on any store, with fakes of the services that own posts and
users."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.message import Message
from roost.media.v1 import media_events_pb2 as media
from roost.media.v1.media_pb2 import MEDIUM_KIND_PICTURE, MEDIUM_USE_POST, Medium
from roost.post.v1 import post_events_pb2 as posts
from roost.post.v1.post_pb2 import VISIBILITY_PUBLIC, Entity, Hashtag, Post, PostCounts
from roost.user.v1 import user_events_pb2 as users
from roost.user.v1.user_pb2 import User

from services.chassis.events.records import Event, OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.ids import first_id_at
from services.chassis.storage.postgres import Database
from services.chassis.text import entities
from services.search.adapters.memory import MemoryPostIndex, MemorySearchStore
from services.search.adapters.memory.hashtags import MemoryHashtags
from services.search.adapters.memory.refreshes import MemoryRefreshes
from services.search.adapters.memory.reindexes import MemoryReindexes
from services.search.adapters.memory.trends import MemoryTrends
from services.search.adapters.memory.users import MemoryUserIndex
from services.search.adapters.postgres import PostgresPostIndex, PostgresSearchStore
from services.search.adapters.postgres.hashtags import PostgresHashtags
from services.search.adapters.postgres.refreshes import PostgresRefreshes
from services.search.adapters.postgres.reindexes import PostgresReindexes
from services.search.adapters.postgres.trends import PostgresTrends
from services.search.adapters.postgres.users import PostgresUserIndex
from services.search.domain.documents import document
from services.search.domain.hashtags.store import HashtagStore, TrendStore
from services.search.domain.posts.index import PostIndex
from services.search.domain.posts.model import ANONYMOUS, Counts, IndexedPost, Viewer
from services.search.domain.query.model import Expression, Term, Word
from services.search.domain.refreshes import RefreshStore
from services.search.domain.reindexing import ReindexStore
from services.search.domain.sources import PostPage, SourcePost, SourceUser, UserPage
from services.search.domain.store import Store
from services.search.domain.users.index import UserIndex
from services.search.rpc.sources import counts_from_proto, post_from_proto, user_from_proto
from services.search.worker.parts import Worker

START = datetime(2026, 6, 1, 12, tzinfo=UTC)
TRUST_AGE = timedelta(days=7)


@dataclass
class Stores:
    """What a worker writes to."""

    store: Store
    posts: PostIndex
    users: UserIndex
    hashtags: HashtagStore
    trend_store: TrendStore
    refreshes: RefreshStore
    reindexes: ReindexStore


def memory_stores(clock: ManualClock) -> Stores:
    store = MemorySearchStore(clock=clock)
    return Stores(
        store=store,
        posts=MemoryPostIndex(store),
        users=MemoryUserIndex(store),
        hashtags=MemoryHashtags(store),
        trend_store=MemoryTrends(store),
        refreshes=MemoryRefreshes(store),
        reindexes=MemoryReindexes(store),
    )


def postgres_stores(database: Database) -> Stores:
    return Stores(
        store=PostgresSearchStore(database),
        posts=PostgresPostIndex(database),
        users=PostgresUserIndex(database),
        hashtags=PostgresHashtags(database),
        trend_store=PostgresTrends(database),
        refreshes=PostgresRefreshes(database),
        reindexes=PostgresReindexes(database),
    )


@dataclass
class FakePostService:
    """`sources.PostSource` over posts that tests write."""

    posts: dict[int, Post] = field(default_factory=dict)
    # Called before each page, so that a test writes in between.
    before_page: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    pages: int = 0
    # Pages have at most so many posts.
    page_size: int = 1_000

    async def scan(self, after_id: int, limit: int) -> PostPage:
        self.pages += 1
        if self.before_page:
            await self.before_page[0]()
        ids = sorted(each for each in self.posts if each > after_id)
        page = ids[: min(limit, self.page_size)]
        return PostPage(
            [post_from_proto(self.posts[each]) for each in page],
            page[-1] if page else 0,
            len(page) < len(ids),
            0 if after_id else len(ids),
        )

    async def find(self, post_ids: Collection[int]) -> Mapping[int, SourcePost]:
        return {each: post_from_proto(self.posts[each]) for each in post_ids if each in self.posts}

    async def counts(self, post_ids: Collection[int]) -> Mapping[int, Counts]:
        return {
            each: counts_from_proto(self.posts[each].counts)
            for each in post_ids
            if each in self.posts
        }


@dataclass
class FakeUserService:
    """`sources.UserSource` over users that tests write."""

    users: dict[int, User] = field(default_factory=dict)
    reads: int = 0

    async def scan(self, after_id: int, limit: int) -> UserPage:
        ids = sorted(each for each in self.users if each > after_id)
        page = [user_from_proto(self.users[each]) for each in ids[:limit]]
        return UserPage(page, len(page) < len(ids))

    async def find(self, user_ids: Collection[int]) -> Mapping[int, SourceUser]:
        self.reads += 1
        return {each: user_from_proto(self.users[each]) for each in user_ids if each in self.users}


class FakeViewerChanges:
    """`viewers.ViewerChanges`: notes what is invalidated."""

    def __init__(self) -> None:
        self.invalidated: list[int] = []

    async def invalidate(self, user_ids: Collection[int]) -> None:
        self.invalidated += sorted(user_ids)


class World:
    """Services that own posts and users, an index, and what is done to them.

    Verbs change the service and return the event that says so.
    """

    def __init__(self, stores: Stores, clock: ManualClock) -> None:
        self.stores = stores
        self.clock = clock
        self.post_service = FakePostService()
        self.user_service = FakeUserService()
        self.viewer_changes = FakeViewerChanges()
        self._numbers = itertools.count(1)
        self.worker = self._worker(stores)
        self.alice = self.new_id()
        self.bob = self.new_id()
        for user_id, handle in ((self.alice, "alice"), (self.bob, "bob")):
            self.register(user_id, handle)

    def another_worker(self, wrap: Callable[[Any], Any] = lambda inner: inner) -> Worker:
        """Another process; `wrap` stands in for each of its stores."""
        stores = Stores(**{name: wrap(each) for name, each in vars(self.stores).items()})
        return self._worker(stores)

    def _worker(self, stores: Stores) -> Worker:
        return Worker(
            **vars(stores),
            post_source=self.post_service,
            user_source=self.user_service,
            viewer_changes=self.viewer_changes,
            clock=self.clock,
            trust_age=TRUST_AGE,
        )

    def new_id(self) -> int:
        """An id of now; ascending."""
        return first_id_at(self.clock.now()) + next(self._numbers)

    # Events.

    def event(self, body: Message, key: int = 1) -> Event:
        message = OutboxMessage.of(topic="test", key=key, body=body)
        return Event.from_message(message, time=self.clock.now(), traceparent=None)

    def register(self, user_id: int, handle: str, **given: Any) -> Event:
        usual = {"id": user_id, "handle": handle, "display_name": handle.title()}
        user = User(**(usual | given))
        user.update_time.FromDatetime(self.clock.now())
        self.user_service.users[user_id] = user
        return self.event(users.UserRegistered(user=user), user_id)

    def update(self, user_id: int, **changes: Any) -> Event:
        user = self.user_service.users[user_id]
        self.clock.advance(0.001)
        for name, value in changes.items():
            setattr(user, name, value)
        user.update_time.FromDatetime(self.clock.now())
        body = users.UserUpdated(user=user, changed_fields=list(changes))
        body.user.followers_count = 0
        return self.event(body, user_id)

    def delete_user(self, user_id: int) -> Event:
        del self.user_service.users[user_id]
        body = users.UserDeleted(user_id=user_id)
        body.delete_time.FromDatetime(self.clock.now())
        return self.event(body, user_id)

    def post(self, author_id: int, text: str, **given: Any) -> Event:
        """A post of now; its id is that of `last_post`."""
        post_id = self.new_id()
        usual = {
            "id": post_id,
            "author_id": author_id,
            "text": text,
            "entities": entities_of(text),
            "visibility": VISIBILITY_PUBLIC,
            "conversation_id": post_id,
            "revision": 1,
            "language": "en",
        }
        post = Post(**(usual | given))
        self.post_service.posts[post_id] = post
        created = posts.PostCreated()
        created.post.CopyFrom(post)
        created.post.ClearField("counts")
        return self.event(created, author_id)

    @property
    def last_post(self) -> int:
        return max(self.post_service.posts)

    def edit(self, post_id: int, text: str, **given: Any) -> Event:
        post = self.post_service.posts[post_id]
        changed = Post(text=text, entities=entities_of(text), revision=post.revision + 1, **given)
        post.ClearField("entities")
        post.MergeFrom(changed)
        updated = posts.PostUpdated()
        updated.post.CopyFrom(post)
        updated.post.ClearField("counts")
        return self.event(updated, post.author_id)

    def delete(self, post_id: int) -> Event:
        post = self.post_service.posts.pop(post_id)
        body = posts.PostDeleted(
            post_id=post_id,
            author_id=post.author_id,
            reply_to_post_id=post.reply_to_post_id,
            quoted_post_id=post.quoted_post_id,
            visibility=post.visibility,
        )
        body.delete_time.FromDatetime(self.clock.now())
        return self.event(body, post.author_id)

    def like(self, post_id: int, user_id: int) -> Event:
        post = self.post_service.posts[post_id]
        post.counts.likes += 1
        body = posts.PostLiked(post_id=post_id, author_id=post.author_id, user_id=user_id)
        return self.event(body, user_id)

    def describe_medium(self, post_id: int, medium_id: int, alt_text: str) -> Event:
        """The Media service changes a description. The Post service has it after `settle_media`."""
        (shown,) = (m for m in self.post_service.posts[post_id].media if m.id == medium_id)
        changed = Medium()
        changed.CopyFrom(shown)
        changed.alt_text = alt_text
        changed.etag = str(int(shown.etag) + 1)
        changed.post_id = post_id
        body = media.MediumUpdated(medium=changed, changed_fields=["alt_text"])
        return self.event(body, 1)

    def settle_media(self, event: Event) -> None:
        """The Post service consumes the event of a medium."""
        medium = media.MediumUpdated.FromString(event.payload).medium
        for shown in self.post_service.posts[medium.post_id].media:
            if shown.id == medium.id:
                shown.CopyFrom(medium)

    # What the worker does.

    async def consume(self, *events: Event) -> None:
        await self.worker.consumer(events)

    async def found(self, query: str | Expression, viewer: Viewer = ANONYMOUS) -> list[int]:
        """The ids of the posts with a word, oldest first."""
        expression = Word(query) if isinstance(query, str) else query
        found = await self.stores.posts.find(expression, viewer, limit=1_000)
        return sorted(each.post_id for each in found)

    async def counts(self, author_id: int, post_id: int) -> Counts:
        """The counts that the index has of a post."""
        found = await self.stores.posts.find(
            Term(f"from:{author_id}"), Viewer(user_id=author_id), limit=1_000
        )
        (counts,) = (each.counts for each in found if each.post_id == post_id)
        return counts

    async def refresh(self) -> None:
        """Lets counts settle."""
        for _ in range(3):
            await self.worker.counts.run_due()
            await self.worker.rereads.run_due()
            self.clock.advance(10.0)

    async def reindex(self) -> None:
        """Starts a rebuild if none runs, and lets it end."""
        await self.worker.reindexing.run_due()

    def truth(self) -> dict[int, IndexedPost]:
        """The documents of the posts of the Post service."""
        return {
            post_id: document(post_from_proto(post))
            for post_id, post in self.post_service.posts.items()
        }


class Killed(BaseException):
    """The process was killed: no handler of ours runs after it."""


@dataclass
class Steps:
    """Counts the steps of a process: both ends of calls of the stores, and of transactions. At the
    step `fatal` the process is killed, and every later step fails; another fault happens once."""

    fatal: int | None = None
    fault: type[BaseException] = Killed
    taken: int = 0

    def take(self) -> None:
        if self.fault is Killed and self.taken == self.fatal:
            raise Killed
        self.taken += 1
        if self.taken == self.fatal:
            raise self.fault


class Stepping:
    """A store whose calls are steps: one before each call, one after it."""

    def __init__(self, inner: Any, steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._inner, name)
        if not asyncio.iscoroutinefunction(attribute):
            return attribute

        async def call(*given: Any, **named: Any) -> Any:
            self._steps.take()
            result = await attribute(*given, **named)
            self._steps.take()
            return result

        return call

    def transaction(self) -> AbstractAsyncContextManager[Any]:
        return self._transaction()

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        self._steps.take()
        async with self._inner.transaction() as transaction:
            yield transaction
            # Nothing is committed if the process is killed here.
            self._steps.take()
        self._steps.take()


def entities_of(text: str) -> list[Entity]:
    """The hashtags of a text, as the Post service has them."""
    return [
        Entity(start=each.start, end=each.end, hashtag=Hashtag(tag=each.tag))
        for each in entities.find(text)
        if isinstance(each, entities.FoundTag)
    ]


def a_picture(medium_id: int, alt_text: str = "") -> Medium:
    """A picture of a post."""
    return Medium(
        id=medium_id,
        etag="1",
        kind=MEDIUM_KIND_PICTURE,
        use=MEDIUM_USE_POST,
        alt_text=alt_text,
    )


def likes(count: int) -> PostCounts:
    """Counts with so many likes alone."""
    return PostCounts(likes=count)

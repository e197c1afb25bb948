"""The stores under test, each empty, and a scenario."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.ids import first_id_at
from services.chassis.storage import postgres
from services.search.adapters.memory import MemorySearchStore
from services.search.adapters.memory.hashtags import MemoryHashtags
from services.search.adapters.memory.trends import MemoryTrends
from services.search.adapters.postgres import PostgresSearchStore
from services.search.adapters.postgres.hashtags import PostgresHashtags
from services.search.adapters.postgres.trends import PostgresTrends
from services.search.domain.hashtags.model import (
    AccountChanged,
    Change,
    FollowChanged,
    HashtagUse,
    LimitAuthor,
    PostGone,
    TagsOfPost,
    TrendList,
)
from services.search.domain.hashtags.store import HashtagStore, TrendStore
from services.search.domain.hashtags.usage import HashtagUsage
from services.search.domain.store import Store
from services.search.worker.hashtag_recounts import HashtagRecounts
from services.search.worker.hashtag_retention import HashtagRetention
from services.search.worker.trends import TrendComputation
from tests.engines import Databases

TRUST_AGE = timedelta(days=7)
OLD = timedelta(days=400)
YOUNG = timedelta(days=1)
# Within an hour, so that a few minutes stay in it.
START = datetime(2025, 6, 1, 12, 30, tzinfo=UTC)


class Scenario:
    """A store, and verbs for what happens on the platform."""

    def __init__(
        self, store: Store, hashtags: HashtagStore, trends: TrendStore, clock: ManualClock
    ) -> None:
        self.store = store
        self.hashtags = hashtags
        self.trend_store = trends
        self.clock = clock
        self.usage = HashtagUsage(store=hashtags, clock=clock, trust_age=TRUST_AGE)
        self.computation = TrendComputation(
            store=trends, hashtags=hashtags, clock=clock, trust_age=TRUST_AGE
        )
        self.recounts = HashtagRecounts(store=store, usage=self.usage)
        self.retention = HashtagRetention(
            store=store, hashtags=hashtags, trends=trends, clock=clock, trust_age=TRUST_AGE
        )
        self._numbers = itertools.count(1)

    def id_at(self, moment: datetime) -> int:
        """A new id of that time."""
        return first_id_at(moment) + next(self._numbers)

    def user(self, age: timedelta = OLD) -> int:
        """The id of an account of this age."""
        return self.id_at(self.clock.now() - age)

    def users(self, count: int, age: timedelta = OLD) -> list[int]:
        return [self.user(age) for _ in range(count)]

    async def apply(self, *changes: Change) -> None:
        async with self.store.transaction() as transaction:
            await self.usage.apply(transaction, changes)

    def tags_of(
        self,
        author_id: int,
        *tags: str,
        post_id: int | None = None,
        ago: timedelta = timedelta(0),
        revision: int = 1,
        language: str = "en",
        public: bool = True,
        limits: Sequence[LimitAuthor] = (),
    ) -> TagsOfPost:
        """The event of a post, by default a new one."""
        return TagsOfPost(
            post_id=post_id or self.id_at(self.clock.now() - ago),
            author_id=author_id,
            revision=revision,
            tags=tags,
            language=language,
            public=public,
            limit_authors=tuple(limits),
        )

    async def post(
        self,
        author_id: int,
        *tags: str,
        ago: timedelta = timedelta(0),
        language: str = "en",
        public: bool = True,
        limits: Sequence[LimitAuthor] = (),
    ) -> TagsOfPost:
        """Writes a post."""
        written = self.tags_of(
            author_id, *tags, ago=ago, language=language, public=public, limits=limits
        )
        await self.apply(written)
        return written

    async def delete(self, *posts: TagsOfPost) -> None:
        await self.apply(*(PostGone(each.post_id) for each in posts))

    def account(
        self, user_id: int, *, protected: bool = False, deleted: bool = False
    ) -> AccountChanged:
        """The event of an account that changed now."""
        return AccountChanged(user_id, protected, deleted, self.clock.now())

    async def set_account(
        self, user_id: int, *, protected: bool = False, deleted: bool = False
    ) -> None:
        self.clock.advance(0.001)
        await self.apply(self.account(user_id, protected=protected, deleted=deleted))

    async def follow(self, follower_id: int, *followee_ids: int) -> None:
        await self.apply(*(FollowChanged(follower_id, each, True) for each in followee_ids))

    async def unfollow(self, follower_id: int, followee_id: int) -> None:
        await self.apply(FollowChanged(follower_id, followee_id, False))

    async def counts(self, tag: str) -> tuple[int, int]:
        """The number of posts and of authors."""
        use = (await self.hashtags.hashtags([tag])).get(tag, HashtagUse(tag, 0, 0))
        return use.posts_count, use.authors_count

    async def hours(self, tag: str) -> list[tuple[int, int]]:
        """The history: posts and authors of each hour."""
        history = (await self.hashtags.histories([tag], self.clock.now()))[tag]
        return [(each.posts_count, each.authors_count) for each in history]

    async def found(self, prefix: str, limit: int = 100) -> list[str]:
        found = await self.hashtags.find_hashtags(prefix, after=None, limit=limit)
        return [each.tag for each in found]

    async def compute(self) -> None:
        """Computes the trends now, after the lease of an earlier computation."""
        self.clock.advance(timedelta(minutes=1))
        await self.computation.run_due()

    async def trends(self, language: str = "") -> TrendList:
        return await self.hashtags.trends(language)

    async def trending(self, language: str = "") -> list[str]:
        return [each.use.tag for each in (await self.trends(language)).trends]


@pytest.fixture(scope="module")
def database_url(postgres: Databases) -> Iterator[str]:
    """One database for a module, emptied for each of its tests."""
    url = postgres.fresh("search")
    yield url
    postgres.drop(url)


@pytest.fixture(params=["memory", "postgres"])
async def scenario(request: pytest.FixtureRequest) -> AsyncIterator[Scenario]:
    clock = ManualClock(START)
    if request.param == "memory":
        memory = MemorySearchStore(clock=clock)
        yield Scenario(memory, MemoryHashtags(memory), MemoryTrends(memory), clock)
        return
    url: str = request.getfixturevalue("database_url")
    request.getfixturevalue("postgres").clear(url)
    async with postgres.connect(url, clock=clock) as database:
        yield Scenario(
            PostgresSearchStore(database),
            PostgresHashtags(database),
            PostgresTrends(database),
            clock,
        )

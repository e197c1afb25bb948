"""The stores under test, each empty, with three users."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.clock import ManualClock
from services.chassis.storage import postgres
from services.chassis.storage.idempotency import RequestKey
from services.post.adapters.memory import MemoryStore
from services.post.adapters.postgres import PostgresStore
from services.post.domain.model import (
    OPEN_ACCOUNT,
    AccountState,
    EngagementKind,
    EngagementResult,
    Post,
    PostState,
)
from services.post.domain.store import NewPost, Store
from tests.builders.posts import Numbers, a_post
from tests.engines import Databases


class Scenario:
    """A store, three users, and verbs for what they do."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.numbers = Numbers()
        self.alice = self.numbers.user(bucket=3)
        self.bob = self.numbers.user(bucket=3)
        self.carol = self.numbers.user(bucket=511)

    async def post(
        self,
        author_id: int,
        *,
        answers: Post | None = None,
        quotes: Post | None = None,
        account: AccountState = OPEN_ACCOUNT,
        **given: Any,
    ) -> Post:
        post = a_post(
            self.numbers.of(author_id),
            author_id,
            answers=answers,
            quoted_post_id=quotes.id if quotes else 0,
            **given,
        )
        assert await self.create(post, account=account) is None
        return post

    async def create(
        self,
        post: Post,
        *,
        account: AccountState = OPEN_ACCOUNT,
        key: RequestKey | None = None,
        response: bytes = b"response",
    ) -> bytes | None:
        message = OutboxMessage(
            topic="roost.post.v1", key=str(post.author_id), type="PostCreated", payload=b"event"
        )
        return await self.store.create(NewPost(post, account, message, key, response))

    async def engage(
        self,
        kind: EngagementKind,
        user_id: int,
        post: Post,
        account: AccountState = OPEN_ACCOUNT,
    ) -> EngagementResult:
        async with self.store.transaction() as transaction:
            return await transaction.engage(
                kind,
                user_id=user_id,
                account=account,
                post_id=post.id,
                author_id=post.author_id,
                engagement_id=self.numbers.of(user_id),
            )

    async def withdraw(self, kind: EngagementKind, user_id: int, post: Post) -> EngagementResult:
        async with self.store.transaction() as transaction:
            return await transaction.withdraw(kind, user_id=user_id, post_id=post.id)

    async def delete(self, *posts: Post) -> list[int]:
        async with self.store.transaction() as transaction:
            gone = await transaction.delete([post.id for post in posts], posts[0].create_time)
        return [each.id for each in gone]

    async def state(self, post: Post, viewer_id: int = 0) -> PostState:
        return (await self.store.states([post.id], viewer_id))[post.id]


@pytest.fixture(scope="module")
def database_url(postgres: Databases) -> Iterator[str]:
    """One database for a module: its tests use users of their own."""
    url = postgres.fresh("post")
    yield url
    postgres.drop(url)


@pytest.fixture(params=["memory", "postgres"])
async def scenario(request: pytest.FixtureRequest) -> AsyncIterator[Scenario]:
    if request.param == "memory":
        yield Scenario(MemoryStore(clock=ManualClock()))
        return
    url: str = request.getfixturevalue("database_url")
    async with postgres.connect(url, clock=ManualClock()) as connected:
        yield Scenario(PostgresStore(connected))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[postgres.Database]:
    """A database with many sessions, for concurrent tests."""
    async with postgres.connect(database_url, max_size=20) as connected:
        yield connected

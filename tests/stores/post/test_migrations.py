"""The migrations of the marks of what is counted, on a database with data."""

import shutil
from pathlib import Path

import asyncpg
import pytest

from local import migrations
from services.chassis.runtime.clock import SystemClock
from services.chassis.storage import postgres as database_of
from services.post.adapters.postgres import PostgresStore
from services.post.worker.reconciliation import Reconciliation
from tests.builders.posts import Numbers
from tests.engines import Databases

# The first migration of the marks.
MARKS = "20261129050000"

# How processes of the previous release write.
WRITE = """
SELECT outcome FROM create_post(
  $1, $2, $3, 'text', '[]', $4, true, $5, 0, $6, $2, $7, '{}', now(), gen_random_uuid(), 't', 'x',
  '', '', '', '', 0, '', '')
"""
LIKE = "SELECT changed FROM respond('like', $1, $2, $3, $4, $5)"


class Before:
    """A database of the previous release, and what its processes do."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection
        self._numbers = Numbers()
        self.author, self.reader = (self._numbers.user() for _ in range(2))

    async def write(self, visibility: int, *, answers: int = 0, quotes: int = 0) -> int:
        post_id = self._numbers.of(self.author)
        outcome = await self._connection.fetchval(
            WRITE, post_id, 7, self.author, visibility, answers, answers or post_id, quotes
        )
        assert outcome == "written"
        return post_id

    async def like(self, post_id: int) -> None:
        engagement_id = self._numbers.of(self.reader)
        assert await self._connection.fetchval(
            LIKE, self.reader, post_id, 7, self.author, engagement_id
        )


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The migrations without the marks."""
    for folder in migrations.folders_of("post"):
        for each in folder.glob("*.sql"):
            if each.name < MARKS:
                shutil.copy(each, tmp_path)
    return tmp_path


async def test_older_posts_are_counted_by_the_rule(postgres: Databases, earlier: Path) -> None:
    url = postgres.empty()
    await migrations.apply(url, [earlier])
    connection = await asyncpg.connect(url)
    try:
        before = Before(connection)
        post = await before.write(1)
        for visibility in (1, 2, 3):
            await before.write(visibility, answers=post)
            await before.write(visibility, quotes=post)
        await before.like(post)
        await migrations.apply(url, migrations.folders_of("post"))
        # Some processes of the previous release are still running.
        for visibility in (1, 2):
            await before.write(visibility, answers=post)
        other = await before.write(1)
        await before.like(other)

        assert await reconciled(url, [post, other]) == [(1, 0, 2, 1), (1, 0, 0, 0)]
    finally:
        await connection.close()
        postgres.drop(url)


async def reconciled(url: str, post_ids: list[int]) -> list[tuple[int, ...]]:
    """The counts after the worker of this release has started."""
    async with database_of.connect(url) as database:
        store = PostgresStore(database)
        await Reconciliation(store=store, clock=SystemClock()).reconcile()
        states = await store.states(post_ids, 0)
    return [
        (state.likes, state.reposts, state.replies, state.quotes)
        for state in (states[post_id] for post_id in post_ids)
    ]

"""The migrations of the marks of what is counted, of media and of languages, on a database with
data."""

import shutil
from dataclasses import replace
from pathlib import Path

import asyncpg

from services.chassis.deployment import migrations
from services.chassis.events.records import OutboxMessage
from services.chassis.runtime.clock import SystemClock
from services.chassis.runtime.ids import MAX_ID
from services.chassis.storage import postgres as database_of
from services.post.adapters.postgres import PostgresStore
from services.post.adapters.postgres.reads import ENTRIES_WITH_MEDIA
from services.post.adapters.postgres.rows import limits_to_json, media_to_json
from services.post.domain.model import OPEN_ACCOUNT, AudienceLimit, Visibility
from services.post.domain.store import NewPost
from services.post.worker.reconciliation import Reconciliation
from tests.builders.posts import START, Numbers, a_medium, a_post
from tests.engines import Databases

# The first migrations of the marks, of media and of languages.
MARKS, MEDIA, LANGUAGE = "20261129050000", "20261129070000", "20261130030000"

# How processes of the previous release write.
WRITE = """
SELECT outcome FROM create_post(
  $1, $2, $3, 'text', '[]', $4, true, $5, 0, $6, $2, $7, '{}', now(), gen_random_uuid(), 't', 'x',
  '', '', '', '', 0, '', '')
"""
WRITE_LIMITED = """
SELECT outcome FROM create_limited_post(
  $1, 7::smallint, $2, 'text', '[]', 1::smallint, false, 0, 0, $1, 7::smallint, 0, '{}', now(),
  gen_random_uuid(), 't', 'x', '', '', '', '', 0, '', '', false, now(), '[]')
"""
WRITE_WITH_MEDIA = """
SELECT outcome FROM create_limited_post(
  $1, 7::smallint, $2, 'text', '[]', 1::smallint, false, $3, $2, $4, 7::smallint, 0, '{7}', now(),
  gen_random_uuid(), 't', 'x', '', '', '', '', 0, '', '', false, now(), $5, $6)
"""
EDIT = """
WITH kept AS (
  INSERT INTO post_revisions (post_id, revision, bucket, text, entities, create_time)
  SELECT id, revision, bucket, text, entities, create_time FROM posts WHERE id = $1
), edited AS (
  UPDATE posts SET text = 'new', revision = 2 WHERE id = $1
)
UPDATE post_states SET revision = 2 WHERE id = $1
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


def earlier(folder: Path, version: str) -> Path:
    """The folder, with the migrations before that version."""
    for each in migrations.folders_of("post"):
        for migration in each.glob("*.sql"):
            if migration.name < version:
                shutil.copy(migration, folder)
    return folder


async def test_older_posts_are_counted_by_the_rule(postgres: Databases, tmp_path: Path) -> None:
    url = postgres.empty()
    await migrations.apply(url, [earlier(tmp_path, MARKS)])
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


async def test_older_posts_have_no_media_and_may_get_some(
    postgres: Databases, tmp_path: Path
) -> None:
    url = postgres.empty()
    await migrations.apply(url, [earlier(tmp_path, MEDIA)])
    connection = await asyncpg.connect(url)
    numbers = Numbers()
    author = numbers.user()
    before, during = (numbers.of(author) for _ in range(2))
    try:
        await connection.execute(WRITE_LIMITED, before, author)
        await migrations.apply(url, migrations.folders_of("post"))
        # Some processes of the previous release are still running.
        await connection.execute(WRITE_LIMITED, during, author)
        async with database_of.connect(url) as database:
            store = PostgresStore(database)
            posts = await store.posts([before, during])
            assert [posts[each].media for each in (before, during)] == [(), ()]
            assert await store.entries_with_media(author, before=0, limit=10) == []
            for post in posts.values():
                after = replace(post, media=(a_medium(7),), edit_time=START, revision=2)
                async with store.transaction() as transaction:
                    await transaction.edit(post, after)
            changed = a_medium(7, version=2)
            async with store.transaction() as transaction:
                await transaction.replace_medium(before, changed)
            assert (await store.posts([before]))[before].media == (changed,)
            assert (await store.states([before], 0))[before].version == 3
    finally:
        await connection.close()
        postgres.drop(url)


async def test_processes_of_the_previous_release_edit_and_delete_posts_with_media(
    postgres: Databases,
) -> None:
    url = postgres.fresh("post")
    numbers = Numbers()
    author = numbers.user()
    edited, deleted = (a_post(numbers.of(author), author, media=(a_medium(id_),)) for id_ in (7, 8))
    message = OutboxMessage(topic="t", key="k", type="created", payload=b"")
    connection = await asyncpg.connect(url)
    try:
        async with database_of.connect(url) as database:
            store = PostgresStore(database)
            for post in (edited, deleted):
                await store.create(NewPost(post, OPEN_ACCOUNT, message, None, b""))
                async with store.transaction() as transaction:
                    changed = a_medium(post.media_ids[0], version=2)
                    await transaction.replace_medium(post.id, changed)

            await connection.execute(EDIT, edited.id)
            await connection.execute("SELECT * FROM delete_posts($1, now())", [deleted.id])

            states = await store.states([edited.id, deleted.id], 0)
            assert [states[each.id].version for each in (edited, deleted)] == [3, 0]
            posts = await store.posts([edited.id, deleted.id])
            assert [posts[each.id].media_ids for each in (edited, deleted)] == [(7,), ()]
        assert await connection.fetchval(
            "SELECT media IS NULL FROM posts WHERE id = $1", deleted.id
        )
    finally:
        await connection.close()
        postgres.drop(url)


async def test_older_posts_have_no_language_until_they_are_edited(
    postgres: Databases, tmp_path: Path
) -> None:
    url = postgres.empty()
    await migrations.apply(url, [earlier(tmp_path, LANGUAGE)])
    connection = await asyncpg.connect(url)
    numbers = Numbers()
    author = numbers.user()
    before, during, reply = (numbers.of(author) for _ in range(3))
    limits = (AudienceLimit(author, Visibility.PUBLIC),)
    media = (a_medium(7),)
    stored = (limits_to_json(limits), media_to_json(media))
    try:
        await connection.execute(WRITE_WITH_MEDIA, before, author, 0, before, *stored)
        await migrations.apply(url, migrations.folders_of("post"))
        # Some processes of the previous release are still running.
        await connection.execute(WRITE_WITH_MEDIA, during, author, 0, during, *stored)
        await connection.execute(WRITE_WITH_MEDIA, reply, author, before, before, *stored)
        async with database_of.connect(url) as database:
            store = PostgresStore(database)
            posts = await store.posts([before, during, reply])
            assert {(each.language, each.language_given) for each in posts.values()} == {
                ("", False)
            }
            assert {each.media for each in posts.values()} == {media}
            assert [posts[each].limits for each in (before, during, reply)] == [(), (), limits]
            after = replace(posts[before], language="de", edit_time=START, revision=2)
            async with store.transaction() as transaction:
                await transaction.edit(posts[before], after)
            await connection.execute(EDIT.replace("revision = 2", "revision = 3"), before)

            assert (await store.posts([before]))[before].language == "de"
    finally:
        await connection.close()
        postgres.drop(url)


async def test_a_page_of_posts_with_media_is_an_index_scan(postgres: Databases) -> None:
    url = postgres.fresh("post")
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "INSERT INTO posts (id, author_id, conversation_id, create_time, bucket, visibility, "
            "answers_others, text, media_ids) SELECT n, 8192 * (n % 5), n, now(), n % 5, 1, "
            "false, '', CASE WHEN n % 50 < 5 THEN ARRAY[n] ELSE '{}' END "
            "FROM generate_series(1, 20000) AS n"
        )
        await connection.execute("ANALYZE posts")

        plan = await connection.fetch(f"EXPLAIN {ENTRIES_WITH_MEDIA}", 8192, 1, MAX_ID, 21)

        steps = "\n".join(row[0] for row in plan)
        assert "Index Scan Backward using posts_with_media" in steps or (
            "Index Only Scan Backward using posts_with_media" in steps
        )
        assert "Sort" not in steps
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

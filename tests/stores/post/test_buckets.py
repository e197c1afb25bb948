"""Rows of earlier releases get their shard keys by migration, and by triggers until it is done."""

import shutil
from pathlib import Path

import asyncpg
import pytest

from services.chassis.deployment import migrations
from services.chassis.runtime.ids import bucket_of
from services.chassis.runtime.shard_keys import ShardKey
from services.chassis.storage import shard_key
from services.post.domain.model import EngagementKind
from tests.builders.posts import Numbers

# The migrations that add the columns, and the first one after both. Those that fill them follow.
SHARD_KEYS = "20261130050000"
BUCKETS = "20261130050200"
FILLED = "20261130050300"

pytestmark = pytest.mark.one_postgres("a distributed database has no rows of earlier releases")


def before(version: str, folder: Path) -> list[Path]:
    """A folder with the migrations of Post until this one."""
    folder.mkdir()
    for each in migrations.folders_of("post"):
        for file in each.glob("*.sql"):
            if file.name < version:
                shutil.copy(file, folder)
    return [folder]


async def like(connection: asyncpg.Connection, user_id: int, post_id: int, like_id: int) -> None:
    """As processes of every release do."""
    await connection.fetch(
        "SELECT changed FROM respond($1, $2, $3, $4, $5, $6, false, now())",
        EngagementKind.LIKE,
        user_id,
        post_id,
        bucket_of(post_id),
        user_id,
        like_id,
    )


async def test_engagement_of_earlier_releases_is_found_by_its_bucket(
    empty_database: str, tmp_path: Path
) -> None:
    ids = Numbers()
    users = [ids.user(bucket) for bucket in (3, 200, 511)]
    post_id = ids.of(users[0])
    await migrations.apply(empty_database, before(BUCKETS, tmp_path / "before"))
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute(
            "INSERT INTO post_states (id, bucket, touch_time) VALUES ($1, $2, now())",
            post_id,
            bucket_of(post_id),
        )
        await like(connection, users[0], post_id, ids.of(users[0]))
        await migrations.apply(empty_database, before(FILLED, tmp_path / "between"))
        # The functions are those of the previous release until all rows have a bucket.
        await like(connection, users[1], post_id, ids.of(users[1]))

        await migrations.apply(empty_database, migrations.folders_of("post"))
        await like(connection, users[2], post_id, ids.of(users[2]))

        rows = await connection.fetch("SELECT user_id, bucket FROM responses")
        assert {row[0]: row[1] for row in rows} == {each: bucket_of(each) for each in users}
        for user_id in users:
            changed = await connection.fetchval(
                "SELECT changed FROM withdraw($1, $2, $3, $4)",
                EngagementKind.LIKE,
                user_id,
                post_id,
                bucket_of(post_id),
            )
            assert changed
    finally:
        await connection.close()


async def test_records_of_requests_of_earlier_releases_get_their_keys(
    empty_database: str, tmp_path: Path
) -> None:
    callers = ["register:alice", *(str(each << 13) for each in range(2_000))]
    await migrations.apply(empty_database, before(SHARD_KEYS, tmp_path / "before"))
    connection = await asyncpg.connect(empty_database)
    try:
        await connection.execute(
            "INSERT INTO idempotency_records (caller_id, request_id, fingerprint, response)"
            " SELECT unnest($1::text[]), 'r', '', ''",
            callers,
        )

        await migrations.apply(empty_database, migrations.folders_of("post"))

        rows = await connection.fetch("SELECT caller_id, shard_key FROM idempotency_records")
    finally:
        await connection.close()
    assert {row[0]: row[1] for row in rows} == {
        each: shard_key.of_name(ShardKey.BUCKET, each) for each in callers
    }

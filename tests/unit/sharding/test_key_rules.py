"""What counts as carrying a shard key."""

import pytest

from tests.unit.sharding.key_rules import mistakes

KEYS = {"posts": "bucket", "likes": "bucket", "heads": "user_id"}


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT text FROM posts WHERE id = $1 AND bucket = $2",
        "SELECT text FROM posts p WHERE p.id = ANY ($1) AND p.bucket = ANY ($2)",
        "SELECT text FROM posts WHERE (id, bucket) IN (SELECT * FROM unnest($1, $2))",
        "SELECT FROM posts p JOIN likes l ON l.bucket = p.bucket WHERE p.bucket = $1",
        "SELECT FROM posts JOIN likes USING (bucket) WHERE posts.bucket = 1",
        "SELECT FROM heads h JOIN unnest($1::bigint[]) AS g (user_id) USING (user_id)",
        "SELECT FROM posts p WHERE bucket = $1 AND EXISTS ("
        "SELECT FROM likes l WHERE l.bucket = p.bucket)",
        "DELETE FROM posts WHERE (bucket = $1 AND id = $2) OR (bucket = $3 AND id = $4)",
        "WITH posts AS (SELECT 1 AS id) SELECT id FROM posts",
        "SELECT FROM posts WHERE bucket = $1 FOR UPDATE",
        "INSERT INTO posts (id, bucket) VALUES ($1, $2)",
        "SELECT clock_timestamp() FROM posts WHERE bucket = 1",
        "SELECT count(*) FROM elsewhere",
    ],
)
def test_right(sql: str) -> None:
    assert mistakes(sql, KEYS) == []


@pytest.mark.parametrize(
    ("sql", "mistake"),
    [
        ("SELECT text FROM posts WHERE id = $1", "touches posts without bucket"),
        ("SELECT FROM posts WHERE bucket > $1", "touches posts without bucket"),
        ("SELECT FROM posts WHERE bucket <> ALL ($1)", "touches posts without bucket"),
        ("SELECT FROM posts WHERE bucket = $1 OR id = $2", "touches posts without bucket"),
        ("SELECT FROM posts WHERE NOT bucket = $1", "touches posts without bucket"),
        (
            "SELECT FROM posts p WHERE bucket = $1 AND EXISTS (SELECT FROM likes WHERE id = p.id)",
            "touches likes without bucket",
        ),
        (
            "SELECT FROM posts p JOIN likes l ON l.post_id = p.id WHERE p.bucket = $1",
            "touches likes without bucket",
        ),
        ("WITH x AS (DELETE FROM posts) SELECT 1", "touches posts without bucket"),
        ("UPDATE posts SET text = $1 WHERE id = $2", "touches posts without bucket"),
        ("INSERT INTO posts (id) VALUES ($1)", "inserts into posts without bucket"),
        (
            "SELECT FROM posts WHERE bucket = ANY ($1) ORDER BY id FOR UPDATE",
            "locks rows of posts on several shards",
        ),
        (
            "UPDATE posts SET time = clock_timestamp() WHERE bucket = $1",
            "calls clock_timestamp in a change of posts",
        ),
    ],
)
def test_wrong(sql: str, mistake: str) -> None:
    assert mistakes(sql, KEYS) == [mistake]

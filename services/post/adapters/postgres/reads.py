"""SQL of the reads of posts, states and lists: one statement each.

Each statement stays within one shard key: it joins tables on their shard keys only. `id = ANY`
finds the rows by the primary key; `bucket = ANY` selects the shards of Citus. Where a statement
repeats a rule of domain/visibility.py, tests/stores/post/test_rules.py compares the two.
"""

from services.chassis.storage.shard_key import is_among

# Version and counts, and the viewer's engagement. The version of a tombstone is 0. Posts and viewer
# have different buckets, so the second is a subquery and not a join of tables.
STATES = """
WITH own AS MATERIALIZED (
  SELECT post_id, like_id, repost_id, bookmark_id
  FROM responses WHERE user_id = $3 AND bucket = $4 AND post_id = ANY ($1::bigint[])
)
SELECT s.id, s.revision + s.media_changes, s.likes, s.reposts, s.replies, s.quotes,
  own.like_id IS NOT NULL, own.repost_id IS NOT NULL, own.bookmark_id IS NOT NULL
FROM post_states s LEFT JOIN own ON own.post_id = s.id
WHERE s.id = ANY ($1::bigint[]) AND s.bucket = ANY ($2::smallint[])
"""

# For anonymous viewers.
BARE_STATES = """
SELECT id, revision + media_changes, likes, reposts, replies, quotes
FROM post_states WHERE id = ANY ($1::bigint[]) AND bucket = ANY ($2::smallint[])
"""

# By the primary key: the cost does not depend on how many rows the user has.
ENGAGED = """
SELECT post_id, like_id IS NOT NULL, repost_id IS NOT NULL, bookmark_id IS NOT NULL
FROM responses WHERE user_id = $1 AND bucket = $3 ORDER BY post_id DESC LIMIT $2
"""

REVISIONS = """
SELECT revision, text, entities, create_time, media FROM post_revisions
WHERE post_id = $1 AND bucket = $2 AND revision < $3
ORDER BY revision DESC LIMIT $4
"""

MEDIA_OF = """
SELECT id, media_ids FROM posts
WHERE id = ANY ($1::bigint[]) AND bucket = ANY ($2::smallint[]) AND delete_time IS NULL
UNION ALL
SELECT post_id, ARRAY(
  SELECT (medium ->> 'id')::bigint FROM jsonb_array_elements(media) AS medium)
FROM post_revisions
WHERE post_id = ANY ($1::bigint[]) AND bucket = ANY ($2::smallint[]) AND media IS NOT NULL
"""

# The tree of a conversation is on one shard.
ANCESTORS = """
WITH RECURSIVE ancestors (id, steps) AS (
  SELECT reply_to_post_id, 1 FROM replies WHERE post_id = $2 AND bucket = $1
  UNION ALL
  SELECT r.reply_to_post_id, a.steps + 1
  FROM ancestors a JOIN replies r ON r.post_id = a.id AND r.bucket = $1
  WHERE a.steps < $3
)
SELECT id FROM ancestors ORDER BY steps DESC
"""

REPLIES = """
SELECT post_id FROM replies
WHERE reply_to_post_id = $2 AND bucket = $1 AND post_id > $3
ORDER BY post_id LIMIT $4
"""

# Descends through deleted replies; each branch ends at its first live post.
ANSWERED = """
WITH RECURSIVE below (top, id, live, steps) AS (
  SELECT reply_to_post_id, post_id, live, 1 FROM replies
  WHERE reply_to_post_id = ANY ($2::bigint[]) AND bucket = $1
  UNION ALL
  SELECT b.top, r.post_id, r.live, b.steps + 1
  FROM below b JOIN replies r ON r.reply_to_post_id = b.id AND r.bucket = $1
  WHERE NOT b.live AND b.steps < 50
)
SELECT DISTINCT top FROM below WHERE live
"""

QUOTES = """
SELECT post_id FROM quotes
WHERE quoted_post_id = $1 AND bucket = $2 AND post_id < $3
ORDER BY post_id DESC LIMIT $4
"""

_REPOSTED = """
    SELECT repost_id, post_id, post_author_id, user_id FROM responses
    WHERE user_id = $1 AND bucket = $2 AND repost_id < $3
    ORDER BY repost_id DESC LIMIT $4
"""


def entries(*, include_replies: bool) -> str:
    """A user's posts and reposts, merged. Each variant has its own index, so it is its own text."""
    narrowed = "" if include_replies else "AND NOT answers_others"
    return f"""
SELECT entry_id, post_id, author_id, reposter_id FROM (
  (
    SELECT id AS entry_id, id AS post_id, author_id, 0::bigint AS reposter_id FROM posts
    WHERE author_id = $1 AND bucket = $2 AND id < $3 AND delete_time IS NULL {narrowed}
    ORDER BY id DESC LIMIT $4
  ) UNION ALL ({_REPOSTED})
) AS merged
ORDER BY entry_id DESC LIMIT $4
"""  # noqa: S608 - nothing of a request is in the text


ENTRIES = {choice: entries(include_replies=choice) for choice in (False, True)}

# The condition on media is that of the index posts_with_media.
ENTRIES_WITH_MEDIA = """
SELECT id, id, author_id FROM posts
WHERE author_id = $1 AND bucket = $2 AND id < $3 AND delete_time IS NULL AND media_ids <> '{}'
ORDER BY id DESC LIMIT $4
"""

LIKES_TO = """
SELECT id, user_id FROM likes WHERE post_id = $1 AND bucket = $2 AND id < $3
ORDER BY id DESC LIMIT $4
"""
REPOSTS_TO = """
SELECT id, user_id FROM reposts WHERE post_id = $1 AND bucket = $2 AND id < $3
ORDER BY id DESC LIMIT $4
"""
LIKES_OF = """
SELECT like_id, post_id FROM responses
WHERE user_id = $1 AND bucket = $4 AND like_id < $2
ORDER BY like_id DESC LIMIT $3
"""
REPOSTS_OF = """
SELECT repost_id, post_id FROM responses
WHERE user_id = $1 AND bucket = $4 AND repost_id < $2
ORDER BY repost_id DESC LIMIT $3
"""
BOOKMARKS_OF = """
SELECT bookmark_id, post_id FROM responses
WHERE user_id = $1 AND bucket = $4 AND bookmark_id < $2
ORDER BY bookmark_id DESC LIMIT $3
"""

# An index-only scan of responses_reposts_in_bucket.
REPOSTS_BETWEEN = """
SELECT post_id FROM responses
WHERE user_id = $1 AND bucket = $4 AND repost_id IS NOT NULL AND post_author_id = $2
ORDER BY repost_id LIMIT $3
"""

# On Citus the lists of actors are joined on the shards of `buckets`.
_BUCKETS = "$5::smallint[]"
_ACTORS = """(
    SELECT b.bucket, a.id
    FROM unnest($1::bigint[]) AS a (id) JOIN buckets b ON b.bucket = ((a.id >> 13) & 511)::smallint
    WHERE b.bucket = ANY ($5::smallint[])
  ) AS actor"""
_NEWEST_ACTORS = f"""(
  SELECT b.bucket, a.id FROM newest a JOIN buckets b ON b.bucket = a.bucket
  WHERE {is_among("b.bucket", _BUCKETS)}
) AS actor"""  # noqa: S608 - a constant
# The conditions are `visibility.belongs_on_homes`.
_OF_ACTOR = f"""p.author_id = actor.id AND p.bucket = actor.bucket
      AND {is_among("p.bucket", _BUCKETS)}
      AND p.id < $2 AND p.delete_time IS NULL AND NOT p.answers_others AND p.visibility < 3"""
_REPOSTED_BY_ACTOR = f"""r.user_id = actor.id AND r.bucket = actor.bucket
      AND {is_among("r.bucket", _BUCKETS)} AND r.repost_id < $2"""

# The newest $3 entries of up to 10,000 users, whose buckets are $5. First the newest $4 of each, by
# one index scan each; $4 times the number of users is at least $3. The $3rd newest of these is a
# lower bound of the result. Then all entries above the bound, of the users who have any.
TIMELINE_ENTRIES = f"""
WITH heads AS MATERIALIZED (
  SELECT actor.bucket, actor.id, head.entry_id
  FROM {_ACTORS} CROSS JOIN LATERAL (
    (SELECT p.bucket, p.id AS entry_id FROM posts p
      WHERE {_OF_ACTOR}
      ORDER BY p.id DESC LIMIT $4)
    UNION ALL
    (SELECT r.bucket, r.repost_id FROM responses r
      WHERE {_REPOSTED_BY_ACTOR}
      ORDER BY r.repost_id DESC LIMIT $4)
  ) AS head
), lowest AS MATERIALIZED (
  SELECT coalesce(
    (SELECT entry_id FROM heads ORDER BY entry_id DESC OFFSET $3 - 1 LIMIT 1), 0) AS id
), newest AS MATERIALIZED (
  SELECT DISTINCT bucket, id FROM heads WHERE entry_id >= (SELECT id FROM lowest)
)
SELECT entry.entry_id, entry.post_id, entry.author_id, entry.reposter_id
FROM {_NEWEST_ACTORS} CROSS JOIN LATERAL (
  (SELECT p.bucket, p.id AS entry_id, p.id AS post_id, p.author_id, 0::bigint AS reposter_id
    FROM posts p
    WHERE {_OF_ACTOR} AND p.id >= (SELECT id FROM lowest)
    ORDER BY p.id DESC LIMIT $3)
  UNION ALL
  (SELECT r.bucket, r.repost_id, r.post_id, r.post_author_id, r.user_id FROM responses r
    WHERE {_REPOSTED_BY_ACTOR} AND r.repost_id >= (SELECT id FROM lowest)
    ORDER BY r.repost_id DESC LIMIT $3)
) AS entry
ORDER BY entry.entry_id DESC LIMIT $3
"""  # noqa: S608 - constants

# The conditions are `visibility.is_counted_on_profile`.
COUNT_POSTS = """
SELECT author_id, count(*) FROM posts
WHERE author_id = ANY ($1::bigint[]) AND bucket = ANY ($2::smallint[]) AND delete_time IS NULL
  AND visibility = 1 AND reply_to_post_id = 0
GROUP BY author_id
"""

LIVE_POSTS_OF = """
SELECT id FROM posts WHERE author_id = $1 AND bucket = $2 AND delete_time IS NULL
ORDER BY id LIMIT $3
"""

# Both halves are index scans with a limit.
CONTRIBUTORS = """
SELECT user_id FROM (
  (SELECT DISTINCT user_id FROM responses WHERE user_id > $1 ORDER BY user_id LIMIT $2)
  UNION
  (SELECT DISTINCT author_id FROM posts WHERE author_id > $1 AND delete_time IS NULL
    ORDER BY author_id LIMIT $2)
) AS contributors
ORDER BY user_id LIMIT $2
"""

UNRECONCILED = """
SELECT account.id
FROM unnest($1::bigint[], $2::boolean[]) AS account (id, protected)
LEFT JOIN account_protections AS stored ON stored.user_id = account.id
WHERE account.protected <> coalesce(stored.protected, false) OR NOT coalesce(stored.settled, true)
ORDER BY account.id
"""

# Materialized, so that the planner uses the index by time and not the one that has the order.
TOUCHED = """
WITH touched AS MATERIALIZED (
  SELECT id FROM post_states WHERE touch_time >= $1 AND touch_time < $2 AND id > $3
)
SELECT id FROM touched ORDER BY id LIMIT $4
"""

RECOUNT = "SELECT id, likes, reposts, replies, quotes FROM recount_posts($1)"

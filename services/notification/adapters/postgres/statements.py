"""The SQL statements of notifications.

Each statement stays within one shard key, the recipient; `watches` goes by the author, and a
watcher's own list comes from all shards.
"""

from services.chassis.storage.shard_key import is_among

# Activities and groups.

_KEYS = "RETURNING recipient_id, group_id"

# $1 … $8: the new activities, column by column; $9: FOLLOW_GROUP_WINDOW.
ADD = """
SELECT recipient_id, group_id, id, again
FROM add_activities($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

_WITHDRAWN = "RETURNING recipient_id, group_id, kind, post_id, actor_id"

# $1 … $4: withdrawn activities, column by column; $5: now.
RECORD_WITHDRAWN = """
INSERT INTO withdrawn_deeds (recipient_id, kind, post_id, actor_id, withdraw_time)
SELECT w.recipient_id, w.kind, w.post_id, w.actor_id, $5::timestamptz
FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[])
  AS w (recipient_id, kind, post_id, actor_id)
WHERE NOT EXISTS (SELECT FROM gone_people p WHERE p.user_id IN (w.recipient_id, w.actor_id))
ON CONFLICT (recipient_id, kind, post_id, actor_id)
  DO UPDATE SET withdraw_time = excluded.withdraw_time
"""

WITHDRAW = f"""
DELETE FROM deeds
WHERE recipient_id = $1 AND actor_id = $2 AND post_id = $3 AND kind = ANY ($4::smallint[])
{_WITHDRAWN}
"""  # noqa: S608

WITHDRAW_BETWEEN = f"""
DELETE FROM deeds
WHERE (recipient_id = $1 AND actor_id = $2) OR (recipient_id = $2 AND actor_id = $1)
{_WITHDRAWN}
"""  # noqa: S608

UNWATCH_EACH_OTHER = """
DELETE FROM watches
WHERE (author_id = $1 AND watcher_id = $2) OR (author_id = $2 AND watcher_id = $1)
"""

SET_ACTOR_MUTED = f"""
UPDATE deeds SET actor_muted = $3
WHERE recipient_id = $1 AND actor_id = $2 AND actor_muted <> $3 {_KEYS}
"""  # noqa: S608

SET_CONVERSATION_MUTED = f"""
UPDATE deeds SET conversation_muted = $3
WHERE recipient_id = $1 AND conversation_id = $2 AND conversation_muted <> $3 {_KEYS}
"""  # noqa: S608

DROP_POST = f"""
DELETE FROM deeds WHERE post_id = $1 AND recipient_id = ANY ($2::bigint[]) {_KEYS}
"""  # noqa: S608

DROP_ACTOR = f"""
DELETE FROM deeds WHERE actor_id = $1 AND recipient_id = ANY ($2::bigint[]) {_KEYS}
"""  # noqa: S608

DROP_BEFORE = f"""
DELETE FROM deeds WHERE deed_time < $1 AND recipient_id = ANY ($2::bigint[]) {_KEYS}
"""  # noqa: S608

GROUP_COLUMNS = "id, kind, post_id, actor_ids, count, first_time, last_time"

# $1, $2: the keys of groups; $3: SAMPLES.
REGROUP = """
SELECT recipient_id,
  (before).id, (before).kind, (before).post_id, (before).actor_ids, (before).count,
  (before).first_time, (before).last_time,
  (after).id, (after).kind, (after).post_id, (after).actor_ids, (after).count,
  (after).first_time, (after).last_time
FROM regroup($1, $2, $3)
ORDER BY recipient_id, coalesce((after).id, (before).id)
"""

# Read markers, preferences, watches and records of deletions.

SET_MARKER = """
INSERT INTO read_markers (user_id, last_read_id, update_time) VALUES ($1, $2, $3)
ON CONFLICT (user_id) DO UPDATE
  SET last_read_id = excluded.last_read_id, update_time = excluded.update_time
"""

SET_PREFERENCES = """
INSERT INTO preferences (user_id, email_digest, version, time_zone, quiet_start, quiet_end)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (user_id) DO UPDATE
  SET email_digest = excluded.email_digest, version = excluded.version,
    time_zone = excluded.time_zone, quiet_start = excluded.quiet_start,
    quiet_end = excluded.quiet_end
"""

# Rows are never deleted: a kind that was changed back has the default values.
SET_KIND_PREFERENCES = """
INSERT INTO kind_preferences (user_id, kind, sender, push)
SELECT $1, * FROM unnest($2::smallint[], $3::smallint[], $4::boolean[])
ON CONFLICT (user_id, kind) DO UPDATE SET sender = excluded.sender, push = excluded.push
"""

KIND_PREFERENCES = """
SELECT user_id, kind, sender, push FROM kind_preferences WHERE user_id = ANY ($1::bigint[])
"""

MUTE_CONVERSATION = """
INSERT INTO muted_conversations (user_id, conversation_id) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""
UNMUTE_CONVERSATION = """
DELETE FROM muted_conversations WHERE user_id = $1 AND conversation_id = $2
"""
COUNT_MUTED_CONVERSATIONS = "SELECT count(*) FROM muted_conversations WHERE user_id = $1"

WATCH = """
INSERT INTO watches (watcher_id, author_id, create_time) VALUES ($1, $2, $3)
ON CONFLICT (author_id, watcher_id) DO UPDATE SET create_time = excluded.create_time
"""
UNWATCH = """
DELETE FROM watches
WHERE watcher_id = ANY ($1::bigint[]) AND author_id = $2
  AND ($3::timestamptz IS NULL OR create_time <= $3)
"""
COUNT_WATCHED = "SELECT count(*) FROM watches WHERE watcher_id = $1"

RECORD_DELETED_POST = """
INSERT INTO gone_posts (post_id, gone_time) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""
RECORD_DELETED_USER = """
INSERT INTO gone_people (user_id, gone_time) VALUES ($1, $2) ON CONFLICT DO NOTHING
"""
FORGET_USER = (
    "DELETE FROM deeds WHERE recipient_id = $1",
    "DELETE FROM notification_groups WHERE recipient_id = $1",
    "DELETE FROM read_markers WHERE user_id = $1",
    "DELETE FROM kind_preferences WHERE user_id = $1",
    "DELETE FROM preferences WHERE user_id = $1",
    "DELETE FROM muted_conversations WHERE user_id = $1",
    "DELETE FROM withdrawn_deeds WHERE recipient_id = $1 OR actor_id = $1",
    "DELETE FROM protected_people WHERE user_id = $1",
    "DELETE FROM watches WHERE watcher_id = $1 OR author_id = $1",
)
FORGET_DELETED = (
    "DELETE FROM gone_people WHERE gone_time < $1",
    "DELETE FROM gone_posts WHERE gone_time < $1",
)

FORGET_WITHDRAWN = "DELETE FROM withdrawn_deeds WHERE withdraw_time < $1"

PROTECT = "INSERT INTO protected_people (user_id) VALUES ($1) ON CONFLICT DO NOTHING"
UNPROTECT = "DELETE FROM protected_people WHERE user_id = $1"
PROTECTED = "SELECT user_id FROM protected_people WHERE user_id = ANY ($1::bigint[])"

# Reads.

GROUPS = f"""
SELECT {GROUP_COLUMNS} FROM notification_groups
WHERE recipient_id = $1 AND id < $2 AND (kind = ANY ($3::smallint[]) OR $3 = '{{}}')
ORDER BY id DESC LIMIT $4
"""  # noqa: S608

# $1, $2: users and their groups.
UNREAD = f"""
SELECT g.recipient_id, {", ".join(f"g.{each}" for each in GROUP_COLUMNS.split(", "))}
FROM notification_groups g
JOIN unnest($1::bigint[], $2::bigint[]) AS w (recipient_id, id)
  ON g.recipient_id = w.recipient_id AND g.id = w.id
LEFT JOIN read_markers m ON m.user_id = g.recipient_id
WHERE {is_among("g.recipient_id", "$1::bigint[]")} AND g.id > coalesce(m.last_read_id, 0)
"""  # noqa: S608

NEWEST_GROUP_ID = """
SELECT coalesce(max(id), 0) FROM notification_groups WHERE recipient_id = $1
"""

MARKER = "SELECT last_read_id, update_time FROM read_markers WHERE user_id = $1"

LAST_READ = "SELECT user_id, last_read_id FROM read_markers WHERE user_id = ANY ($1::bigint[])"

# A user who changed none has no row, and then no preferences by kind.
PREFERENCES = """
SELECT email_digest, version, time_zone, quiet_start, quiet_end,
  ARRAY(SELECT ARRAY[kind, sender, push::integer] FROM kind_preferences WHERE user_id = $1)
FROM preferences WHERE user_id = $1
"""

DAYS = """
SELECT user_id, time_zone, quiet_start, quiet_end FROM preferences
WHERE user_id = ANY ($1::bigint[])
"""

MUTED_CONVERSATIONS = """
SELECT conversation_id FROM muted_conversations WHERE user_id = $1 ORDER BY conversation_id
"""

WATCHED = "SELECT author_id FROM watches WHERE watcher_id = $1 ORDER BY author_id"

WATCHERS = """
SELECT watcher_id FROM watches WHERE author_id = $1 AND watcher_id > $2
ORDER BY watcher_id LIMIT $3
"""

RECIPIENTS_OF_POST = """
SELECT DISTINCT recipient_id FROM deeds WHERE post_id = $1 AND post_id <> 0 LIMIT $2
"""

RECIPIENTS_OF_ACTOR = "SELECT DISTINCT recipient_id FROM deeds WHERE actor_id = $1 LIMIT $2"

RECIPIENTS_BEFORE = "SELECT DISTINCT recipient_id FROM deeds WHERE deed_time < $1 LIMIT $2"

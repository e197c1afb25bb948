"""The SQL statements of notifications.

Each statement stays within one shard key, the recipient; `watches` goes by the author, and a
watcher's own list comes from all shards.
"""

# Activities and groups.

_KEYS = "RETURNING recipient_id, group_id"

_SHOWN = "NOT d.actor_muted AND NOT d.conversation_muted"

# $1 … $8: the new activities, column by column; $9: FOLLOW_GROUP_WINDOW.
# 1 is FOLLOW, 4 MENTION, 5 REPLY, 6 LIKE, 7 REPOST, 8 QUOTE, 9 POST.
ADD = f"""
INSERT INTO deeds (recipient_id, kind, post_id, actor_id, id, group_id, conversation_id,
                   deed_time, actor_muted, conversation_muted)
SELECT n.recipient_id, n.kind, n.post_id, n.actor_id, n.id,
  coalesce(
    CASE WHEN n.kind IN (6, 7) THEN (
      SELECT d.group_id FROM deeds d
      WHERE d.recipient_id = n.recipient_id AND d.kind = n.kind AND d.post_id = n.post_id LIMIT 1)
    WHEN n.kind = 1 THEN (
      SELECT CASE WHEN d.deed_time >= n.deed_time - $9::interval
          AND d.id > coalesce(
            (SELECT last_read_id FROM read_markers WHERE user_id = n.recipient_id), 0)
        THEN d.group_id END
      FROM deeds d WHERE d.recipient_id = n.recipient_id AND d.kind = 1 AND {_SHOWN}
      ORDER BY d.id DESC LIMIT 1) END,
    n.id),
  n.conversation_id, n.deed_time, n.muted,
  EXISTS (SELECT FROM muted_conversations m
    WHERE m.user_id = n.recipient_id AND m.conversation_id = n.conversation_id)
FROM unnest($1::bigint[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
            $7::timestamptz[], $8::boolean[])
  AS n (recipient_id, kind, post_id, actor_id, id, conversation_id, deed_time, muted)
WHERE NOT EXISTS (SELECT FROM gone_posts g WHERE g.post_id = n.post_id)
  AND NOT EXISTS (SELECT FROM gone_people g WHERE g.user_id IN (n.recipient_id, n.actor_id))
  AND NOT (n.kind IN (4, 9) AND EXISTS (
    SELECT FROM deeds d
    WHERE d.recipient_id = n.recipient_id AND d.kind IN (4, 5, 8, 9) AND d.kind <> n.kind
      AND d.post_id = n.post_id))
ON CONFLICT DO NOTHING
RETURNING recipient_id, group_id, id, EXISTS (
  SELECT FROM withdrawn_deeds w
  WHERE (w.recipient_id, w.kind, w.post_id, w.actor_id)
    = (deeds.recipient_id, deeds.kind, deeds.post_id, deeds.actor_id))
"""  # noqa: S608 - constants

_RECORDED = """
RETURNING recipient_id, group_id, kind, post_id, actor_id
), recorded AS (
  INSERT INTO withdrawn_deeds (recipient_id, kind, post_id, actor_id, withdraw_time)
  SELECT recipient_id, kind, post_id, actor_id, $1 FROM gone
  WHERE NOT EXISTS (
    SELECT FROM gone_people p WHERE p.user_id IN (gone.recipient_id, gone.actor_id))
  ON CONFLICT (recipient_id, kind, post_id, actor_id)
    DO UPDATE SET withdraw_time = excluded.withdraw_time
)
SELECT recipient_id, group_id FROM gone
"""

# $1: now.
WITHDRAW = f"""
WITH gone AS (
DELETE FROM deeds
WHERE recipient_id = $2 AND actor_id = $3 AND post_id = $4 AND kind = ANY ($5::smallint[])
{_RECORDED}
"""  # noqa: S608

WITHDRAW_BETWEEN = f"""
WITH gone AS (
DELETE FROM deeds
WHERE (recipient_id = $2 AND actor_id = $3) OR (recipient_id = $3 AND actor_id = $2)
{_RECORDED}
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

# $1, $2: the keys of groups; $3: SAMPLES. The statement's parts all read the rows as they were
# before it.
REGROUP = f"""
WITH requested AS (
  SELECT DISTINCT recipient_id, first_id
  FROM unnest($1::bigint[], $2::bigint[]) AS a (recipient_id, first_id)
), before AS (
  SELECT g.* FROM requested JOIN notification_groups g USING (recipient_id, first_id)
), after AS (
  SELECT a.recipient_id, a.first_id, max(d.id) AS id, min(d.kind) AS kind,
    min(d.post_id) AS post_id,
    ARRAY(SELECT s.actor_id FROM deeds s
      WHERE s.recipient_id = a.recipient_id AND s.group_id = a.first_id
        AND NOT s.actor_muted AND NOT s.conversation_muted
      ORDER BY s.id DESC LIMIT $3) AS actor_ids,
    count(*) AS count, min(d.deed_time) AS first_time, max(d.deed_time) AS last_time
  FROM requested a JOIN deeds d ON d.recipient_id = a.recipient_id AND d.group_id = a.first_id
  WHERE {_SHOWN}
  GROUP BY a.recipient_id, a.first_id
), gone AS (
  DELETE FROM notification_groups g USING before b
  WHERE g.recipient_id = b.recipient_id AND g.first_id = b.first_id
    AND NOT EXISTS (SELECT FROM after n
      WHERE n.recipient_id = b.recipient_id AND n.first_id = b.first_id)
), kept AS (
  INSERT INTO notification_groups (recipient_id, first_id, {GROUP_COLUMNS})
  SELECT recipient_id, first_id, {GROUP_COLUMNS} FROM after
  ON CONFLICT (recipient_id, first_id) DO UPDATE SET id = excluded.id,
    actor_ids = excluded.actor_ids, count = excluded.count, first_time = excluded.first_time,
    last_time = excluded.last_time
)
SELECT recipient_id,
  b.id, b.kind, b.post_id, b.actor_ids, b.count, b.first_time, b.last_time,
  n.id, n.kind, n.post_id, n.actor_ids, n.count, n.first_time, n.last_time
FROM requested
LEFT JOIN before b USING (recipient_id, first_id)
LEFT JOIN after n USING (recipient_id, first_id)
WHERE (b.id, b.actor_ids, b.count, b.first_time, b.last_time)
  IS DISTINCT FROM (n.id, n.actor_ids, n.count, n.first_time, n.last_time)
ORDER BY recipient_id, coalesce(n.id, b.id)
"""  # noqa: S608

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
FORGET_USER = """
WITH received AS (DELETE FROM deeds WHERE recipient_id = $1),
  listed AS (DELETE FROM notification_groups WHERE recipient_id = $1),
  read AS (DELETE FROM read_markers WHERE user_id = $1),
  kinds AS (DELETE FROM kind_preferences WHERE user_id = $1),
  other AS (DELETE FROM preferences WHERE user_id = $1),
  muted AS (DELETE FROM muted_conversations WHERE user_id = $1),
  withdrawn AS (DELETE FROM withdrawn_deeds WHERE recipient_id = $1 OR actor_id = $1),
  protected AS (DELETE FROM protected_people WHERE user_id = $1)
DELETE FROM watches WHERE watcher_id = $1 OR author_id = $1
"""
FORGET_DELETED = """
WITH users AS (DELETE FROM gone_people WHERE gone_time < $1)
DELETE FROM gone_posts WHERE gone_time < $1
"""

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
SELECT recipient_id, {GROUP_COLUMNS} FROM notification_groups
WHERE (recipient_id, id) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
  AND id > coalesce((SELECT last_read_id FROM read_markers WHERE user_id = recipient_id), 0)
"""  # noqa: S608

NEWEST_GROUP_ID = """
SELECT coalesce(max(id), 0) FROM notification_groups WHERE recipient_id = $1
"""

MARKER = "SELECT last_read_id, update_time FROM read_markers WHERE user_id = $1"

LAST_READ = "SELECT user_id, last_read_id FROM read_markers WHERE user_id = ANY ($1::bigint[])"

PREFERENCES = """
SELECT email_digest, version, time_zone, quiet_start, quiet_end,
  ARRAY(SELECT ARRAY[kind, sender, push::integer] FROM kind_preferences k WHERE k.user_id = $1)
FROM (SELECT) AS always LEFT JOIN preferences p ON p.user_id = $1
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

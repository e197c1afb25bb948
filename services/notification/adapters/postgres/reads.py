"""Reading what people are told: one statement each."""

from services.notification.adapters.postgres.activities import GROUP_COLUMNS

GROUPS = f"""
SELECT {GROUP_COLUMNS} FROM notification_groups
WHERE recipient_id = $1 AND id < $2 AND (kind = ANY ($3::smallint[]) OR $3 = '{{}}')
ORDER BY id DESC LIMIT $4
"""  # noqa: S608 - nothing but column names

# $1, $2: people, and groups of theirs.
UNREAD = f"""
SELECT recipient_id, {GROUP_COLUMNS} FROM notification_groups
WHERE (recipient_id, id) IN (SELECT * FROM unnest($1::bigint[], $2::bigint[]))
  AND id > coalesce((SELECT last_read_id FROM read_markers WHERE user_id = recipient_id), 0)
"""  # noqa: S608 - nothing but column names

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

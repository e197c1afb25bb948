"""What somebody sets, and what deeds depend on besides: one statement each."""

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

# Wishes change and are never taken away: a kind that was changed back has the usual one.
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
WITH told AS (DELETE FROM deeds WHERE recipient_id = $1),
  listed AS (DELETE FROM notification_groups WHERE recipient_id = $1),
  read AS (DELETE FROM read_markers WHERE user_id = $1),
  wished AS (DELETE FROM kind_preferences WHERE user_id = $1),
  preferred AS (DELETE FROM preferences WHERE user_id = $1),
  muted AS (DELETE FROM muted_conversations WHERE user_id = $1),
  withdrawn AS (DELETE FROM withdrawn_deeds WHERE recipient_id = $1 OR actor_id = $1),
  protected AS (DELETE FROM protected_people WHERE user_id = $1)
DELETE FROM watches WHERE watcher_id = $1 OR author_id = $1
"""
FORGET_DELETED = """
WITH people AS (DELETE FROM gone_people WHERE gone_time < $1)
DELETE FROM gone_posts WHERE gone_time < $1
"""

FORGET_WITHDRAWN = "DELETE FROM withdrawn_deeds WHERE withdraw_time < $1"

PROTECT = "INSERT INTO protected_people (user_id) VALUES ($1) ON CONFLICT DO NOTHING"
UNPROTECT = "DELETE FROM protected_people WHERE user_id = $1"
PROTECTED = "SELECT user_id FROM protected_people WHERE user_id = ANY ($1::bigint[])"

"""Adding and removing deeds, and putting groups together: one statement each."""

_KEYS = "RETURNING recipient_id, group_id"

_SHOWN = "NOT d.actor_muted AND NOT d.conversation_muted"

# $1 … $8: the new deeds, column by column; $9: FOLLOW_GROUP_WINDOW.
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
"""  # noqa: S608 - nothing of a request is in the text

_REMEMBERED = """
RETURNING recipient_id, group_id, kind, post_id, actor_id
), remembered AS (
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
{_REMEMBERED}
"""  # noqa: S608

PART = f"""
WITH gone AS (
DELETE FROM deeds
WHERE (recipient_id = $2 AND actor_id = $3) OR (recipient_id = $3 AND actor_id = $2)
{_REMEMBERED}
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

# $1, $2: the keys of groups; $3: how many samples. The changes see the rows as they were, and so
# does what is told of them.
REGROUP = f"""
WITH asked AS (
  SELECT DISTINCT recipient_id, first_id
  FROM unnest($1::bigint[], $2::bigint[]) AS a (recipient_id, first_id)
), before AS (
  SELECT g.* FROM asked JOIN notification_groups g USING (recipient_id, first_id)
), after AS (
  SELECT a.recipient_id, a.first_id, max(d.id) AS id, min(d.kind) AS kind,
    min(d.post_id) AS post_id,
    ARRAY(SELECT s.actor_id FROM deeds s
      WHERE s.recipient_id = a.recipient_id AND s.group_id = a.first_id
        AND NOT s.actor_muted AND NOT s.conversation_muted
      ORDER BY s.id DESC LIMIT $3) AS actor_ids,
    count(*) AS count, min(d.deed_time) AS first_time, max(d.deed_time) AS last_time
  FROM asked a JOIN deeds d ON d.recipient_id = a.recipient_id AND d.group_id = a.first_id
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
FROM asked
LEFT JOIN before b USING (recipient_id, first_id)
LEFT JOIN after n USING (recipient_id, first_id)
WHERE (b.id, b.actor_ids, b.count, b.first_time, b.last_time)
  IS DISTINCT FROM (n.id, n.actor_ids, n.count, n.first_time, n.last_time)
ORDER BY recipient_id, coalesce(n.id, b.id)
"""  # noqa: S608

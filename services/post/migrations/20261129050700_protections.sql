-- Updates marks and counts when an account becomes protected or open. Locks: users, then post states
-- by ascending id.

-- migrate:up

-- Stores whether an account is protected, unless a newer state is stored. Later contributions are
-- marked by it.
CREATE FUNCTION record_protection(p_user_id bigint, p_protected boolean, p_update_time timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(p_user_id);
  INSERT INTO account_protections AS a (user_id, protected, update_time)
    VALUES (p_user_id, p_protected, p_update_time)
    ON CONFLICT (user_id) DO UPDATE
      SET protected = excluded.protected, update_time = excluded.update_time, settled = false
      WHERE a.update_time <= excluded.update_time;
END
$$;

-- Marks up to p_limit of a user's likes and reposts by the stored state of the account, and updates
-- counts: those of the posts above p_after, ascending. last_id is the last of these posts, 0 where
-- there was none; changed has the posts whose counts changed.
CREATE FUNCTION align_responses(
  p_user_id bigint, p_after bigint, p_limit integer, OUT last_id bigint, OUT changed bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[];
  opened boolean;
  liked bigint[];
  reposted bigint[];
BEGIN
  SELECT array_agg(own.post_id ORDER BY own.post_id) INTO ids FROM (
    SELECT r.post_id FROM responses r WHERE r.user_id = p_user_id AND r.post_id > p_after
    ORDER BY r.post_id LIMIT p_limit
  ) AS own;
  changed := '{}';
  last_id := coalesce(ids[cardinality(ids)], 0);
  PERFORM FROM post_states s
    WHERE s.id = ANY (ids) AND s.bucket = ANY (buckets_of(ids))
    ORDER BY s.id FOR UPDATE;
  opened := is_open_account(p_user_id, false, '-infinity');

  WITH marked AS (
    UPDATE likes l SET open = opened
    WHERE l.post_id = ANY (ids) AND l.bucket = ANY (buckets_of(ids)) AND l.user_id = p_user_id
      AND l.open <> opened
    RETURNING l.post_id
  )
  SELECT coalesce(array_agg(m.post_id), '{}') INTO liked FROM marked m;
  UPDATE post_states s
    SET likes = greatest(s.likes + CASE WHEN opened THEN 1 ELSE -1 END, 0),
        touch_time = clock_timestamp()
    WHERE s.id = ANY (liked) AND s.bucket = ANY (buckets_of(liked));

  WITH marked AS (
    UPDATE reposts r SET open = opened
    WHERE r.post_id = ANY (ids) AND r.bucket = ANY (buckets_of(ids)) AND r.user_id = p_user_id
      AND r.open <> opened
    RETURNING r.post_id
  )
  SELECT coalesce(array_agg(m.post_id), '{}') INTO reposted FROM marked m;
  UPDATE post_states s
    SET reposts = greatest(s.reposts + CASE WHEN opened THEN 1 ELSE -1 END, 0),
        touch_time = clock_timestamp()
    WHERE s.id = ANY (reposted) AND s.bucket = ANY (buckets_of(reposted));
  changed := liked || reposted;
END
$$;

-- The same for up to p_limit of a user's posts above p_after: for the posts that they reply to and
-- quote. Posts that are not public are never open.
CREATE FUNCTION align_posts(
  p_user_id bigint, p_after bigint, p_limit integer, OUT last_id bigint, OUT changed bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
  ids bigint[];
  targets bigint[];
  opened boolean;
  answered bigint[];
  quoted bigint[];
BEGIN
  SELECT array_agg(own.id ORDER BY own.id) INTO ids FROM (
    SELECT p.id FROM posts p
    WHERE p.author_id = p_user_id AND p.bucket = bucket_of(p_user_id) AND p.id > p_after
      AND p.delete_time IS NULL
    ORDER BY p.id LIMIT p_limit
  ) AS own;
  last_id := coalesce(ids[cardinality(ids)], 0);
  SELECT array_agg(DISTINCT t.id) INTO targets
    FROM posts p CROSS JOIN LATERAL unnest(ARRAY[p.reply_to_post_id, p.quoted_post_id]) AS t (id)
    WHERE p.id = ANY (ids) AND p.bucket = bucket_of(p_user_id) AND t.id <> 0;
  PERFORM FROM post_states s
    WHERE s.id = ANY (targets) AND s.bucket = ANY (buckets_of(targets))
    ORDER BY s.id FOR UPDATE;
  opened := is_open_account(p_user_id, false, '-infinity');

  WITH marked AS (
    UPDATE replies r SET open = opened FROM posts p
    WHERE p.id = ANY (ids) AND p.bucket = bucket_of(p_user_id) AND p.reply_to_post_id <> 0
      AND p.visibility = 1 AND r.post_id = p.id AND r.bucket = bucket_of(p.conversation_id)
      AND r.live AND r.open <> opened
    RETURNING r.reply_to_post_id AS target
  )
  SELECT coalesce(array_agg(m.target), '{}') INTO answered FROM marked m;
  UPDATE post_states s
    SET replies = greatest(s.replies + CASE WHEN opened THEN d.n ELSE -d.n END, 0),
        touch_time = clock_timestamp()
    FROM (SELECT t AS id, count(*) AS n FROM unnest(answered) AS t GROUP BY 1) AS d
    WHERE s.id = d.id AND s.bucket = bucket_of(d.id);

  WITH marked AS (
    UPDATE quotes q SET open = opened FROM posts p
    WHERE p.id = ANY (ids) AND p.bucket = bucket_of(p_user_id) AND p.quoted_post_id <> 0
      AND p.visibility = 1 AND p.reply_to_post_id = 0
      AND q.quoted_post_id = p.quoted_post_id AND q.post_id = p.id
      AND q.bucket = bucket_of(p.quoted_post_id) AND q.open <> opened
    RETURNING q.quoted_post_id AS target
  )
  SELECT coalesce(array_agg(m.target), '{}') INTO quoted FROM marked m;
  UPDATE post_states s
    SET quotes = greatest(s.quotes + CASE WHEN opened THEN d.n ELSE -d.n END, 0),
        touch_time = clock_timestamp()
    FROM (SELECT t AS id, count(*) AS n FROM unnest(quoted) AS t GROUP BY 1) AS d
    WHERE s.id = d.id AND s.bucket = bucket_of(d.id);
  changed := answered || quoted;
END
$$;

-- migrate:down

DROP FUNCTION align_posts;
DROP FUNCTION align_responses;
DROP FUNCTION record_protection;

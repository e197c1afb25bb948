-- Counts include the likes and reposts that are open. The functions are those of
-- 20250102000100_post_functions.sql, with marks.

-- migrate:up

-- p_protected is whether the user's account is protected, according to its profile at
-- p_update_time.
CREATE FUNCTION respond(
  p_kind text, p_user_id bigint, p_post_id bigint, p_bucket smallint, p_author_id bigint, p_id bigint,
  p_protected boolean, p_update_time timestamptz,
  OUT changed boolean, OUT response_id bigint, OUT state post_states, OUT own responses
) LANGUAGE plpgsql AS $$
DECLARE
  opened boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(p_user_id);
  changed := false;
  response_id := 0;
  SELECT s.* INTO state FROM post_states s
    WHERE s.id = p_post_id AND s.bucket = p_bucket FOR UPDATE;
  SELECT r.* INTO own FROM responses r
    WHERE r.user_id = p_user_id AND r.post_id = p_post_id FOR UPDATE;
  IF coalesce(state.revision, 0) = 0 THEN
    RETURN;
  END IF;
  response_id := coalesce(CASE p_kind
    WHEN 'like' THEN own.like_id WHEN 'repost' THEN own.repost_id ELSE own.bookmark_id END, 0);
  IF response_id <> 0 THEN
    RETURN;
  END IF;

  changed := true;
  opened := is_open_account(p_user_id, p_protected, p_update_time);
  response_id := p_id;
  INSERT INTO responses AS r (user_id, post_id, post_author_id, like_id, repost_id, bookmark_id)
    VALUES (
      p_user_id, p_post_id, p_author_id,
      CASE p_kind WHEN 'like' THEN p_id END,
      CASE p_kind WHEN 'repost' THEN p_id END,
      CASE p_kind WHEN 'bookmark' THEN p_id END)
    ON CONFLICT (user_id, post_id) DO UPDATE SET
      like_id = coalesce(r.like_id, excluded.like_id),
      repost_id = coalesce(r.repost_id, excluded.repost_id),
      bookmark_id = coalesce(r.bookmark_id, excluded.bookmark_id)
    RETURNING r.* INTO own;
  IF p_kind = 'like' THEN
    INSERT INTO likes (post_id, user_id, id, bucket, open)
      VALUES (p_post_id, p_user_id, p_id, p_bucket, opened);
    UPDATE post_states s SET likes = s.likes + opened::int, touch_time = clock_timestamp()
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  ELSIF p_kind = 'repost' THEN
    INSERT INTO reposts (post_id, user_id, id, bucket, open)
      VALUES (p_post_id, p_user_id, p_id, p_bucket, opened);
    UPDATE post_states s SET reposts = s.reposts + opened::int, touch_time = clock_timestamp()
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  END IF;
END
$$;

-- For processes of the previous release during a rollout. A later release drops it.
CREATE OR REPLACE FUNCTION respond(
  p_kind text, p_user_id bigint, p_post_id bigint, p_bucket smallint, p_author_id bigint, p_id bigint,
  OUT changed boolean, OUT response_id bigint, OUT state post_states, OUT own responses
) LANGUAGE sql AS $$
  SELECT r.changed, r.response_id, r.state, r.own
  FROM respond($1, $2, $3, $4, $5, $6, false, '-infinity') AS r
$$;

CREATE OR REPLACE FUNCTION withdraw(
  p_kind text, p_user_id bigint, p_post_id bigint, p_bucket smallint,
  OUT changed boolean, OUT response_id bigint, OUT state post_states, OUT own responses
) LANGUAGE plpgsql AS $$
DECLARE
  opened boolean;
BEGIN
  SELECT s.* INTO state FROM post_states s
    WHERE s.id = p_post_id AND s.bucket = p_bucket FOR UPDATE;
  SELECT r.* INTO own FROM responses r
    WHERE r.user_id = p_user_id AND r.post_id = p_post_id FOR UPDATE;
  response_id := coalesce(CASE p_kind
    WHEN 'like' THEN own.like_id WHEN 'repost' THEN own.repost_id ELSE own.bookmark_id END, 0);
  changed := response_id <> 0;
  IF NOT changed THEN
    RETURN;
  END IF;

  IF p_kind = 'like' THEN
    own.like_id := NULL;
    DELETE FROM likes l
      WHERE l.post_id = p_post_id AND l.user_id = p_user_id AND l.bucket = p_bucket
      RETURNING l.open INTO opened;
    UPDATE post_states s SET likes = greatest(s.likes - coalesce(opened, false)::int, 0), touch_time = clock_timestamp()
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  ELSIF p_kind = 'repost' THEN
    own.repost_id := NULL;
    DELETE FROM reposts p
      WHERE p.post_id = p_post_id AND p.user_id = p_user_id AND p.bucket = p_bucket
      RETURNING p.open INTO opened;
    UPDATE post_states s SET reposts = greatest(s.reposts - coalesce(opened, false)::int, 0), touch_time = clock_timestamp()
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  ELSE
    own.bookmark_id := NULL;
  END IF;
  IF own.like_id IS NULL AND own.repost_id IS NULL AND own.bookmark_id IS NULL THEN
    DELETE FROM responses r WHERE r.user_id = p_user_id AND r.post_id = p_post_id;
  ELSE
    UPDATE responses r
      SET like_id = own.like_id, repost_id = own.repost_id, bookmark_id = own.bookmark_id
      WHERE r.user_id = p_user_id AND r.post_id = p_post_id;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION recount_posts(p_ids bigint[])
RETURNS TABLE (id bigint, likes bigint, reposts bigint, replies bigint, quotes bigint)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM post_states s
    WHERE s.id = ANY (p_ids) AND s.bucket = ANY (buckets_of(p_ids))
    ORDER BY s.id FOR UPDATE;
  RETURN QUERY
    WITH counted AS (
      SELECT p.id, p.bucket,
        (SELECT count(*) FROM likes l WHERE l.post_id = p.id AND l.bucket = p.bucket)
          - (SELECT count(*) FROM likes l
            WHERE l.post_id = p.id AND l.bucket = p.bucket AND NOT l.open) AS likes,
        (SELECT count(*) FROM reposts r WHERE r.post_id = p.id AND r.bucket = p.bucket)
          - (SELECT count(*) FROM reposts r
            WHERE r.post_id = p.id AND r.bucket = p.bucket AND NOT r.open) AS reposts,
        (SELECT count(*) FROM replies c
          WHERE c.reply_to_post_id = p.id AND c.bucket = bucket_of(p.conversation_id)
            AND c.live AND c.open
        ) AS replies,
        (SELECT count(*) FROM quotes q
          WHERE q.quoted_post_id = p.id AND q.bucket = p.bucket AND q.open) AS quotes
      FROM posts p WHERE p.id = ANY (p_ids) AND p.bucket = ANY (buckets_of(p_ids))
    ), wrong AS (
      SELECT s.id, s.bucket, c.likes, c.reposts, c.replies, c.quotes,
        s.likes AS old_likes, s.reposts AS old_reposts,
        s.replies AS old_replies, s.quotes AS old_quotes
      FROM post_states s JOIN counted c ON c.id = s.id AND c.bucket = s.bucket
      WHERE (s.likes, s.reposts, s.replies, s.quotes)
        IS DISTINCT FROM (c.likes, c.reposts, c.replies, c.quotes)
    ), corrected AS (
      UPDATE post_states s
      SET likes = w.likes, reposts = w.reposts, replies = w.replies, quotes = w.quotes
      FROM wrong w WHERE s.id = w.id AND s.bucket = w.bucket
    )
    SELECT w.id, w.likes - w.old_likes, w.reposts - w.old_reposts,
      w.replies - w.old_replies, w.quotes - w.old_quotes
    FROM wrong w;
END
$$;

-- migrate:down

DROP FUNCTION respond(
  text, bigint, bigint, smallint, bigint, bigint, boolean, timestamptz
);

CREATE OR REPLACE FUNCTION respond(
  p_kind text, p_user_id bigint, p_post_id bigint, p_bucket smallint, p_author_id bigint, p_id bigint,
  OUT changed boolean, OUT response_id bigint, OUT state post_states, OUT own responses
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(p_user_id);
  changed := false;
  response_id := 0;
  SELECT s.* INTO state FROM post_states s
    WHERE s.id = p_post_id AND s.bucket = p_bucket FOR UPDATE;
  SELECT r.* INTO own FROM responses r
    WHERE r.user_id = p_user_id AND r.post_id = p_post_id FOR UPDATE;
  IF coalesce(state.revision, 0) = 0 THEN
    RETURN;
  END IF;
  response_id := coalesce(CASE p_kind
    WHEN 'like' THEN own.like_id WHEN 'repost' THEN own.repost_id ELSE own.bookmark_id END, 0);
  IF response_id <> 0 THEN
    RETURN;
  END IF;

  changed := true;
  response_id := p_id;
  INSERT INTO responses AS r (user_id, post_id, post_author_id, like_id, repost_id, bookmark_id)
    VALUES (
      p_user_id, p_post_id, p_author_id,
      CASE p_kind WHEN 'like' THEN p_id END,
      CASE p_kind WHEN 'repost' THEN p_id END,
      CASE p_kind WHEN 'bookmark' THEN p_id END)
    ON CONFLICT (user_id, post_id) DO UPDATE SET
      like_id = coalesce(r.like_id, excluded.like_id),
      repost_id = coalesce(r.repost_id, excluded.repost_id),
      bookmark_id = coalesce(r.bookmark_id, excluded.bookmark_id)
    RETURNING r.* INTO own;
  IF p_kind = 'like' THEN
    INSERT INTO likes (post_id, user_id, id, bucket)
      VALUES (p_post_id, p_user_id, p_id, p_bucket);
    UPDATE post_states s SET likes = s.likes + 1, touch_time = clock_timestamp()
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  ELSIF p_kind = 'repost' THEN
    INSERT INTO reposts (post_id, user_id, id, bucket)
      VALUES (p_post_id, p_user_id, p_id, p_bucket);
    UPDATE post_states s SET reposts = s.reposts + 1, touch_time = clock_timestamp()
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION withdraw(
  p_kind text, p_user_id bigint, p_post_id bigint, p_bucket smallint,
  OUT changed boolean, OUT response_id bigint, OUT state post_states, OUT own responses
) LANGUAGE plpgsql AS $$
BEGIN
  SELECT s.* INTO state FROM post_states s
    WHERE s.id = p_post_id AND s.bucket = p_bucket FOR UPDATE;
  SELECT r.* INTO own FROM responses r
    WHERE r.user_id = p_user_id AND r.post_id = p_post_id FOR UPDATE;
  response_id := coalesce(CASE p_kind
    WHEN 'like' THEN own.like_id WHEN 'repost' THEN own.repost_id ELSE own.bookmark_id END, 0);
  changed := response_id <> 0;
  IF NOT changed THEN
    RETURN;
  END IF;

  IF p_kind = 'like' THEN
    own.like_id := NULL;
    DELETE FROM likes l
      WHERE l.post_id = p_post_id AND l.user_id = p_user_id AND l.bucket = p_bucket;
    UPDATE post_states s SET likes = greatest(s.likes - 1, 0), touch_time = clock_timestamp()
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  ELSIF p_kind = 'repost' THEN
    own.repost_id := NULL;
    DELETE FROM reposts p
      WHERE p.post_id = p_post_id AND p.user_id = p_user_id AND p.bucket = p_bucket;
    UPDATE post_states s SET reposts = greatest(s.reposts - 1, 0), touch_time = clock_timestamp()
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  ELSE
    own.bookmark_id := NULL;
  END IF;
  IF own.like_id IS NULL AND own.repost_id IS NULL AND own.bookmark_id IS NULL THEN
    DELETE FROM responses r WHERE r.user_id = p_user_id AND r.post_id = p_post_id;
  ELSE
    UPDATE responses r
      SET like_id = own.like_id, repost_id = own.repost_id, bookmark_id = own.bookmark_id
      WHERE r.user_id = p_user_id AND r.post_id = p_post_id;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION recount_posts(p_ids bigint[])
RETURNS TABLE (id bigint, likes bigint, reposts bigint, replies bigint, quotes bigint)
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM post_states s
    WHERE s.id = ANY (p_ids) AND s.bucket = ANY (buckets_of(p_ids))
    ORDER BY s.id FOR UPDATE;
  RETURN QUERY
    WITH counted AS (
      SELECT p.id, p.bucket,
        (SELECT count(*) FROM likes l WHERE l.post_id = p.id AND l.bucket = p.bucket) AS likes,
        (SELECT count(*) FROM reposts r WHERE r.post_id = p.id AND r.bucket = p.bucket) AS reposts,
        (SELECT count(*) FROM replies c
          WHERE c.reply_to_post_id = p.id AND c.bucket = bucket_of(p.conversation_id) AND c.live
        ) AS replies,
        (SELECT count(*) FROM quotes q
          WHERE q.quoted_post_id = p.id AND q.bucket = p.bucket) AS quotes
      FROM posts p WHERE p.id = ANY (p_ids) AND p.bucket = ANY (buckets_of(p_ids))
    ), wrong AS (
      SELECT s.id, s.bucket, c.likes, c.reposts, c.replies, c.quotes,
        s.likes AS old_likes, s.reposts AS old_reposts,
        s.replies AS old_replies, s.quotes AS old_quotes
      FROM post_states s JOIN counted c ON c.id = s.id AND c.bucket = s.bucket
      WHERE (s.likes, s.reposts, s.replies, s.quotes)
        IS DISTINCT FROM (c.likes, c.reposts, c.replies, c.quotes)
    ), corrected AS (
      UPDATE post_states s
      SET likes = w.likes, reposts = w.reposts, replies = w.replies, quotes = w.quotes
      FROM wrong w WHERE s.id = w.id AND s.bucket = w.bucket
    )
    SELECT w.id, w.likes - w.old_likes, w.reposts - w.old_reposts,
      w.replies - w.old_replies, w.quotes - w.old_quotes
    FROM wrong w;
END
$$;

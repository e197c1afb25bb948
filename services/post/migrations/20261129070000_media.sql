-- Media of posts and revisions: Medium of services/post/domain/model.py.
--
-- New columns that may be null, or have a constant default, rewrite no table. The locks on the
-- tables are short, but wait behind running statements: so they are given up early and the
-- migration may be repeated. Processes of the previous release continue to call create_limited_post
-- without media, and delete_posts.

-- migrate:up

SET LOCAL lock_timeout = '2s';

-- Null where there are none; otherwise in the order of media_ids.
ALTER TABLE posts
  ADD COLUMN media jsonb,
  ADD COLUMN media_changes integer NOT NULL DEFAULT 0;
ALTER TABLE post_revisions ADD COLUMN media jsonb;
-- Equals posts.media_changes, and 0 for a tombstone. A reader compares a cached body with
-- revision + media_changes.
ALTER TABLE post_states ADD COLUMN media_changes integer NOT NULL DEFAULT 0;

-- create_post with limits and media.
CREATE FUNCTION create_limited_post(
  p_id bigint, p_bucket smallint, p_author_id bigint, p_text text, p_entities jsonb,
  p_visibility smallint, p_answers_others boolean,
  p_reply_to_post_id bigint, p_reply_to_author_id bigint,
  p_conversation_id bigint, p_conversation_bucket smallint,
  p_quoted_post_id bigint, p_media_ids bigint[],
  p_create_time timestamptz,
  p_event_id uuid, p_topic text, p_type text, p_payload bytea, p_traceparent text,
  p_caller_id text, p_request_id text, p_request_lock bigint, p_fingerprint bytea,
  p_response bytea, p_protected boolean, p_update_time timestamptz, p_audience_limits jsonb,
  p_media jsonb,
  OUT outcome text, OUT fingerprint bytea, OUT response bytea
) LANGUAGE plpgsql AS $$
BEGIN
  SELECT c.outcome, c.fingerprint, c.response INTO outcome, fingerprint, response
    FROM create_post(
      p_id, p_bucket, p_author_id, p_text, p_entities, p_visibility, p_answers_others,
      p_reply_to_post_id, p_reply_to_author_id, p_conversation_id, p_conversation_bucket,
      p_quoted_post_id, p_media_ids, p_create_time, p_event_id, p_topic, p_type, p_payload,
      p_traceparent, p_caller_id, p_request_id, p_request_lock, p_fingerprint, p_response,
      p_protected, p_update_time) AS c;
  -- Only replies need limits: for other posts null means none.
  IF outcome = 'written' AND (p_reply_to_post_id <> 0 OR p_media IS NOT NULL) THEN
    UPDATE posts p
      SET audience_limits = CASE WHEN p_reply_to_post_id <> 0 THEN p_audience_limits END,
          media = p_media
      WHERE p.id = p_id AND p.bucket = p_bucket;
  END IF;
END
$$;

-- The media with another state of one of them, unless its version is not newer.
CREATE FUNCTION media_with(p_media jsonb, p_medium jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT jsonb_agg(
    CASE
      WHEN m.value -> 'id' = p_medium -> 'id'
        AND (m.value ->> 'version')::bigint < (p_medium ->> 'version')::bigint
      THEN p_medium ELSE m.value
    END ORDER BY m.ordinality)
  FROM jsonb_array_elements(p_media) WITH ORDINALITY AS m
);

-- The media without one of them; null where none is left.
CREATE FUNCTION media_without(p_media jsonb, p_medium_id bigint) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
  SELECT jsonb_agg(m.value ORDER BY m.ordinality)
  FROM jsonb_array_elements(p_media) WITH ORDINALITY AS m
  WHERE (m.value ->> 'id')::bigint <> p_medium_id
);

-- Stores the present state of a medium in a live post and its revisions. Locks the post's state.
CREATE FUNCTION replace_medium(p_post_id bigint, p_bucket smallint, p_medium jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM post_states s
    WHERE s.id = p_post_id AND s.bucket = p_bucket AND s.revision > 0 FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE posts p
    SET media = media_with(p.media, p_medium), media_changes = p.media_changes + 1
    WHERE p.id = p_post_id AND p.bucket = p_bucket
      AND media_with(p.media, p_medium) <> p.media;
  IF FOUND THEN
    UPDATE post_states s SET media_changes = s.media_changes + 1
      WHERE s.id = p_post_id AND s.bucket = p_bucket;
  END IF;
  UPDATE post_revisions r SET media = media_with(r.media, p_medium)
    WHERE r.post_id = p_post_id AND r.bucket = p_bucket
      AND media_with(r.media, p_medium) <> r.media;
END
$$;

-- Removes a deleted medium from a live post and its revisions. Locks the post's state.
CREATE FUNCTION remove_medium(p_post_id bigint, p_bucket smallint, p_medium_id bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM post_states s
    WHERE s.id = p_post_id AND s.bucket = p_bucket AND s.revision > 0 FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  UPDATE posts p
    SET media = media_without(p.media, p_medium_id),
        media_ids = array_remove(p.media_ids, p_medium_id),
        media_changes = p.media_changes + 1
    WHERE p.id = p_post_id AND p.bucket = p_bucket AND p_medium_id = ANY (p.media_ids);
  IF FOUND THEN
    UPDATE post_states s SET media_changes = s.media_changes + 1
      WHERE s.id = p_post_id AND s.bucket = p_bucket;
  END IF;
  UPDATE post_revisions r SET media = media_without(r.media, p_medium_id)
    WHERE r.post_id = p_post_id AND r.bucket = p_bucket
      AND r.media @> jsonb_build_array(jsonb_build_object('id', p_medium_id));
END
$$;

-- As in 20261129050500_open_posts.sql; a tombstone has no media either.
CREATE OR REPLACE FUNCTION delete_posts(p_ids bigint[], p_now timestamptz)
RETURNS TABLE (id bigint, author_id bigint, reply_to_post_id bigint, quoted_post_id bigint)
LANGUAGE plpgsql AS $$
DECLARE
  locked bigint[];
  gone bigint[];
BEGIN
  SELECT array_agg(DISTINCT t.id ORDER BY t.id) INTO locked
    FROM posts p
    CROSS JOIN LATERAL unnest(ARRAY[p.id, p.reply_to_post_id, p.quoted_post_id]) AS t (id)
    WHERE p.id = ANY (p_ids) AND p.bucket = ANY (buckets_of(p_ids)) AND t.id <> 0;
  PERFORM FROM post_states s
    WHERE s.id = ANY (locked) AND s.bucket = ANY (buckets_of(locked))
    ORDER BY s.id FOR UPDATE;

  WITH changed AS (
    UPDATE post_states s SET revision = 0, media_changes = 0, touch_time = p_now
    WHERE s.id = ANY (p_ids) AND s.bucket = ANY (buckets_of(p_ids)) AND s.revision > 0
    RETURNING s.id
  )
  SELECT array_agg(c.id ORDER BY c.id) INTO gone FROM changed c;
  IF gone IS NULL THEN
    RETURN;
  END IF;

  UPDATE posts p
    SET text = '', entities = '[]', media_ids = '{}', media = NULL, media_changes = 0,
        delete_time = p_now
    WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone));
  DELETE FROM post_revisions r
    WHERE r.post_id = ANY (gone) AND r.bucket = ANY (buckets_of(gone));
  UPDATE replies r SET live = false FROM posts p
    WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) AND p.reply_to_post_id <> 0
      AND r.post_id = p.id AND r.bucket = bucket_of(p.conversation_id);
  UPDATE post_states s SET replies = greatest(s.replies - d.n, 0), touch_time = p_now
    FROM (
      SELECT r.reply_to_post_id AS parent, count(*) AS n
      FROM posts p JOIN replies r ON r.post_id = p.id AND r.bucket = bucket_of(p.conversation_id)
      WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) AND p.reply_to_post_id <> 0
        AND r.open
      GROUP BY 1
    ) d
    WHERE s.id = d.parent AND s.bucket = bucket_of(d.parent);
  UPDATE post_states s SET quotes = greatest(s.quotes - d.n, 0), touch_time = p_now
    FROM (
      SELECT q.quoted_post_id AS quoted, count(*) AS n
      FROM posts p JOIN quotes q ON q.post_id = p.id AND q.quoted_post_id = p.quoted_post_id
        AND q.bucket = bucket_of(p.quoted_post_id)
      WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) AND p.quoted_post_id <> 0
        AND q.open
      GROUP BY 1
    ) d
    WHERE s.id = d.quoted AND s.bucket = bucket_of(d.quoted);
  DELETE FROM quotes q USING posts p
    WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) AND p.quoted_post_id <> 0
      AND q.quoted_post_id = p.quoted_post_id AND q.post_id = p.id
      AND q.bucket = bucket_of(p.quoted_post_id);

  RETURN QUERY
    SELECT p.id, p.author_id, p.reply_to_post_id, p.quoted_post_id FROM posts p
    WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) ORDER BY p.id;
END
$$;

-- migrate:down

CREATE OR REPLACE FUNCTION delete_posts(p_ids bigint[], p_now timestamptz)
RETURNS TABLE (id bigint, author_id bigint, reply_to_post_id bigint, quoted_post_id bigint)
LANGUAGE plpgsql AS $$
DECLARE
  locked bigint[];
  gone bigint[];
BEGIN
  SELECT array_agg(DISTINCT t.id ORDER BY t.id) INTO locked
    FROM posts p
    CROSS JOIN LATERAL unnest(ARRAY[p.id, p.reply_to_post_id, p.quoted_post_id]) AS t (id)
    WHERE p.id = ANY (p_ids) AND p.bucket = ANY (buckets_of(p_ids)) AND t.id <> 0;
  PERFORM FROM post_states s
    WHERE s.id = ANY (locked) AND s.bucket = ANY (buckets_of(locked))
    ORDER BY s.id FOR UPDATE;

  WITH changed AS (
    UPDATE post_states s SET revision = 0, touch_time = p_now
    WHERE s.id = ANY (p_ids) AND s.bucket = ANY (buckets_of(p_ids)) AND s.revision > 0
    RETURNING s.id
  )
  SELECT array_agg(c.id ORDER BY c.id) INTO gone FROM changed c;
  IF gone IS NULL THEN
    RETURN;
  END IF;

  UPDATE posts p SET text = '', entities = '[]', media_ids = '{}', delete_time = p_now
    WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone));
  DELETE FROM post_revisions r
    WHERE r.post_id = ANY (gone) AND r.bucket = ANY (buckets_of(gone));
  UPDATE replies r SET live = false FROM posts p
    WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) AND p.reply_to_post_id <> 0
      AND r.post_id = p.id AND r.bucket = bucket_of(p.conversation_id);
  UPDATE post_states s SET replies = greatest(s.replies - d.n, 0), touch_time = p_now
    FROM (
      SELECT r.reply_to_post_id AS parent, count(*) AS n
      FROM posts p JOIN replies r ON r.post_id = p.id AND r.bucket = bucket_of(p.conversation_id)
      WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) AND p.reply_to_post_id <> 0
        AND r.open
      GROUP BY 1
    ) d
    WHERE s.id = d.parent AND s.bucket = bucket_of(d.parent);
  UPDATE post_states s SET quotes = greatest(s.quotes - d.n, 0), touch_time = p_now
    FROM (
      SELECT q.quoted_post_id AS quoted, count(*) AS n
      FROM posts p JOIN quotes q ON q.post_id = p.id AND q.quoted_post_id = p.quoted_post_id
        AND q.bucket = bucket_of(p.quoted_post_id)
      WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) AND p.quoted_post_id <> 0
        AND q.open
      GROUP BY 1
    ) d
    WHERE s.id = d.quoted AND s.bucket = bucket_of(d.quoted);
  DELETE FROM quotes q USING posts p
    WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) AND p.quoted_post_id <> 0
      AND q.quoted_post_id = p.quoted_post_id AND q.post_id = p.id
      AND q.bucket = bucket_of(p.quoted_post_id);

  RETURN QUERY
    SELECT p.id, p.author_id, p.reply_to_post_id, p.quoted_post_id FROM posts p
    WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) ORDER BY p.id;
END
$$;

DROP FUNCTION remove_medium;
DROP FUNCTION replace_medium;
DROP FUNCTION media_without;
DROP FUNCTION media_with;
DROP FUNCTION create_limited_post(
  bigint, smallint, bigint, text, jsonb, smallint, boolean, bigint, bigint, bigint, smallint,
  bigint, bigint[], timestamptz, uuid, text, text, bytea, text, text, text, bigint, bytea, bytea,
  boolean, timestamptz, jsonb, jsonb
);

ALTER TABLE post_states DROP COLUMN media_changes;
ALTER TABLE post_revisions DROP COLUMN media;
ALTER TABLE posts DROP COLUMN media_changes, DROP COLUMN media;

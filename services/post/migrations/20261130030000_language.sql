-- The language of a post's text.
--
-- New columns with a constant default rewrite no table. The lock on the table is short, but waits
-- behind running statements: so it is given up early and the migration may be repeated. Processes of
-- the previous release continue to call create_limited_post without a language, and delete_posts;
-- their edits keep the language.

-- migrate:up

SET LOCAL lock_timeout = '2s';

-- An ISO 639 code; '' for posts of earlier releases and for tombstones. An edit keeps a language that
-- the author gave, and detects it otherwise.
ALTER TABLE posts
  ADD COLUMN language text NOT NULL DEFAULT '',
  ADD COLUMN language_given boolean NOT NULL DEFAULT false;

-- create_post of 20261129050500_open_posts.sql with limits, media and language, in one INSERT.
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
  p_media jsonb, p_language text, p_language_given boolean,
  OUT outcome text, OUT fingerprint bytea, OUT response bytea
) LANGUAGE plpgsql AS $$
DECLARE
  target bigint;
  opened boolean;
  targets bigint[] := ARRAY(
    SELECT DISTINCT t FROM unnest(ARRAY[p_reply_to_post_id, p_quoted_post_id]) t
    WHERE t <> 0 ORDER BY t);
BEGIN
  IF p_request_id <> '' THEN
    IF NOT pg_try_advisory_xact_lock(p_request_lock) THEN
      outcome := 'in_flight';
      RETURN;
    END IF;
    SELECT 'seen', r.fingerprint, r.response INTO outcome, fingerprint, response
      FROM idempotency_records r
      WHERE r.caller_id = p_caller_id AND r.request_id = p_request_id;
    IF FOUND THEN
      RETURN;
    END IF;
  END IF;

  PERFORM pg_advisory_xact_lock(p_author_id);

  IF targets <> '{}' THEN
    FOREACH target IN ARRAY targets LOOP
      PERFORM FROM post_states s
        WHERE s.id = target AND s.bucket = bucket_of(target) AND s.revision > 0
        FOR UPDATE;
      IF NOT FOUND THEN
        outcome := 'gone';
        RETURN;
      END IF;
    END LOOP;
    opened := p_visibility = 1 AND is_open_account(p_author_id, p_protected, p_update_time);
    FOREACH target IN ARRAY targets LOOP
      UPDATE post_states s
        SET replies = s.replies + (opened AND target = p_reply_to_post_id)::int,
            quotes = s.quotes
              + (opened AND p_reply_to_post_id = 0 AND target = p_quoted_post_id)::int,
            touch_time = p_create_time
        WHERE s.id = target AND s.bucket = bucket_of(target);
    END LOOP;
    IF p_reply_to_post_id <> 0 THEN
      INSERT INTO replies (post_id, reply_to_post_id, bucket, open)
        VALUES (p_id, p_reply_to_post_id, p_conversation_bucket, opened);
    END IF;
    IF p_quoted_post_id <> 0 THEN
      INSERT INTO quotes (quoted_post_id, post_id, bucket, open)
        VALUES (
          p_quoted_post_id, p_id, bucket_of(p_quoted_post_id), opened AND p_reply_to_post_id = 0);
    END IF;
  END IF;

  INSERT INTO posts (
    id, bucket, author_id, text, entities, visibility, answers_others, reply_to_post_id,
    reply_to_author_id, conversation_id, quoted_post_id, media_ids, create_time, audience_limits,
    media, language, language_given
  ) VALUES (
    p_id, p_bucket, p_author_id, p_text, p_entities, p_visibility, p_answers_others,
    p_reply_to_post_id, p_reply_to_author_id, p_conversation_id, p_quoted_post_id,
    p_media_ids, p_create_time,
    -- Only replies need limits: for other posts null means none.
    CASE WHEN p_reply_to_post_id <> 0 THEN p_audience_limits END,
    p_media, p_language, p_language_given
  );
  INSERT INTO post_states (id, bucket, touch_time) VALUES (p_id, p_bucket, p_create_time);

  INSERT INTO outbox (event_id, topic, key, type, payload, traceparent, create_time)
    VALUES (p_event_id, p_topic, p_author_id::text, p_type, p_payload, p_traceparent, p_create_time);

  IF p_request_id <> '' THEN
    INSERT INTO idempotency_records (caller_id, request_id, fingerprint, response)
      VALUES (p_caller_id, p_request_id, p_fingerprint, p_response);
  END IF;
  outcome := 'written';
END
$$;

-- For processes of the previous release during a rollout. A later release drops it.
CREATE OR REPLACE FUNCTION create_limited_post(
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
) LANGUAGE sql AS $$
  SELECT c.outcome, c.fingerprint, c.response
  FROM create_limited_post(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15,
    $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, '', false
  ) AS c
$$;

-- As in 20261129070000_media.sql; a tombstone has no language either.
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
        language = '', language_given = false, delete_time = p_now
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

CREATE OR REPLACE FUNCTION create_limited_post(
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

DROP FUNCTION create_limited_post(
  bigint, smallint, bigint, text, jsonb, smallint, boolean, bigint, bigint, bigint, smallint,
  bigint, bigint[], timestamptz, uuid, text, text, bytea, text, text, text, bigint, bytea, bytea,
  boolean, timestamptz, jsonb, jsonb, text, boolean
);

ALTER TABLE posts DROP COLUMN language_given, DROP COLUMN language;

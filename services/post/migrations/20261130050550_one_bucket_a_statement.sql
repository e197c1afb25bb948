-- Each statement of the functions is about one bucket, and engagement is found by that of its user.
--
-- On Citus a statement that locks or changes rows belongs to one shard, so batches are loops over
-- posts, and times are variables: no statement calls a volatile function. Functions that other
-- releases call keep their arguments; create_limited_post has one more. All rows of responses have
-- their bucket by now.

-- migrate:up

SET LOCAL lock_timeout = '5s';

-- In PL/pgSQL, since Citus knows no parameters of SQL functions.
CREATE OR REPLACE FUNCTION is_open_account(
  p_user_id bigint, p_protected boolean, p_update_time timestamptz
) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  stored boolean;
BEGIN
  SELECT a.protected INTO stored FROM account_protections a
    WHERE a.user_id = p_user_id AND a.update_time >= p_update_time;
  RETURN NOT coalesce(stored, p_protected);
END
$$;

-- As in 20261130030000_language.sql, with the keys of the outbox and of the idempotency records.
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
  p_media jsonb, p_language text, p_language_given boolean, p_caller_bucket smallint,
  OUT outcome text, OUT fingerprint bytea, OUT response bytea
) LANGUAGE plpgsql AS $$
DECLARE
  target bigint;
  target_bucket smallint;
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
      WHERE r.caller_id = p_caller_id AND r.request_id = p_request_id
        AND r.shard_key = p_caller_bucket;
    IF FOUND THEN
      RETURN;
    END IF;
  END IF;

  PERFORM pg_advisory_xact_lock(p_author_id);

  IF targets <> '{}' THEN
    FOREACH target IN ARRAY targets LOOP
      target_bucket := bucket_of(target);
      PERFORM FROM post_states s
        WHERE s.id = target AND s.bucket = target_bucket AND s.revision > 0
        FOR UPDATE;
      IF NOT FOUND THEN
        outcome := 'gone';
        RETURN;
      END IF;
    END LOOP;
    opened := p_visibility = 1 AND is_open_account(p_author_id, p_protected, p_update_time);
    FOREACH target IN ARRAY targets LOOP
      target_bucket := bucket_of(target);
      UPDATE post_states s
        SET replies = s.replies + (opened AND target = p_reply_to_post_id)::int,
            quotes = s.quotes
              + (opened AND p_reply_to_post_id = 0 AND target = p_quoted_post_id)::int,
            touch_time = p_create_time
        WHERE s.id = target AND s.bucket = target_bucket;
    END LOOP;
    IF p_reply_to_post_id <> 0 THEN
      INSERT INTO replies (post_id, reply_to_post_id, bucket, open)
        VALUES (p_id, p_reply_to_post_id, p_conversation_bucket, opened);
    END IF;
    IF p_quoted_post_id <> 0 THEN
      target_bucket := bucket_of(p_quoted_post_id);
      opened := opened AND p_reply_to_post_id = 0;
      INSERT INTO quotes (quoted_post_id, post_id, bucket, open)
        VALUES (p_quoted_post_id, p_id, target_bucket, opened);
    END IF;
  END IF;

  -- Only replies need limits: for other posts null means none.
  IF p_reply_to_post_id = 0 THEN
    p_audience_limits := NULL;
  END IF;
  INSERT INTO posts (
    id, bucket, author_id, text, entities, visibility, answers_others, reply_to_post_id,
    reply_to_author_id, conversation_id, quoted_post_id, media_ids, create_time, audience_limits,
    media, language, language_given
  ) VALUES (
    p_id, p_bucket, p_author_id, p_text, p_entities, p_visibility, p_answers_others,
    p_reply_to_post_id, p_reply_to_author_id, p_conversation_id, p_quoted_post_id,
    p_media_ids, p_create_time, p_audience_limits, p_media, p_language, p_language_given
  );
  INSERT INTO post_states (id, bucket, touch_time) VALUES (p_id, p_bucket, p_create_time);

  INSERT INTO outbox (event_id, topic, key, type, payload, traceparent, create_time, shard_key)
    VALUES (p_event_id, p_topic, p_author_id::text, p_type, p_payload, p_traceparent, p_create_time,
      p_bucket);

  IF p_request_id <> '' THEN
    INSERT INTO idempotency_records (caller_id, request_id, fingerprint, response, shard_key)
      VALUES (p_caller_id, p_request_id, p_fingerprint, p_response, p_caller_bucket);
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
  p_media jsonb, p_language text, p_language_given boolean,
  OUT outcome text, OUT fingerprint bytea, OUT response bytea
) LANGUAGE sql AS $$
  SELECT c.outcome, c.fingerprint, c.response
  FROM create_limited_post(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, shard_key_of_caller($20)
  ) AS c
$$;

-- Adds a like, repost or bookmark, unless it exists or the post is not live. Locks the user, for
-- the order of their events, then the post's state. response_id is the id of the existing
-- engagement after it; state is the state after it, null where the post does not exist.
CREATE OR REPLACE FUNCTION respond(
  p_kind text, p_user_id bigint, p_post_id bigint, p_bucket smallint, p_author_id bigint, p_id bigint,
  p_protected boolean, p_update_time timestamptz,
  OUT changed boolean, OUT response_id bigint, OUT state post_states, OUT own responses
) LANGUAGE plpgsql AS $$
DECLARE
  opened boolean;
  counted integer;
  moment timestamptz := clock_timestamp();
  own_bucket smallint := bucket_of(p_user_id);
BEGIN
  PERFORM pg_advisory_xact_lock(p_user_id);
  changed := false;
  response_id := 0;
  SELECT s.* INTO state FROM post_states s
    WHERE s.id = p_post_id AND s.bucket = p_bucket FOR UPDATE;
  SELECT r.* INTO own FROM responses r
    WHERE r.user_id = p_user_id AND r.post_id = p_post_id AND r.bucket = own_bucket FOR UPDATE;
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
  counted := opened::int;
  response_id := p_id;
  IF p_kind = 'like' THEN
    own.like_id := p_id;
  ELSIF p_kind = 'repost' THEN
    own.repost_id := p_id;
  ELSE
    own.bookmark_id := p_id;
  END IF;
  -- The lock of the user keeps others from adding the row.
  IF own.user_id IS NULL THEN
    own.user_id := p_user_id;
    own.post_id := p_post_id;
    own.post_author_id := p_author_id;
    own.bucket := own_bucket;
    INSERT INTO responses (
      user_id, post_id, post_author_id, like_id, repost_id, bookmark_id, bucket
    ) VALUES (
      p_user_id, p_post_id, p_author_id, own.like_id, own.repost_id, own.bookmark_id, own_bucket
    );
  ELSE
    UPDATE responses r
      SET like_id = own.like_id, repost_id = own.repost_id, bookmark_id = own.bookmark_id
      WHERE r.user_id = p_user_id AND r.post_id = p_post_id AND r.bucket = own_bucket;
  END IF;
  IF p_kind = 'like' THEN
    INSERT INTO likes (post_id, user_id, id, bucket, open)
      VALUES (p_post_id, p_user_id, p_id, p_bucket, opened);
    UPDATE post_states s SET likes = s.likes + counted, touch_time = moment
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  ELSIF p_kind = 'repost' THEN
    INSERT INTO reposts (post_id, user_id, id, bucket, open)
      VALUES (p_post_id, p_user_id, p_id, p_bucket, opened);
    UPDATE post_states s SET reposts = s.reposts + counted, touch_time = moment
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION withdraw(
  p_kind text, p_user_id bigint, p_post_id bigint, p_bucket smallint,
  OUT changed boolean, OUT response_id bigint, OUT state post_states, OUT own responses
) LANGUAGE plpgsql AS $$
DECLARE
  opened boolean;
  counted integer;
  moment timestamptz := clock_timestamp();
  own_bucket smallint := bucket_of(p_user_id);
BEGIN
  SELECT s.* INTO state FROM post_states s
    WHERE s.id = p_post_id AND s.bucket = p_bucket FOR UPDATE;
  SELECT r.* INTO own FROM responses r
    WHERE r.user_id = p_user_id AND r.post_id = p_post_id AND r.bucket = own_bucket FOR UPDATE;
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
    counted := coalesce(opened, false)::int;
    UPDATE post_states s SET likes = greatest(s.likes - counted, 0), touch_time = moment
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  ELSIF p_kind = 'repost' THEN
    own.repost_id := NULL;
    DELETE FROM reposts p
      WHERE p.post_id = p_post_id AND p.user_id = p_user_id AND p.bucket = p_bucket
      RETURNING p.open INTO opened;
    counted := coalesce(opened, false)::int;
    UPDATE post_states s SET reposts = greatest(s.reposts - counted, 0), touch_time = moment
      WHERE s.id = p_post_id AND s.bucket = p_bucket RETURNING s.* INTO state;
  ELSE
    own.bookmark_id := NULL;
  END IF;
  IF own.like_id IS NULL AND own.repost_id IS NULL AND own.bookmark_id IS NULL THEN
    DELETE FROM responses r
      WHERE r.user_id = p_user_id AND r.post_id = p_post_id AND r.bucket = own_bucket;
  ELSE
    UPDATE responses r
      SET like_id = own.like_id, repost_id = own.repost_id, bookmark_id = own.bookmark_id
      WHERE r.user_id = p_user_id AND r.post_id = p_post_id AND r.bucket = own_bucket;
  END IF;
END
$$;

CREATE OR REPLACE FUNCTION withdraw_all_of(p_user_id bigint, p_limit integer)
RETURNS TABLE (
  post_id bigint, post_author_id bigint, user_id bigint, like_id bigint, repost_id bigint
) LANGUAGE plpgsql AS $$
DECLARE
  own responses;
  own_bucket smallint := bucket_of(p_user_id);
BEGIN
  FOR own IN
    SELECT r.* FROM responses r WHERE r.user_id = p_user_id AND r.bucket = own_bucket
    ORDER BY r.post_id LIMIT p_limit
  LOOP
    IF own.like_id IS NOT NULL THEN
      PERFORM withdraw('like', p_user_id, own.post_id, bucket_of(own.post_id));
    END IF;
    IF own.repost_id IS NOT NULL THEN
      PERFORM withdraw('repost', p_user_id, own.post_id, bucket_of(own.post_id));
    END IF;
    IF own.bookmark_id IS NOT NULL THEN
      PERFORM withdraw('bookmark', p_user_id, own.post_id, bucket_of(own.post_id));
    END IF;
    post_id := own.post_id;
    post_author_id := own.post_author_id;
    user_id := own.user_id;
    like_id := coalesce(own.like_id, 0);
    repost_id := coalesce(own.repost_id, 0);
    RETURN NEXT;
  END LOOP;
END
$$;

-- Locks the states of the posts by ascending id. On Citus a statement locks rows of one shard alone.
CREATE FUNCTION lock_post_states(p_ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  target bigint;
  target_bucket smallint;
BEGIN
  FOR target IN SELECT DISTINCT t FROM unnest(p_ids) AS t WHERE t <> 0 ORDER BY t LOOP
    target_bucket := bucket_of(target);
    PERFORM FROM post_states s WHERE s.id = target AND s.bucket = target_bucket FOR UPDATE;
  END LOOP;
END
$$;

-- Turns the live ones of the posts into tombstones, and returns these. Locks their states, and those
-- of the posts that they reply to and quote, by ascending id.
CREATE FUNCTION make_tombstones(p_ids bigint[], p_now timestamptz)
RETURNS TABLE (
  id bigint, author_id bigint, reply_to_post_id bigint, quoted_post_id bigint, visibility smallint
) LANGUAGE plpgsql AS $$
DECLARE
  target bigint;
  target_bucket smallint;
  other_bucket smallint;
  conversation bigint;
  opened boolean;
  locked bigint[] := p_ids;
BEGIN
  FOREACH target IN ARRAY p_ids LOOP
    target_bucket := bucket_of(target);
    SELECT p.reply_to_post_id, p.quoted_post_id INTO reply_to_post_id, quoted_post_id
      FROM posts p WHERE p.id = target AND p.bucket = target_bucket;
    locked := locked || ARRAY[coalesce(reply_to_post_id, 0), coalesce(quoted_post_id, 0)];
  END LOOP;
  PERFORM lock_post_states(locked);

  FOR target IN SELECT DISTINCT t FROM unnest(p_ids) AS t ORDER BY t LOOP
    target_bucket := bucket_of(target);
    UPDATE post_states s SET revision = 0, media_changes = 0, touch_time = p_now
      WHERE s.id = target AND s.bucket = target_bucket AND s.revision > 0;
    CONTINUE WHEN NOT FOUND;
    UPDATE posts p
      SET text = '', entities = '[]', media_ids = '{}', media = NULL, media_changes = 0,
          language = '', language_given = false, delete_time = p_now
      WHERE p.id = target AND p.bucket = target_bucket
      RETURNING p.id, p.author_id, p.reply_to_post_id, p.quoted_post_id, p.visibility,
        p.conversation_id
      INTO id, author_id, reply_to_post_id, quoted_post_id, visibility, conversation;
    DELETE FROM post_revisions r WHERE r.post_id = target AND r.bucket = target_bucket;
    IF reply_to_post_id <> 0 THEN
      other_bucket := bucket_of(conversation);
      UPDATE replies r SET live = false WHERE r.post_id = target AND r.bucket = other_bucket
        RETURNING r.open INTO opened;
      IF opened THEN
        other_bucket := bucket_of(reply_to_post_id);
        UPDATE post_states s SET replies = greatest(s.replies - 1, 0), touch_time = p_now
          WHERE s.id = make_tombstones.reply_to_post_id AND s.bucket = other_bucket;
      END IF;
    END IF;
    IF quoted_post_id <> 0 THEN
      other_bucket := bucket_of(quoted_post_id);
      DELETE FROM quotes q
        WHERE q.quoted_post_id = make_tombstones.quoted_post_id AND q.post_id = target
          AND q.bucket = other_bucket
        RETURNING q.open INTO opened;
      IF opened THEN
        UPDATE post_states s SET quotes = greatest(s.quotes - 1, 0), touch_time = p_now
          WHERE s.id = make_tombstones.quoted_post_id AND s.bucket = other_bucket;
      END IF;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;

-- For processes of the previous release during a rollout. A later release drops it.
CREATE OR REPLACE FUNCTION delete_posts(p_ids bigint[], p_now timestamptz)
RETURNS TABLE (id bigint, author_id bigint, reply_to_post_id bigint, quoted_post_id bigint)
LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY
    SELECT t.id, t.author_id, t.reply_to_post_id, t.quoted_post_id
    FROM make_tombstones(p_ids, p_now) AS t;
END
$$;

CREATE OR REPLACE FUNCTION align_responses(
  p_user_id bigint, p_after bigint, p_limit integer, OUT last_id bigint, OUT changed bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
  target bigint;
  target_bucket smallint;
  own_bucket smallint := bucket_of(p_user_id);
  liked boolean;
  reposted boolean;
  step integer;
  opened boolean;
  moment timestamptz := clock_timestamp();
  ids bigint[] := ARRAY(
    SELECT r.post_id FROM responses r
    WHERE r.user_id = p_user_id AND r.bucket = own_bucket AND r.post_id > p_after
    ORDER BY r.post_id LIMIT p_limit);
BEGIN
  changed := '{}';
  last_id := coalesce(ids[cardinality(ids)], 0);
  PERFORM lock_post_states(ids);
  opened := is_open_account(p_user_id, false, '-infinity');
  step := CASE WHEN opened THEN 1 ELSE -1 END;
  FOREACH target IN ARRAY ids LOOP
    target_bucket := bucket_of(target);
    UPDATE likes l SET open = opened
      WHERE l.post_id = target AND l.bucket = target_bucket AND l.user_id = p_user_id
        AND l.open <> opened;
    liked := FOUND;
    UPDATE reposts r SET open = opened
      WHERE r.post_id = target AND r.bucket = target_bucket AND r.user_id = p_user_id
        AND r.open <> opened;
    reposted := FOUND;
    CONTINUE WHEN NOT liked AND NOT reposted;
    UPDATE post_states s
      SET likes = greatest(s.likes + step * liked::int, 0),
          reposts = greatest(s.reposts + step * reposted::int, 0),
          touch_time = moment
      WHERE s.id = target AND s.bucket = target_bucket;
    changed := changed || target;
  END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION align_posts(
  p_user_id bigint, p_after bigint, p_limit integer, OUT last_id bigint, OUT changed bigint[]
) LANGUAGE plpgsql AS $$
DECLARE
  post record;
  target_bucket smallint;
  own_bucket smallint := bucket_of(p_user_id);
  step integer;
  opened boolean;
  moment timestamptz := clock_timestamp();
  locked bigint[] := '{}';
BEGIN
  changed := '{}';
  last_id := 0;
  FOR post IN
    SELECT p.id, p.reply_to_post_id, p.quoted_post_id FROM posts p
    WHERE p.author_id = p_user_id AND p.bucket = own_bucket AND p.id > p_after
      AND p.delete_time IS NULL
    ORDER BY p.id LIMIT p_limit
  LOOP
    last_id := post.id;
    locked := locked || ARRAY[post.reply_to_post_id, post.quoted_post_id];
  END LOOP;
  PERFORM lock_post_states(locked);
  opened := is_open_account(p_user_id, false, '-infinity');
  step := CASE WHEN opened THEN 1 ELSE -1 END;
  FOR post IN
    SELECT p.id, p.reply_to_post_id, p.conversation_id, p.quoted_post_id FROM posts p
    WHERE p.author_id = p_user_id AND p.bucket = own_bucket AND p.id > p_after AND p.id <= last_id
      AND p.delete_time IS NULL AND p.visibility = 1
      AND (p.reply_to_post_id <> 0 OR p.quoted_post_id <> 0)
  LOOP
    IF post.reply_to_post_id <> 0 THEN
      target_bucket := bucket_of(post.conversation_id);
      UPDATE replies r SET open = opened
        WHERE r.post_id = post.id AND r.bucket = target_bucket AND r.live AND r.open <> opened;
      CONTINUE WHEN NOT FOUND;
      target_bucket := bucket_of(post.reply_to_post_id);
      UPDATE post_states s
        SET replies = greatest(s.replies + step, 0), touch_time = moment
        WHERE s.id = post.reply_to_post_id AND s.bucket = target_bucket;
      changed := changed || post.reply_to_post_id;
    ELSE
      target_bucket := bucket_of(post.quoted_post_id);
      UPDATE quotes q SET open = opened
        WHERE q.quoted_post_id = post.quoted_post_id AND q.post_id = post.id
          AND q.bucket = target_bucket AND q.open <> opened;
      CONTINUE WHEN NOT FOUND;
      UPDATE post_states s
        SET quotes = greatest(s.quotes + step, 0), touch_time = moment
        WHERE s.id = post.quoted_post_id AND s.bucket = target_bucket;
      changed := changed || post.quoted_post_id;
    END IF;
  END LOOP;
END
$$;

-- Counts again what the states of the posts have, and corrects them. Returns the differences.
CREATE OR REPLACE FUNCTION recount_posts(p_ids bigint[])
RETURNS TABLE (id bigint, likes bigint, reposts bigint, replies bigint, quotes bigint)
LANGUAGE plpgsql AS $$
DECLARE
  buckets smallint[] := buckets_of(p_ids);
  found_ids bigint[];
  conversations bigint[];
  stored_replies bigint[];
  answered_ids bigint[];
  answers bigint[];
  suspects bigint[];
  target bigint;
  target_bucket smallint;
  other_bucket smallint;
  conversation bigint;
  stored post_states;
BEGIN
  -- Without locks, as nearly all are right. Posts that seem wrong are counted again under the lock.
  SELECT array_agg(c.id), array_agg(c.conversation_id), array_agg(c.replies),
      coalesce(array_agg(c.id) FILTER (WHERE (c.likes, c.reposts, c.quotes)
        IS DISTINCT FROM (c.counted_likes, c.counted_reposts, c.counted_quotes)), '{}')
    INTO found_ids, conversations, stored_replies, suspects
    FROM (
      SELECT s.id, p.conversation_id, s.likes, s.reposts, s.replies, s.quotes,
        (SELECT count(*) FROM likes l WHERE l.post_id = s.id AND l.bucket = s.bucket)
          - (SELECT count(*) FROM likes l
            WHERE l.post_id = s.id AND l.bucket = s.bucket AND NOT l.open) AS counted_likes,
        (SELECT count(*) FROM reposts r WHERE r.post_id = s.id AND r.bucket = s.bucket)
          - (SELECT count(*) FROM reposts r
            WHERE r.post_id = s.id AND r.bucket = s.bucket AND NOT r.open) AS counted_reposts,
        (SELECT count(*) FROM quotes q
          WHERE q.quoted_post_id = s.id AND q.bucket = s.bucket AND q.open) AS counted_quotes
      FROM post_states s JOIN posts p ON p.id = s.id AND p.bucket = s.bucket
      WHERE s.id = ANY (p_ids) AND s.bucket = ANY (buckets)
        AND (cardinality(buckets) > 16 OR p.bucket = ANY (buckets))
    ) AS c;
  buckets := buckets_of(conversations);
  SELECT array_agg(c.id), array_agg(c.answers) INTO answered_ids, answers FROM (
    SELECT r.reply_to_post_id AS id, count(*) AS answers FROM replies r
    WHERE r.reply_to_post_id = ANY (found_ids) AND r.bucket = ANY (buckets) AND r.live AND r.open
    GROUP BY r.reply_to_post_id
  ) AS c;
  suspects := suspects || ARRAY(
    SELECT f.id FROM unnest(found_ids, stored_replies) AS f (id, replies)
    LEFT JOIN unnest(answered_ids, answers) AS c (id, replies) ON c.id = f.id
    WHERE f.replies <> coalesce(c.replies, 0));

  FOR target IN SELECT DISTINCT t FROM unnest(suspects) AS t ORDER BY t LOOP
    target_bucket := bucket_of(target);
    SELECT s.* INTO stored FROM post_states s
      WHERE s.id = target AND s.bucket = target_bucket FOR UPDATE;
    SELECT p.conversation_id,
        (SELECT count(*) FROM likes l WHERE l.post_id = target AND l.bucket = target_bucket)
          - (SELECT count(*) FROM likes l
            WHERE l.post_id = target AND l.bucket = target_bucket AND NOT l.open),
        (SELECT count(*) FROM reposts r WHERE r.post_id = target AND r.bucket = target_bucket)
          - (SELECT count(*) FROM reposts r
            WHERE r.post_id = target AND r.bucket = target_bucket AND NOT r.open),
        (SELECT count(*) FROM quotes q
          WHERE q.quoted_post_id = target AND q.bucket = target_bucket AND q.open)
      INTO conversation, likes, reposts, quotes
      FROM posts p WHERE p.id = target AND p.bucket = target_bucket;
    other_bucket := bucket_of(conversation);
    SELECT count(*) INTO replies FROM replies c
      WHERE c.reply_to_post_id = target AND c.bucket = other_bucket AND c.live AND c.open;
    CONTINUE WHEN (stored.likes, stored.reposts, stored.replies, stored.quotes)
      IS NOT DISTINCT FROM (likes, reposts, replies, quotes);
    UPDATE post_states s
      SET likes = recount_posts.likes, reposts = recount_posts.reposts,
          replies = recount_posts.replies, quotes = recount_posts.quotes
      WHERE s.id = target AND s.bucket = target_bucket;
    id := target;
    likes := likes - stored.likes;
    reposts := reposts - stored.reposts;
    replies := replies - stored.replies;
    quotes := quotes - stored.quotes;
    RETURN NEXT;
  END LOOP;
END
$$;

-- migrate:down

CREATE OR REPLACE FUNCTION create_limited_post(p_id bigint, p_bucket smallint, p_author_id bigint, p_text text, p_entities jsonb, p_visibility smallint, p_answers_others boolean, p_reply_to_post_id bigint, p_reply_to_author_id bigint, p_conversation_id bigint, p_conversation_bucket smallint, p_quoted_post_id bigint, p_media_ids bigint[], p_create_time timestamp with time zone, p_event_id uuid, p_topic text, p_type text, p_payload bytea, p_traceparent text, p_caller_id text, p_request_id text, p_request_lock bigint, p_fingerprint bytea, p_response bytea, p_protected boolean, p_update_time timestamp with time zone, p_audience_limits jsonb, p_media jsonb, p_language text, p_language_given boolean, OUT outcome text, OUT fingerprint bytea, OUT response bytea)
 RETURNS record
 LANGUAGE plpgsql
AS $$
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
$$
;

CREATE OR REPLACE FUNCTION respond(p_kind text, p_user_id bigint, p_post_id bigint, p_bucket smallint, p_author_id bigint, p_id bigint, p_protected boolean, p_update_time timestamp with time zone, OUT changed boolean, OUT response_id bigint, OUT state post_states, OUT own responses)
 RETURNS record
 LANGUAGE plpgsql
AS $$
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
$$
;

CREATE OR REPLACE FUNCTION withdraw(p_kind text, p_user_id bigint, p_post_id bigint, p_bucket smallint, OUT changed boolean, OUT response_id bigint, OUT state post_states, OUT own responses)
 RETURNS record
 LANGUAGE plpgsql
AS $$
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
$$
;

CREATE OR REPLACE FUNCTION withdraw_all_of(p_user_id bigint, p_limit integer)
 RETURNS TABLE(post_id bigint, post_author_id bigint, user_id bigint, like_id bigint, repost_id bigint)
 LANGUAGE plpgsql
AS $$
DECLARE
  own responses;
BEGIN
  FOR own IN
    SELECT r.* FROM responses r WHERE r.user_id = p_user_id ORDER BY r.post_id LIMIT p_limit
  LOOP
    IF own.like_id IS NOT NULL THEN
      PERFORM withdraw('like', p_user_id, own.post_id, bucket_of(own.post_id));
    END IF;
    IF own.repost_id IS NOT NULL THEN
      PERFORM withdraw('repost', p_user_id, own.post_id, bucket_of(own.post_id));
    END IF;
    IF own.bookmark_id IS NOT NULL THEN
      PERFORM withdraw('bookmark', p_user_id, own.post_id, bucket_of(own.post_id));
    END IF;
    RETURN QUERY SELECT own.post_id, own.post_author_id, own.user_id,
      coalesce(own.like_id, 0), coalesce(own.repost_id, 0);
  END LOOP;
END
$$
;

CREATE OR REPLACE FUNCTION delete_posts(p_ids bigint[], p_now timestamp with time zone)
 RETURNS TABLE(id bigint, author_id bigint, reply_to_post_id bigint, quoted_post_id bigint)
 LANGUAGE plpgsql
AS $$
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
$$
;

CREATE OR REPLACE FUNCTION align_posts(p_user_id bigint, p_after bigint, p_limit integer, OUT last_id bigint, OUT changed bigint[])
 RETURNS record
 LANGUAGE plpgsql
AS $$
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
$$
;

CREATE OR REPLACE FUNCTION align_responses(p_user_id bigint, p_after bigint, p_limit integer, OUT last_id bigint, OUT changed bigint[])
 RETURNS record
 LANGUAGE plpgsql
AS $$
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
$$
;

CREATE OR REPLACE FUNCTION recount_posts(p_ids bigint[])
 RETURNS TABLE(id bigint, likes bigint, reposts bigint, replies bigint, quotes bigint)
 LANGUAGE plpgsql
AS $$
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
$$
;

CREATE OR REPLACE FUNCTION is_open_account(p_user_id bigint, p_protected boolean, p_update_time timestamp with time zone)
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN (NOT COALESCE((SELECT a.protected FROM account_protections a WHERE ((a.user_id = is_open_account.p_user_id) AND (a.update_time >= is_open_account.p_update_time))), p_protected))
;

DROP FUNCTION make_tombstones;
DROP FUNCTION lock_post_states;
DROP FUNCTION create_limited_post(
  bigint, smallint, bigint, text, jsonb, smallint, boolean, bigint, bigint, bigint, smallint,
  bigint, bigint[], timestamptz, uuid, text, text, bytea, text, text, text, bigint, bytea, bytea,
  boolean, timestamptz, jsonb, jsonb, text, boolean, smallint
);

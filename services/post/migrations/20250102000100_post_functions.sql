-- Changes that need one round trip, or lock several rows in order.
--
-- These functions decide nothing about posts: the service has decided before it calls them. They
-- run on the coordinator, and each of their statements has the shard key, so they run on one
-- PostgreSQL and on Citus. All transactions have one order of locks: request, users by ascending
-- id, post states by ascending id.

-- migrate:up

-- The bucket in an id; see services/chassis/runtime/ids.py.
CREATE FUNCTION bucket_of(p_id bigint) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ((p_id >> 13) & 511)::smallint;

CREATE FUNCTION buckets_of(p_ids bigint[]) RETURNS smallint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT DISTINCT ((i >> 13) & 511)::smallint FROM unnest(p_ids) AS i);

-- Writes a post in one round trip: replay, locks, rows, counts, outbox and idempotency record
-- (tables of the chassis). Without p_request_id there is no replay and no record.
--
-- outcome: 'written'; 'in_flight' while the same request is running; 'seen' with the stored
-- fingerprint and response after the first request; 'gone' where the parent or the quoted post was
-- deleted before. Only 'written' changes anything.
CREATE FUNCTION create_post(
  p_id bigint, p_bucket smallint, p_author_id bigint, p_text text, p_entities jsonb,
  p_visibility smallint, p_answers_others boolean,
  p_reply_to_post_id bigint, p_reply_to_author_id bigint,
  p_conversation_id bigint, p_conversation_bucket smallint,
  p_quoted_post_id bigint, p_media_ids bigint[],
  p_create_time timestamptz,
  p_event_id uuid, p_topic text, p_type text, p_payload bytea, p_traceparent text,
  p_caller_id text, p_request_id text, p_request_lock bigint, p_fingerprint bytea,
  p_response bytea,
  OUT outcome text, OUT fingerprint bytea, OUT response bytea
) LANGUAGE plpgsql AS $$
DECLARE
  target bigint;
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
    FOREACH target IN ARRAY targets LOOP
      UPDATE post_states s
        SET replies = s.replies + (target = p_reply_to_post_id)::int,
            quotes = s.quotes + (target = p_quoted_post_id)::int,
            touch_time = p_create_time
        WHERE s.id = target AND s.bucket = bucket_of(target);
    END LOOP;
    IF p_reply_to_post_id <> 0 THEN
      INSERT INTO replies (post_id, reply_to_post_id, bucket)
        VALUES (p_id, p_reply_to_post_id, p_conversation_bucket);
    END IF;
    IF p_quoted_post_id <> 0 THEN
      INSERT INTO quotes (quoted_post_id, post_id, bucket)
        VALUES (p_quoted_post_id, p_id, bucket_of(p_quoted_post_id));
    END IF;
  END IF;

  INSERT INTO posts (
    id, bucket, author_id, text, entities, visibility, answers_others, reply_to_post_id,
    reply_to_author_id, conversation_id, quoted_post_id, media_ids, create_time
  ) VALUES (
    p_id, p_bucket, p_author_id, p_text, p_entities, p_visibility, p_answers_others,
    p_reply_to_post_id, p_reply_to_author_id, p_conversation_id, p_quoted_post_id,
    p_media_ids, p_create_time
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

-- Turns the live ones of the posts into tombstones. Locks their states, and those of the posts that
-- they reply to and quote, by ascending id.
CREATE FUNCTION delete_posts(p_ids bigint[], p_now timestamptz)
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
      SELECT p.reply_to_post_id AS parent, count(*) AS n FROM posts p
      WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) AND p.reply_to_post_id <> 0
      GROUP BY 1
    ) d
    WHERE s.id = d.parent AND s.bucket = bucket_of(d.parent);
  UPDATE post_states s SET quotes = greatest(s.quotes - d.n, 0), touch_time = p_now
    FROM (
      SELECT p.quoted_post_id AS quoted, count(*) AS n FROM posts p
      WHERE p.id = ANY (gone) AND p.bucket = ANY (buckets_of(gone)) AND p.quoted_post_id <> 0
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

-- Adds a like, repost or bookmark, unless it exists or the post is not live. Locks the user, for
-- the order of their events, then the post's state. response_id is the id of the existing
-- engagement after it; state is the state after it, null where the post does not exist.
CREATE FUNCTION respond(
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

-- Removes a like, repost or bookmark. response_id is its id, 0 where there was none. A caller that
-- publishes an event locks the user first.
CREATE FUNCTION withdraw(
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

-- Removes up to p_limit of all engagement of a user, states by ascending id.
CREATE FUNCTION withdraw_all_of(p_user_id bigint, p_limit integer)
RETURNS TABLE (
  post_id bigint, post_author_id bigint, user_id bigint, like_id bigint, repost_id bigint
) LANGUAGE plpgsql AS $$
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
$$;

-- Removes up to p_limit likes of a tombstone, from likes and responses.
CREATE FUNCTION forget_likes(p_post_id bigint, p_bucket smallint, p_limit integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  liker bigint;
  gone integer := 0;
BEGIN
  FOR liker IN
    SELECT l.user_id FROM likes l
    WHERE l.post_id = p_post_id AND l.bucket = p_bucket ORDER BY l.user_id LIMIT p_limit
  LOOP
    PERFORM withdraw('like', liker, p_post_id, p_bucket);
    gone := gone + 1;
  END LOOP;
  RETURN gone;
END
$$;

-- Recounts the posts and corrects their counts; returns what was wrong. Each statement sees what was
-- committed before the locks were granted, and no count changes while they are held.
CREATE FUNCTION recount_posts(p_ids bigint[])
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

-- migrate:down

DROP FUNCTION recount_posts;
DROP FUNCTION forget_likes;
DROP FUNCTION withdraw_all_of;
DROP FUNCTION withdraw;
DROP FUNCTION respond;
DROP FUNCTION delete_posts;
DROP FUNCTION create_post;
DROP FUNCTION buckets_of;
DROP FUNCTION bucket_of;

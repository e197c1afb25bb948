-- What an account's protection changes is listed before it is locked.
--
-- Most contributions are marked right already. A lock and an update for each of them cost more than a
-- join with the list of them. The lock of the user, as in record_protection, keeps other alignments
-- and the user's new contributions out; before, the locks of all states did.

-- migrate:up

SET LOCAL lock_timeout = '5s';

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
  ids bigint[];
  buckets smallint[];
  candidates bigint[];
BEGIN
  PERFORM pg_advisory_xact_lock(p_user_id);
  opened := is_open_account(p_user_id, false, '-infinity');
  step := CASE WHEN opened THEN 1 ELSE -1 END;
  changed := '{}';
  ids := ARRAY(
    SELECT r.post_id FROM responses r
    WHERE r.user_id = p_user_id AND r.bucket = own_bucket AND r.post_id > p_after
    ORDER BY r.post_id LIMIT p_limit);
  last_id := coalesce(ids[cardinality(ids)], 0);
  buckets := ARRAY(SELECT bucket_of(t) FROM unnest(ids) WITH ORDINALITY AS t (t, place) ORDER BY place);
  candidates := ARRAY(
    SELECT l.post_id FROM unnest(ids, buckets) AS t (id, bucket)
    JOIN likes l ON l.post_id = t.id AND l.bucket = t.bucket
    WHERE l.user_id = p_user_id AND l.open <> opened
  ) || ARRAY(
    SELECT r.post_id FROM unnest(ids, buckets) AS t (id, bucket)
    JOIN reposts r ON r.post_id = t.id AND r.bucket = t.bucket
    WHERE r.user_id = p_user_id AND r.open <> opened);
  PERFORM lock_post_states(candidates);
  FOR target IN SELECT DISTINCT t FROM unnest(candidates) AS t ORDER BY t LOOP
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
  -- Replies with the buckets of their conversations.
  reply_ids bigint[] := '{}';
  conversation_buckets smallint[] := '{}';
  answered_ids bigint[] := '{}';
  -- Quotes with the posts that they quote, and the buckets of these.
  quote_ids bigint[] := '{}';
  quoted_ids bigint[] := '{}';
  quoted_buckets smallint[] := '{}';
  -- The places of those that are marked wrong.
  wrong_replies integer[];
  wrong_quotes integer[];
  place integer;
  own_id bigint;
  target bigint;
  locked bigint[] := '{}';
BEGIN
  PERFORM pg_advisory_xact_lock(p_user_id);
  opened := is_open_account(p_user_id, false, '-infinity');
  step := CASE WHEN opened THEN 1 ELSE -1 END;
  changed := '{}';
  last_id := 0;
  FOR post IN
    SELECT p.id, p.reply_to_post_id, p.conversation_id, p.quoted_post_id, p.visibility FROM posts p
    WHERE p.author_id = p_user_id AND p.bucket = own_bucket AND p.id > p_after
      AND p.delete_time IS NULL
    ORDER BY p.id LIMIT p_limit
  LOOP
    last_id := post.id;
    CONTINUE WHEN post.visibility <> 1;
    IF post.reply_to_post_id <> 0 THEN
      reply_ids := array_append(reply_ids, post.id);
      answered_ids := array_append(answered_ids, post.reply_to_post_id);
      conversation_buckets := array_append(conversation_buckets, bucket_of(post.conversation_id));
    ELSIF post.quoted_post_id <> 0 THEN
      quote_ids := array_append(quote_ids, post.id);
      quoted_ids := array_append(quoted_ids, post.quoted_post_id);
      quoted_buckets := array_append(quoted_buckets, bucket_of(post.quoted_post_id));
    END IF;
  END LOOP;
  wrong_replies := ARRAY(
    SELECT t.place
    FROM unnest(reply_ids, conversation_buckets) WITH ORDINALITY AS t (id, bucket, place)
    JOIN replies r ON r.post_id = t.id AND r.bucket = t.bucket
    WHERE r.live AND r.open <> opened);
  wrong_quotes := ARRAY(
    SELECT t.place
    FROM unnest(quoted_ids, quote_ids, quoted_buckets)
      WITH ORDINALITY AS t (quoted_id, id, bucket, place)
    JOIN quotes q ON q.quoted_post_id = t.quoted_id AND q.post_id = t.id AND q.bucket = t.bucket
    WHERE q.open <> opened);
  FOREACH place IN ARRAY wrong_replies LOOP
    locked := array_append(locked, answered_ids[place]);
  END LOOP;
  FOREACH place IN ARRAY wrong_quotes LOOP
    locked := array_append(locked, quoted_ids[place]);
  END LOOP;
  PERFORM lock_post_states(locked);

  FOREACH place IN ARRAY wrong_replies LOOP
    target := reply_ids[place];
    target_bucket := conversation_buckets[place];
    UPDATE replies r SET open = opened
      WHERE r.post_id = target AND r.bucket = target_bucket AND r.live AND r.open <> opened;
    CONTINUE WHEN NOT FOUND;
    target := answered_ids[place];
    target_bucket := bucket_of(target);
    UPDATE post_states s
      SET replies = greatest(s.replies + step, 0), touch_time = moment
      WHERE s.id = target AND s.bucket = target_bucket;
    changed := array_append(changed, target);
  END LOOP;
  FOREACH place IN ARRAY wrong_quotes LOOP
    own_id := quote_ids[place];
    target := quoted_ids[place];
    target_bucket := quoted_buckets[place];
    UPDATE quotes q SET open = opened
      WHERE q.quoted_post_id = target AND q.post_id = own_id AND q.bucket = target_bucket
        AND q.open <> opened;
    CONTINUE WHEN NOT FOUND;
    UPDATE post_states s
      SET quotes = greatest(s.quotes + step, 0), touch_time = moment
      WHERE s.id = target AND s.bucket = target_bucket;
    changed := array_append(changed, target);
  END LOOP;
END
$$;

-- migrate:down

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

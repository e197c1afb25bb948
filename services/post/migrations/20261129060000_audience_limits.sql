-- The audiences of the posts above a reply: AudienceLimit of services/post/domain/model.py.
--
-- Older posts have null; services/post/adapters/postgres/rows.py describes how these are read. A
-- process of the previous release continues to call create_post, which this does not change.

-- migrate:up

ALTER TABLE posts ADD COLUMN audience_limits jsonb;

-- create_post with limits.
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
  -- Only replies need it: for other posts null means none.
  IF outcome = 'written' AND p_reply_to_post_id <> 0 THEN
    UPDATE posts p SET audience_limits = p_audience_limits
      WHERE p.id = p_id AND p.bucket = p_bucket;
  END IF;
END
$$;

-- migrate:down

DROP FUNCTION create_limited_post;

ALTER TABLE posts DROP COLUMN audience_limits;

-- migrate:up transaction:false

-- responses_reposts_in_bucket serves what it served.
-- squawk-ignore ban-drop-index
DROP INDEX CONCURRENTLY IF EXISTS responses_reposts;

-- migrate:down transaction:false

CREATE INDEX CONCURRENTLY IF NOT EXISTS responses_reposts ON responses (user_id, repost_id)
  INCLUDE (post_id, post_author_id) WHERE repost_id IS NOT NULL;

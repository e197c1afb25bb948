-- migrate:up transaction:false

-- As responses_reposts with the bucket, so that lists of reposts are read from the index alone.
CREATE INDEX CONCURRENTLY IF NOT EXISTS responses_reposts_in_bucket ON responses (user_id, repost_id)
  INCLUDE (post_id, post_author_id, bucket) WHERE repost_id IS NOT NULL;

-- migrate:down transaction:false

DROP INDEX CONCURRENTLY IF EXISTS responses_reposts_in_bucket;

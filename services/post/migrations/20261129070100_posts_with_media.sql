-- migrate:up transaction:false

-- A user's posts with media. Most posts have none and are not in it.
CREATE INDEX CONCURRENTLY IF NOT EXISTS posts_with_media ON posts (author_id, id) INCLUDE (bucket)
  WHERE delete_time IS NULL AND media_ids <> '{}';

-- migrate:down transaction:false

DROP INDEX CONCURRENTLY IF EXISTS posts_with_media;

-- migrate:up transaction:false

-- Replaces posts_by_author: an index-only scan counts a user's public posts that are not replies.
CREATE INDEX CONCURRENTLY IF NOT EXISTS posts_of_author ON posts (author_id, id)
  INCLUDE (bucket, visibility, reply_to_post_id) WHERE delete_time IS NULL;

-- migrate:down transaction:false

DROP INDEX CONCURRENTLY IF EXISTS posts_of_author;

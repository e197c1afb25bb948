-- migrate:up transaction:false

DROP INDEX CONCURRENTLY IF EXISTS posts_by_author;

-- migrate:down transaction:false

CREATE INDEX CONCURRENTLY IF NOT EXISTS posts_by_author ON posts (author_id, id) INCLUDE (bucket)
  WHERE delete_time IS NULL;

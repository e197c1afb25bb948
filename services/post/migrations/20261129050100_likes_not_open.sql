-- migrate:up transaction:false

-- A recount reads all likes of a post from likes_by_time, and subtracts these few.
CREATE INDEX CONCURRENTLY IF NOT EXISTS likes_not_open ON likes (post_id) INCLUDE (bucket)
  WHERE NOT open;

-- migrate:down transaction:false

DROP INDEX CONCURRENTLY IF EXISTS likes_not_open;

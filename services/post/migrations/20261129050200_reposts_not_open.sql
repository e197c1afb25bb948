-- migrate:up transaction:false

CREATE INDEX CONCURRENTLY IF NOT EXISTS reposts_not_open ON reposts (post_id) INCLUDE (bucket)
  WHERE NOT open;

-- migrate:down transaction:false

DROP INDEX CONCURRENTLY IF EXISTS reposts_not_open;

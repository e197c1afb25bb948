-- migrate:up transaction:false

-- Who verifies tokens asks every second which sessions ended of late; few rows have a revoke_time.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_revoke_time ON sessions (revoke_time)
  WHERE revoke_time IS NOT NULL;

-- migrate:down transaction:false

DROP INDEX CONCURRENTLY IF EXISTS sessions_revoke_time;

-- migrate:up transaction:false

-- Verifiers of tokens read every second which sessions ended lately; few rows have a revoke_time.
CREATE INDEX CONCURRENTLY IF NOT EXISTS sessions_revoke_time ON sessions (revoke_time)
  WHERE revoke_time IS NOT NULL;

-- migrate:down transaction:false

DROP INDEX CONCURRENTLY IF EXISTS sessions_revoke_time;

-- The shard keys of earlier records of requests: those of a day. Nothing else changes these rows.

-- migrate:up

UPDATE idempotency_records SET shard_key = shard_key_of_caller(caller_id) WHERE shard_key = -1;

-- migrate:down

SELECT 1; -- the columns go with the migration before this one

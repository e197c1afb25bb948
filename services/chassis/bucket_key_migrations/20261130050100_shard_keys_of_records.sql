-- migrate:up transaction:false

-- The shard keys of earlier records of requests: those of a day, some pages at a time.
DO $$
DECLARE
  pages constant bigint :=
    pg_relation_size('idempotency_records') / current_setting('block_size')::bigint;
  step constant bigint := 500;
  page bigint := 0;
  first tid;
  behind tid;
BEGIN
  WHILE page <= pages LOOP
    first := format('(%s,0)', page);
    behind := format('(%s,0)', page + step);
    UPDATE idempotency_records SET shard_key = shard_key_of_caller(caller_id)
      WHERE ctid >= first AND ctid < behind AND shard_key = -1;
    COMMIT;
    page := page + step;
  END LOOP;
END
$$;

-- migrate:down transaction:false

SELECT 1; -- the columns go with the migration before this one

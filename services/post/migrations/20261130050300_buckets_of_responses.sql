-- migrate:up transaction:false

-- The buckets of earlier rows, a thousand users at a time: no lock lasts.
DO $$
DECLARE
  first bigint := 0;
  last bigint;
BEGIN
  LOOP
    SELECT max(u.user_id) INTO last FROM (
      SELECT DISTINCT r.user_id FROM responses r WHERE r.user_id > first
      ORDER BY r.user_id LIMIT 1000
    ) AS u;
    EXIT WHEN last IS NULL;
    UPDATE responses r SET bucket = bucket_of(r.user_id)
      WHERE r.user_id > first AND r.user_id <= last AND r.bucket = -1;
    COMMIT;
    first := last;
  END LOOP;
  ANALYZE responses;
END
$$;

-- migrate:down transaction:false

SELECT 1; -- the column goes with the migration before this one

-- The bucket of the user in engagement, and a table of all buckets. See docs/sharding.md.

-- migrate:up

SET LOCAL lock_timeout = '5s';

-- -1 marks earlier rows, which the next migration completes, and later ones of the previous
-- functions, which the trigger completes. The next release drops the trigger and the default.
ALTER TABLE responses ADD COLUMN bucket smallint NOT NULL DEFAULT '-1';

CREATE FUNCTION complete_bucket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.bucket := bucket_of(NEW.user_id);
  RETURN NEW;
END
$$;

CREATE TRIGGER complete_shard_key BEFORE INSERT ON responses
  FOR EACH ROW WHEN (NEW.bucket = -1) EXECUTE FUNCTION complete_bucket();

-- A user has one bucket. Without this the planner takes the conditions on both for independent, expects
-- fewer rows than there are, and plans lists again for each call.
CREATE STATISTICS responses_bucket_of_user (dependencies) ON user_id, bucket FROM responses;

-- Every bucket: what a statement about many users joins its list of them with, so that Citus executes
-- it on their shards.
CREATE TABLE buckets (bucket smallint PRIMARY KEY);
INSERT INTO buckets SELECT generate_series(0, 511);

-- migrate:down

DROP TABLE buckets;
DROP STATISTICS responses_bucket_of_user;
DROP TRIGGER complete_shard_key ON responses;
DROP FUNCTION complete_bucket;
ALTER TABLE responses DROP COLUMN bucket;

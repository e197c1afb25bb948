-- The columns by which the tables of the chassis are distributed on Citus, together with those of the
-- service: the bucket of the user. See docs/sharding.md and services/chassis/storage/shard_key.py.
--
-- Processes of the previous release do not write them; -1 marks their rows. The outbox has none for
-- longer than seconds, and the inbox none for longer than a week. Records of requests are looked up by
-- the key, so a trigger completes theirs; the next migration completes earlier ones. The next release
-- drops the trigger, its functions and the defaults.

-- migrate:up

SET LOCAL lock_timeout = '5s';

-- In the order in which transactions use the tables, so that none waits in a circle.
ALTER TABLE idempotency_records ADD COLUMN shard_key smallint NOT NULL DEFAULT '-1';
ALTER TABLE inbox ADD COLUMN shard_key smallint NOT NULL DEFAULT '-1';
ALTER TABLE outbox ADD COLUMN shard_key smallint NOT NULL DEFAULT '-1';

CREATE FUNCTION shard_key_of_caller(caller_id text) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN caller_id ~ '^[0-9]{1,19}$'
    THEN (least(caller_id::numeric, 9223372036854775807)::bigint >> 13 & 511)::smallint
  ELSE (('x' || left(md5(caller_id), 16))::bit(64)::bigint & 511)::smallint
END;

CREATE FUNCTION complete_shard_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.shard_key := shard_key_of_caller(NEW.caller_id);
  RETURN NEW;
END
$$;

CREATE TRIGGER complete_shard_key BEFORE INSERT ON idempotency_records
  FOR EACH ROW WHEN (NEW.shard_key = -1) EXECUTE FUNCTION complete_shard_key();

-- migrate:down

DROP TRIGGER complete_shard_key ON idempotency_records;
DROP FUNCTION complete_shard_key;
DROP FUNCTION shard_key_of_caller;
ALTER TABLE idempotency_records DROP COLUMN shard_key;
ALTER TABLE inbox DROP COLUMN shard_key;
ALTER TABLE outbox DROP COLUMN shard_key;

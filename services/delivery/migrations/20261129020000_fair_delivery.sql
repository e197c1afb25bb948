-- Fair delivery: channels and users take turns, devices that time out are paused, codes are counted
-- by domain too.

-- migrate:up

ALTER TABLE push_subscriptions
  -- Consecutive time-outs, and until when nothing is sent to the device for that reason.
  ADD COLUMN timeouts smallint NOT NULL DEFAULT 0,
  ADD COLUMN pause_until timestamptz;

-- Rows from before the migration count for no domain; they expire within the hour. `address` holds
-- the normal form from now on.
ALTER TABLE mailed_codes ADD COLUMN domain text NOT NULL DEFAULT '';
UPDATE mailed_codes SET address = lower(address);
CREATE INDEX mailed_codes_domain ON mailed_codes (domain, create_time);

-- The oldest due rows of a channel, and the users whose turn it is.
CREATE INDEX deliveries_oldest ON deliveries (channel, due_time) WHERE state = 'due';
CREATE INDEX deliveries_turns ON deliveries (channel, user_id, due_time) WHERE state = 'due';
DROP INDEX deliveries_due;

-- migrate:down

CREATE INDEX deliveries_due ON deliveries (due_time) WHERE state = 'due';
DROP INDEX deliveries_turns;
DROP INDEX deliveries_oldest;
DROP INDEX mailed_codes_domain;
ALTER TABLE mailed_codes DROP COLUMN domain;
ALTER TABLE push_subscriptions DROP COLUMN pause_until, DROP COLUMN timeouts;

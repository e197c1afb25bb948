-- The per-user event log.

-- migrate:up

-- The bounds of each log: the sequences from first to last. Shard key: user_id.
CREATE TABLE log_heads (
  user_id bigint PRIMARY KEY,
  first_sequence bigint NOT NULL DEFAULT 1,
  last_sequence bigint NOT NULL DEFAULT 0,
  -- Until when the user is present; null for never.
  present_until timestamptz
) WITH (
  -- Every event changes a row, but no indexed column: the page has room for HOT updates.
  fillfactor = 70
);

-- Shard key: user_id.
CREATE TABLE log_events (
  user_id bigint NOT NULL,
  sequence bigint NOT NULL,
  event_time timestamptz NOT NULL,
  -- A serialized roost.notification.v1.UserEvent without user, sequence and time.
  content bytea NOT NULL,
  PRIMARY KEY (user_id, sequence)
);
-- For the deletion of expired entries.
CREATE INDEX log_events_event_time ON log_events (event_time);

-- Suppressions, from events: 1 mutes, 2 blocks, 3 is blocked by.
-- Shard key: user_id.
CREATE TABLE silences (
  user_id bigint NOT NULL,
  other_id bigint NOT NULL,
  silence smallint NOT NULL,
  PRIMARY KEY (user_id, other_id, silence)
);
-- For deleted accounts.
CREATE INDEX silences_other ON silences (other_id);

-- migrate:down

DROP TABLE silences;
DROP TABLE log_events;
DROP TABLE log_heads;

-- The per-user event log.

-- migrate:up

-- What each log holds: the sequences from first to last. Shard key: user_id.
CREATE TABLE log_heads (
  user_id bigint PRIMARY KEY,
  first_sequence bigint NOT NULL DEFAULT 1,
  last_sequence bigint NOT NULL DEFAULT 0,
  -- Until when the person counts as being there; null for never yet.
  present_until timestamptz
) WITH (
  -- Every event changes a row, and none of its indexed columns: room for that on the same page.
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
-- For forgetting the oldest.
CREATE INDEX log_events_event_time ON log_events (event_time);

-- Who sees nothing of whom, learnt from events: 1 mutes, 2 blocks, 3 is blocked by.
-- Shard key: user_id.
CREATE TABLE silences (
  user_id bigint NOT NULL,
  other_id bigint NOT NULL,
  silence smallint NOT NULL,
  PRIMARY KEY (user_id, other_id, silence)
);
-- For people who are deleted.
CREATE INDEX silences_other ON silences (other_id);

-- migrate:down

DROP TABLE silences;
DROP TABLE log_events;
DROP TABLE log_heads;

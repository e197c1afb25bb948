-- Withdrawn activities are recorded, watches have a begin, and preferences a time zone.

-- migrate:up

-- Withdrawn activities: a repeated one is not pushed again. Shard key: recipient_id.
CREATE TABLE withdrawn_deeds (
  recipient_id bigint NOT NULL,
  kind smallint NOT NULL,
  post_id bigint NOT NULL,
  actor_id bigint NOT NULL,
  withdraw_time timestamptz NOT NULL,
  PRIMARY KEY (recipient_id, kind, post_id, actor_id)
);
-- For deleted accounts, and for the deletion of old rows.
CREATE INDEX withdrawn_deeds_actor ON withdrawn_deeds (actor_id);
CREATE INDEX withdrawn_deeds_time ON withdrawn_deeds (withdraw_time);

-- The end of a follow ends a watch that began before it.
ALTER TABLE watches ADD COLUMN create_time timestamptz NOT NULL DEFAULT now();

ALTER TABLE preferences ADD COLUMN time_zone text NOT NULL DEFAULT 'UTC';
-- Hours of the user's day; null for none.
ALTER TABLE preferences ADD COLUMN quiet_start smallint;
ALTER TABLE preferences ADD COLUMN quiet_end smallint;

-- An earlier version accepted markers in the future, which made all later notifications read. Ids
-- start with the milliseconds since 2025; a day is the margin for clocks.
UPDATE read_markers m SET last_read_id = coalesce(
  (SELECT max(g.id) FROM notification_groups g WHERE g.recipient_id = m.user_id), 0)
WHERE m.last_read_id >> 22 > (extract(epoch FROM now()) - 1735689600 + 86400)::bigint * 1000;

-- migrate:down

ALTER TABLE preferences DROP COLUMN quiet_end;
ALTER TABLE preferences DROP COLUMN quiet_start;
ALTER TABLE preferences DROP COLUMN time_zone;
ALTER TABLE watches DROP COLUMN create_time;
DROP TABLE withdrawn_deeds;

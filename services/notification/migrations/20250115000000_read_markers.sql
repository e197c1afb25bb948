-- Read markers.

-- migrate:up

-- Shard key: user_id.
CREATE TABLE read_markers (
  user_id bigint PRIMARY KEY,
  last_read_id bigint NOT NULL,
  update_time timestamptz NOT NULL
);

-- migrate:down

DROP TABLE read_markers;

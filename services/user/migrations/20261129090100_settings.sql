-- migrate:up

-- Shard key: user_id. Settings of users for their own clients. Users who changed none have no row.
CREATE TABLE settings (
  user_id bigint PRIMARY KEY,
  alt_text_reminder boolean NOT NULL
);

-- migrate:down

DROP TABLE settings;

-- Followed hashtags, and the newest public posts of hashtags.

-- migrate:up

-- The hashtags of a user. Shard key: user_id.
CREATE TABLE hashtag_follows (
  user_id bigint NOT NULL,
  tag text NOT NULL COLLATE "C",
  follow_time timestamptz NOT NULL,
  PRIMARY KEY (user_id, tag)
);

-- The same rows by hashtag. Shard key: tag.
CREATE TABLE hashtag_followers (
  tag text NOT NULL COLLATE "C",
  user_id bigint NOT NULL,
  PRIMARY KEY (tag, user_id)
);

-- The newest posts of followed hashtags, and those of an hour of others. Shard key: tag.
CREATE TABLE hashtag_entries (
  tag text NOT NULL COLLATE "C",
  post_id bigint NOT NULL,
  author_id bigint NOT NULL,
  PRIMARY KEY (tag, post_id)
) WITH (
  -- Most rows live for an hour.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 5000
);
-- For edits and deletions.
CREATE INDEX hashtag_entries_post ON hashtag_entries (post_id);

-- migrate:down

DROP TABLE hashtag_entries;
DROP TABLE hashtag_followers;
DROP TABLE hashtag_follows;

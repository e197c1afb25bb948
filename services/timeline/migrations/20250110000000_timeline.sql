-- The tables of the Timeline service. Feeds are not among them: they are in Valkey, and can be
-- built again from the other services at any time.

-- migrate:up

-- Shard key: user_id.
CREATE TABLE read_markers (
  user_id bigint PRIMARY KEY,
  last_read_entry_id bigint NOT NULL,
  update_time timestamptz NOT NULL
);

-- Learnt from MuteCreated and MuteRemoved. Shard key: muter_id.
CREATE TABLE mutes (
  muter_id bigint NOT NULL,
  muted_id bigint NOT NULL,
  PRIMARY KEY (muter_id, muted_id)
);

-- Authors who are not fanned out: a few, and for good (see README.md). Not distributed.
CREATE TABLE celebrities (
  author_id bigint PRIMARY KEY,
  followers bigint NOT NULL,
  create_time timestamptz NOT NULL
);

-- The newest public posts: some ten thousand short rows. Not distributed.
CREATE TABLE public_entries (
  post_id bigint PRIMARY KEY,
  author_id bigint NOT NULL
) WITH (
  -- As many rows die as are born, all at one end.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 5000
);
CREATE INDEX public_entries_author ON public_entries (author_id);

-- Whose posts are not public, learnt from UserUpdated and UserDeleted. Not distributed.
CREATE TABLE closed_authors (
  user_id bigint PRIMARY KEY,
  deleted boolean NOT NULL
);

-- migrate:down

DROP TABLE closed_authors;
DROP TABLE public_entries;
DROP TABLE celebrities;
DROP TABLE mutes;
DROP TABLE read_markers;

-- Rebuilds of the index of posts, and what has to be read again from other services.
--
-- Shard keys. `count_refreshes` by subject_id, `post_rereads` by post_id; `reindexes` has a few rows
-- and belongs to the coordinator.

-- migrate:up

-- One row for each rebuild.
CREATE TABLE reindexes (
  -- The generation that it builds.
  id bigint PRIMARY KEY,
  posts_scanned bigint NOT NULL DEFAULT 0,
  posts_total bigint NOT NULL DEFAULT 0,
  -- The last user, and the last post, that was read.
  last_user_id bigint NOT NULL DEFAULT 0,
  last_post_id bigint NOT NULL DEFAULT 0,
  start_time timestamptz NOT NULL,
  end_time timestamptz,
  -- While a worker holds it: the end of the lease. After a failure: the time of the next attempt.
  run_after timestamptz NOT NULL,
  segments_equal integer NOT NULL DEFAULT 0,
  segments_repaired integer NOT NULL DEFAULT 0,
  -- The failures since the last page.
  failures smallint NOT NULL DEFAULT 0,
  -- The version of the analyzer.
  analyzer smallint NOT NULL,
  -- 1 copying, 2 verifying, 3 done, 4 cancelled, 5 failed.
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 5),
  users_read boolean NOT NULL DEFAULT false,
  holder text NOT NULL DEFAULT '',
  failure text NOT NULL DEFAULT '',
  CHECK ((state IN (3, 4, 5)) = (end_time IS NOT NULL))
);
CREATE UNIQUE INDEX reindexes_running ON reindexes ((true)) WHERE state IN (1, 2);

-- A queue: posts and users whose counts changed.
CREATE TABLE count_refreshes (
  subject_id bigint NOT NULL,
  -- When the counts last changed, as far as is known.
  mark_time timestamptz NOT NULL,
  -- While a worker holds it: the end of the lease.
  due_time timestamptz NOT NULL,
  -- 1 post, 2 user.
  subject smallint NOT NULL CHECK (subject BETWEEN 1 AND 2),
  PRIMARY KEY (subject_id, subject)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX count_refreshes_due ON count_refreshes (subject, due_time);

-- A queue: posts whose media changed without an edit.
CREATE TABLE post_rereads (
  post_id bigint NOT NULL,
  medium_id bigint NOT NULL,
  -- The version of the medium that the post must show.
  version integer NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  request_time timestamptz NOT NULL,
  -- While a worker holds it: the end of the lease. Null once it is done.
  due_time timestamptz,
  PRIMARY KEY (post_id, medium_id)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX post_rereads_due ON post_rereads (due_time) WHERE due_time IS NOT NULL;
CREATE INDEX post_rereads_done ON post_rereads (request_time) WHERE due_time IS NULL;

-- How far periodic comparisons with other services have come.
CREATE TABLE comparisons (
  name text PRIMARY KEY,
  last_id bigint NOT NULL
);

-- migrate:down

DROP TABLE comparisons;
DROP TABLE post_rereads;
DROP TABLE count_refreshes;
DROP TABLE reindexes;

-- Media, uploads, folders, and the work that is due.
--
-- Shard keys. Tables about an owner's media are distributed by `bucket`, which is in bits 13 to 21
-- of every id and is the same for a medium, its owner and the owner's posts. So an id alone leads
-- to the shard, and one transaction of an owner stays on one shard. An id of 0 means none.

-- migrate:up

CREATE TABLE media (
  id bigint NOT NULL,
  owner_id bigint NOT NULL,
  post_id bigint NOT NULL DEFAULT 0,
  size_bytes bigint NOT NULL,
  -- The size of all files that are kept.
  stored_bytes bigint NOT NULL,
  create_time timestamptz NOT NULL,
  -- Null while it is attached.
  expire_time timestamptz,
  -- Null while it is not attached.
  claim_time timestamptz,
  version integer NOT NULL DEFAULT 1,
  focal_x real,
  focal_y real,
  bucket smallint NOT NULL,
  -- 1 processing, 2 ready, 3 failed, 4 waiting.
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 4),
  progress smallint NOT NULL DEFAULT 0 CHECK (progress BETWEEN 0 AND 100),
  -- 1 post, 2 profile picture, 3 banner; 0 for none.
  use smallint NOT NULL DEFAULT 0 CHECK (use BETWEEN 0 AND 3),
  claim_confirmed boolean NOT NULL DEFAULT false,
  -- Whether everyone may read it.
  open boolean NOT NULL DEFAULT false,
  declared_type text NOT NULL,
  failure text NOT NULL DEFAULT '',
  alt_text text NOT NULL DEFAULT '',
  claim_key text NOT NULL DEFAULT '',
  folder text NOT NULL DEFAULT '',
  -- What processing made: properties and files. Null unless ready.
  processed jsonb,
  PRIMARY KEY (id, bucket),
  CHECK ((use = 0) = (claim_time IS NULL))
);
CREATE INDEX media_by_owner ON media (owner_id, id) INCLUDE (bucket, stored_bytes);
CREATE INDEX media_of_post ON media (post_id, owner_id) WHERE use = 1;
CREATE INDEX media_of_profile ON media (owner_id, use) WHERE use > 1;
CREATE INDEX media_provisional ON media (claim_time) WHERE use > 0 AND NOT claim_confirmed;
CREATE INDEX media_expiring ON media (expire_time) WHERE use = 0;

-- What the object store holds under `u/`.
CREATE TABLE uploads (
  medium_id bigint NOT NULL,
  owner_id bigint NOT NULL,
  size_bytes bigint NOT NULL,
  part_bytes bigint NOT NULL,
  create_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  -- When the state last changed.
  change_time timestamptz NOT NULL,
  delete_after timestamptz,
  bucket smallint NOT NULL,
  -- 1 open, 2 completing, 3 complete, 4 doomed.
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 4),
  object_key text NOT NULL,
  multipart_id text NOT NULL DEFAULT '',
  PRIMARY KEY (medium_id, bucket),
  CHECK ((state = 4) = (delete_after IS NOT NULL))
);
CREATE INDEX uploads_by_key ON uploads (object_key);
CREATE INDEX uploads_stuck ON uploads (change_time) WHERE state = 2;
CREATE INDEX uploads_doomed ON uploads (delete_after) WHERE state = 4;

-- A queue: workers query it by time.
CREATE TABLE processing_jobs (
  medium_id bigint NOT NULL,
  owner_id bigint NOT NULL,
  -- While a worker holds it: the end of the lease.
  run_after timestamptz NOT NULL,
  deadline timestamptz NOT NULL,
  -- Jobs that are due are leased in this order.
  queue_time timestamptz NOT NULL,
  bucket smallint NOT NULL,
  kind smallint NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  holder text NOT NULL DEFAULT '',
  PRIMARY KEY (medium_id, bucket)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX processing_jobs_in_order ON processing_jobs (queue_time);
CREATE INDEX processing_jobs_of_owner ON processing_jobs (owner_id, bucket);

-- What the object store holds under `m/` and `p/`.
CREATE TABLE folders (
  medium_id bigint NOT NULL,
  owner_id bigint NOT NULL,
  create_time timestamptz NOT NULL,
  delete_after timestamptz,
  bucket smallint NOT NULL,
  -- 1 writing, 2 live, 3 doomed.
  state smallint NOT NULL CHECK (state BETWEEN 1 AND 3),
  access text NOT NULL CHECK (access IN ('m', 'p')),
  key text NOT NULL,
  files text[] NOT NULL,
  PRIMARY KEY (key, bucket),
  CHECK ((state = 3) = (delete_after IS NOT NULL))
);
CREATE INDEX folders_of_medium ON folders (medium_id);
CREATE INDEX folders_writing ON folders (create_time) WHERE state = 1;
CREATE INDEX folders_doomed ON folders (delete_after) WHERE state = 3;

-- A queue: folders that caches must drop.
CREATE TABLE purges (
  owner_id bigint NOT NULL,
  -- While a worker holds it: the end of the lease.
  due_time timestamptz NOT NULL,
  bucket smallint NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  folder text NOT NULL,
  files text[] NOT NULL,
  PRIMARY KEY (folder, bucket)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX purges_due ON purges (due_time);

-- A queue: media whose folder may have to be replaced.
CREATE TABLE placements (
  medium_id bigint NOT NULL,
  owner_id bigint NOT NULL,
  request bigint NOT NULL DEFAULT 1,
  -- While a worker holds it: the end of the lease.
  run_after timestamptz NOT NULL,
  bucket smallint NOT NULL,
  attempts smallint NOT NULL DEFAULT 0,
  renew boolean NOT NULL,
  PRIMARY KEY (medium_id, bucket)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX placements_due ON placements (run_after);

-- What decides whether everyone may see a post with media.
CREATE TABLE post_audiences (
  post_id bigint NOT NULL,
  owner_id bigint NOT NULL,
  -- Set for a deleted post: older events must not restore it.
  delete_time timestamptz,
  revision integer NOT NULL,
  bucket smallint NOT NULL,
  public boolean NOT NULL,
  PRIMARY KEY (post_id, bucket)
);
CREATE INDEX post_audiences_deleted ON post_audiences (delete_time)
  WHERE delete_time IS NOT NULL;

-- The accounts whose protection closes a post.
CREATE TABLE deciders (
  post_id bigint NOT NULL,
  owner_id bigint NOT NULL,
  user_id bigint NOT NULL,
  bucket smallint NOT NULL,
  was_protected boolean NOT NULL,
  PRIMARY KEY (post_id, user_id, bucket)
);
CREATE INDEX deciders_by_user ON deciders (user_id, post_id) INCLUDE (owner_id);

-- Accounts as far as they are known. Shard key: user_id.
CREATE TABLE accounts (
  user_id bigint PRIMARY KEY,
  update_time timestamptz NOT NULL,
  protected boolean NOT NULL,
  deleted boolean NOT NULL
);

-- What owners uploaded by day (UTC).
CREATE TABLE upload_usage (
  owner_id bigint NOT NULL,
  bytes bigint NOT NULL,
  uploads integer NOT NULL,
  day date NOT NULL,
  bucket smallint NOT NULL,
  PRIMARY KEY (owner_id, day, bucket)
);
CREATE INDEX upload_usage_day ON upload_usage (day);

-- migrate:down

DROP TABLE upload_usage;
DROP TABLE accounts;
DROP TABLE deciders;
DROP TABLE post_audiences;
DROP TABLE placements;
DROP TABLE purges;
DROP TABLE folders;
DROP TABLE processing_jobs;
DROP TABLE uploads;
DROP TABLE media;

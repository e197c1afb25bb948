-- Users, how they sign in, and their relationships. Each table names its shard key: on Citus it is
-- distributed by it, on one PostgreSQL it is the head of the primary key.

-- migrate:up

-- Shard key: id.
CREATE TABLE users (
  id bigint PRIMARY KEY,
  handle text NOT NULL,
  display_name text NOT NULL,
  bio text NOT NULL DEFAULT '',
  location text NOT NULL DEFAULT '',
  website text NOT NULL DEFAULT '',
  avatar_media_id bigint NOT NULL DEFAULT 0,
  protected boolean NOT NULL DEFAULT false,
  version bigint NOT NULL DEFAULT 1,
  create_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  -- Set when the account is deleted; the profile's texts are emptied with it.
  delete_time timestamptz
);

-- Shard key: user_id. Not in users, so that an update of counters never waits for a follow, nor a
-- follow for it. No index but the key and room on each page, so that updates stay on it (HOT).
CREATE TABLE user_counts (
  user_id bigint PRIMARY KEY,
  followers bigint NOT NULL DEFAULT 0 CHECK (followers >= 0),
  following bigint NOT NULL DEFAULT 0 CHECK (following >= 0),
  posts bigint NOT NULL DEFAULT 0 CHECK (posts >= 0)
) WITH (fillfactor = 70);

-- Shard key: handle_key, the handle in lower case. A deleted user's handle is never assigned again:
-- its row stays, or its tombstone.
CREATE TABLE handles (
  handle_key text PRIMARY KEY,
  user_id bigint NOT NULL,
  create_time timestamptz NOT NULL
);

-- Shard key: user_id.
CREATE TABLE credentials (
  user_id bigint PRIMARY KEY,
  -- Argon2id in the PHC string format, with its own parameters and salt.
  password_hash text NOT NULL,
  update_time timestamptz NOT NULL
);

-- Shard key: user_id, which refresh tokens carry.
CREATE TABLE sessions (
  user_id bigint NOT NULL,
  id bigint NOT NULL,
  device_name text NOT NULL,
  create_time timestamptz NOT NULL,
  last_used_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  revoke_time timestamptz,
  refresh_hash bytea NOT NULL,
  previous_hash bytea NOT NULL,
  sealed_answer bytea NOT NULL,
  PRIMARY KEY (user_id, id)
);
CREATE INDEX sessions_expire_time ON sessions (expire_time);

-- Shard key: ticket_hash.
CREATE TABLE stream_tickets (
  ticket_hash bytea PRIMARY KEY,
  user_id bigint NOT NULL,
  session_id bigint NOT NULL,
  expire_time timestamptz NOT NULL
);
CREATE INDEX stream_tickets_expire_time ON stream_tickets (expire_time);

-- A few rows; not distributed.
CREATE TABLE signing_keys (
  kid text PRIMARY KEY,
  -- From when on it signs. Before, it is the next key; after a later one's, a retired key.
  sign_time timestamptz NOT NULL,
  sealed_private bytea NOT NULL,
  x text NOT NULL,
  y text NOT NULL
);

-- An edge is a relationship's row. It is written twice, once for each end, in one transaction. The
-- kind is part of the key, so that the relationships of a viewer with twenty users are two index-only
-- scans. Kinds: 1 follow, 2 follow request, 3 block, 4 mute (outwards only: it is not visible to the
-- muted user).

-- Shard key: source_id.
CREATE TABLE edges_out (
  source_id bigint NOT NULL,
  target_id bigint NOT NULL,
  kind smallint NOT NULL,
  edge_id bigint NOT NULL,
  PRIMARY KEY (source_id, target_id, kind)
);
-- Lists, newest first, and counts. It has no column of the far end on purpose: with it the planner
-- would look up relationships here, by reading all edges of a user.
CREATE INDEX edges_out_newest ON edges_out (source_id, kind, edge_id);

-- Shard key: target_id.
CREATE TABLE edges_in (
  target_id bigint NOT NULL,
  source_id bigint NOT NULL,
  kind smallint NOT NULL,
  edge_id bigint NOT NULL,
  PRIMARY KEY (target_id, source_id, kind)
);
CREATE INDEX edges_in_newest ON edges_in (target_id, kind, edge_id);

-- Background tasks that requests store for the worker; nearly always empty. Not distributed.
CREATE TABLE chores (
  chore text NOT NULL,
  user_id bigint NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (chore, user_id)
);

-- migrate:down

DROP TABLE chores;
DROP TABLE edges_in;
DROP TABLE edges_out;
DROP TABLE signing_keys;
DROP TABLE stream_tickets;
DROP TABLE sessions;
DROP TABLE credentials;
DROP TABLE handles;
DROP TABLE user_counts;
DROP TABLE users;

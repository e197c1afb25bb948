-- Notifications and preferences.

-- migrate:up

-- Activities, one row for each recipient. Shard key: recipient_id.
CREATE TABLE deeds (
  recipient_id bigint NOT NULL,
  kind smallint NOT NULL,
  post_id bigint NOT NULL,
  actor_id bigint NOT NULL,
  id bigint NOT NULL,
  -- The id of the first activity of its group.
  group_id bigint NOT NULL,
  conversation_id bigint NOT NULL,
  deed_time timestamptz NOT NULL,
  -- Why it is stored and not shown: the recipient mutes the actor, or the conversation.
  actor_muted boolean NOT NULL,
  conversation_muted boolean NOT NULL,
  PRIMARY KEY (recipient_id, kind, post_id, actor_id)
);
-- A group's count, samples and times are read from this index alone.
CREATE INDEX deeds_shown ON deeds (recipient_id, group_id, id DESC)
  INCLUDE (actor_id, deed_time) WHERE NOT actor_muted AND NOT conversation_muted;
-- The newest follow, which the next one may join. 1 is FOLLOW.
CREATE INDEX deeds_follows ON deeds (recipient_id, id DESC)
  WHERE kind = 1 AND NOT actor_muted AND NOT conversation_muted;
CREATE INDEX deeds_actor ON deeds (recipient_id, actor_id);
CREATE INDEX deeds_conversation ON deeds (recipient_id, conversation_id);
-- Across recipients, for deleted posts and accounts: rare, and in steps.
CREATE INDEX deeds_of_post ON deeds (post_id) WHERE post_id <> 0;
CREATE INDEX deeds_of_actor ON deeds (actor_id);
-- Rows are added in the order of time, so a small BRIN index serves the pruning.
CREATE INDEX deeds_time ON deeds USING brin (deed_time) WITH (pages_per_range = 16);

-- Groups of shown activities. Shard key: recipient_id.
CREATE TABLE notification_groups (
  recipient_id bigint NOT NULL,
  first_id bigint NOT NULL,
  -- The id of the newest activity, by which the list is ordered.
  id bigint NOT NULL,
  kind smallint NOT NULL,
  post_id bigint NOT NULL,
  actor_ids bigint[] NOT NULL,
  count bigint NOT NULL CHECK (count > 0),
  first_time timestamptz NOT NULL,
  last_time timestamptz NOT NULL,
  PRIMARY KEY (recipient_id, first_id)
);
CREATE UNIQUE INDEX notification_groups_list ON notification_groups (recipient_id, id DESC);

-- Shard key: user_id.
CREATE TABLE preferences (
  user_id bigint PRIMARY KEY,
  email_digest boolean NOT NULL,
  version bigint NOT NULL
);

-- Preferences by kind. Shard key: user_id.
CREATE TABLE kind_preferences (
  user_id bigint NOT NULL,
  kind smallint NOT NULL,
  sender smallint NOT NULL,
  push boolean NOT NULL,
  PRIMARY KEY (user_id, kind)
);

-- Shard key: user_id.
CREATE TABLE muted_conversations (
  user_id bigint NOT NULL,
  conversation_id bigint NOT NULL,
  PRIMARY KEY (user_id, conversation_id)
);

-- Who is notified of whose posts. Shard key: author_id; a watcher's own list comes from all shards.
CREATE TABLE watches (
  author_id bigint NOT NULL,
  watcher_id bigint NOT NULL,
  PRIMARY KEY (author_id, watcher_id)
);
CREATE INDEX watches_watcher ON watches (watcher_id, author_id);

-- Deleted posts and accounts, for as long as a late event may refer to them. Not distributed.
CREATE TABLE gone_posts (
  post_id bigint PRIMARY KEY,
  gone_time timestamptz NOT NULL
);
CREATE TABLE gone_people (
  user_id bigint PRIMARY KEY,
  gone_time timestamptz NOT NULL
);

-- Protected accounts, from events. Not distributed.
CREATE TABLE protected_people (
  user_id bigint PRIMARY KEY
);

-- migrate:down

DROP TABLE protected_people;
DROP TABLE gone_people;
DROP TABLE gone_posts;
DROP TABLE watches;
DROP TABLE muted_conversations;
DROP TABLE kind_preferences;
DROP TABLE preferences;
DROP TABLE notification_groups;
DROP TABLE deeds;

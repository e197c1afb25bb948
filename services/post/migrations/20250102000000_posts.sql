-- Posts and engagement.
--
-- Shard keys. Tables about a post are distributed by `bucket`, which is in bits 13 to 21 of every
-- id and is the same for a post and its author: a post, its counts and its author's other posts
-- are on one shard. Engagement of one user (`responses`) is distributed by `user_id`.
-- An id of 0 means none, as in the contract.

-- migrate:up

CREATE TABLE posts (
  id bigint NOT NULL,
  author_id bigint NOT NULL,
  reply_to_post_id bigint NOT NULL DEFAULT 0,
  reply_to_author_id bigint NOT NULL DEFAULT 0,
  conversation_id bigint NOT NULL,
  quoted_post_id bigint NOT NULL DEFAULT 0,
  create_time timestamptz NOT NULL,
  edit_time timestamptz,
  -- A tombstone keeps its place in the conversation, and no text.
  delete_time timestamptz,
  revision integer NOT NULL DEFAULT 1,
  bucket smallint NOT NULL,
  visibility smallint NOT NULL CHECK (visibility BETWEEN 1 AND 3),
  answers_others boolean NOT NULL,
  text text NOT NULL,
  entities jsonb NOT NULL DEFAULT '[]',
  media_ids bigint[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (id, bucket)
);
-- A user's posts with replies, and their number.
CREATE INDEX posts_by_author ON posts (author_id, id) INCLUDE (bucket)
  WHERE delete_time IS NULL;
-- A user's posts without replies to others, and those of them that belong on homes.
CREATE INDEX posts_on_timelines ON posts (author_id, id) INCLUDE (bucket, visibility)
  WHERE delete_time IS NULL AND NOT answers_others;

-- The texts that an edit replaced.
CREATE TABLE post_revisions (
  post_id bigint NOT NULL,
  create_time timestamptz NOT NULL,
  revision integer NOT NULL,
  bucket smallint NOT NULL,
  text text NOT NULL,
  entities jsonb NOT NULL,
  PRIMARY KEY (post_id, revision, bucket)
);

-- The small part of a post that changes often. `revision` equals posts.revision, and 0 for a
-- tombstone: a reader compares a cached body with it.
CREATE TABLE post_states (
  id bigint NOT NULL,
  likes bigint NOT NULL DEFAULT 0 CHECK (likes >= 0),
  reposts bigint NOT NULL DEFAULT 0 CHECK (reposts >= 0),
  replies bigint NOT NULL DEFAULT 0 CHECK (replies >= 0),
  quotes bigint NOT NULL DEFAULT 0 CHECK (quotes >= 0),
  -- When a count last changed: reconciliation reads it.
  touch_time timestamptz NOT NULL,
  revision integer NOT NULL DEFAULT 1,
  bucket smallint NOT NULL,
  PRIMARY KEY (id, bucket)
) WITH (
  -- Room for new versions of a row on its page, so that an update of counts changes no index.
  fillfactor = 70
);
-- Such updates may change a column of a BRIN index, and of no other kind.
CREATE INDEX post_states_touch_time ON post_states
  USING brin (touch_time) WITH (pages_per_range = 16);

-- The tree of each conversation, by the bucket of its first post. A deleted reply stays in it with
-- live = false, so that its own replies keep their ancestors.
CREATE TABLE replies (
  post_id bigint NOT NULL,
  reply_to_post_id bigint NOT NULL,
  bucket smallint NOT NULL,
  live boolean NOT NULL DEFAULT true,
  PRIMARY KEY (post_id, bucket)
);
CREATE INDEX replies_by_parent ON replies (reply_to_post_id, post_id) INCLUDE (bucket, live);

-- The quotes of a post, by the bucket of the quoted post.
CREATE TABLE quotes (
  quoted_post_id bigint NOT NULL,
  post_id bigint NOT NULL,
  bucket smallint NOT NULL,
  PRIMARY KEY (quoted_post_id, post_id, bucket)
);

-- The users who liked and reposted a post, by the bucket of the post. `id` sorts by time; the id of a
-- repost is its place on timelines.
CREATE TABLE likes (
  post_id bigint NOT NULL,
  user_id bigint NOT NULL,
  id bigint NOT NULL,
  bucket smallint NOT NULL,
  PRIMARY KEY (post_id, user_id, bucket)
);
CREATE INDEX likes_by_time ON likes (post_id, id) INCLUDE (bucket, user_id);

CREATE TABLE reposts (
  post_id bigint NOT NULL,
  user_id bigint NOT NULL,
  id bigint NOT NULL,
  bucket smallint NOT NULL,
  PRIMARY KEY (post_id, user_id, bucket)
);
CREATE INDEX reposts_by_time ON reposts (post_id, id) INCLUDE (bucket, user_id);

-- The same by user, with bookmarks: all engagement of one user with one post is one row, so a page
-- of posts costs one lookup a post. A row without engagement is deleted.
CREATE TABLE responses (
  user_id bigint NOT NULL,
  post_id bigint NOT NULL,
  post_author_id bigint NOT NULL,
  like_id bigint,
  repost_id bigint,
  bookmark_id bigint,
  PRIMARY KEY (user_id, post_id)
);
CREATE INDEX responses_likes ON responses (user_id, like_id) WHERE like_id IS NOT NULL;
CREATE INDEX responses_reposts ON responses (user_id, repost_id)
  INCLUDE (post_id, post_author_id) WHERE repost_id IS NOT NULL;
CREATE INDEX responses_bookmarks ON responses (user_id, bookmark_id) WHERE bookmark_id IS NOT NULL;

-- migrate:down

DROP TABLE responses;
DROP TABLE reposts;
DROP TABLE likes;
DROP TABLE quotes;
DROP TABLE replies;
DROP TABLE post_states;
DROP TABLE post_revisions;
DROP TABLE posts;

-- The usage of hashtags, and trends.
--
-- The usage of a hashtag is exact for 7 days: `hashtag_uses` has a row for each hashtag of each post
-- that everyone may see, and the counts of `hashtags` and `hashtag_hours` are those of its rows. The
-- time of a post is that of its id, so ids select hours. An hour is a number: whole hours since the
-- epoch of ids, 2025-01-01.

-- migrate:up

-- What posts of the last 7 days contribute, or would if everyone might see them. Shard key: post_id.
CREATE TABLE hashtag_posts (
  post_id bigint PRIMARY KEY,
  author_id bigint NOT NULL,
  revision integer NOT NULL,
  -- Whether the post and its limits are public.
  public boolean NOT NULL,
  -- A deleted post keeps its row, without content, so that no late event restores it.
  deleted boolean NOT NULL,
  language text NOT NULL,
  tags text[] NOT NULL,
  -- The authors above a reply, and which of them were protected at the time of the reply.
  limit_author_ids bigint[] NOT NULL,
  limits_protected boolean[] NOT NULL
);
CREATE INDEX hashtag_posts_by_author ON hashtag_posts (author_id);
CREATE INDEX hashtag_posts_by_limit ON hashtag_posts USING gin (limit_author_ids)
  WHERE limit_author_ids <> '{}';

-- Accounts as far as they are known: their state decides what everyone may see. Shard key: user_id.
CREATE TABLE hashtag_accounts (
  user_id bigint PRIMARY KEY,
  update_time timestamptz NOT NULL,
  protected boolean NOT NULL,
  deleted boolean NOT NULL
);

-- Posts whose uses have to be compared with what they must be, after a change of an account that
-- decides many posts. Shard key: post_id.
CREATE TABLE hashtag_recounts (
  post_id bigint PRIMARY KEY
);

-- Shard key: tag.
CREATE TABLE hashtag_uses (
  author_id bigint NOT NULL,
  post_id bigint NOT NULL,
  tag text COLLATE "C" NOT NULL,
  -- Empty if it is unknown.
  language text COLLATE "C" NOT NULL,
  PRIMARY KEY (tag, author_id, post_id)
);
CREATE INDEX hashtag_uses_by_post ON hashtag_uses (post_id) INCLUDE (tag, author_id, language);

-- The counts of hashtag_uses by hashtag. A hashtag without uses has no row. Shard key: tag.
CREATE TABLE hashtags (
  posts_count bigint NOT NULL,
  authors_count bigint NOT NULL,
  tag text COLLATE "C" PRIMARY KEY
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
-- For prefixes of one, two and three signs: the most used first. Longer ones select few rows.
CREATE INDEX hashtags_by_1 ON hashtags (left(tag, 1), (-posts_count), tag);
CREATE INDEX hashtags_by_2 ON hashtags (left(tag, 2), (-posts_count), tag);
CREATE INDEX hashtags_by_3 ON hashtags (left(tag, 3), (-posts_count), tag);

-- The counts of hashtag_uses by hashtag and hour, kept for 2 days. Shard key: tag.
CREATE TABLE hashtag_hours (
  posts_count bigint NOT NULL,
  authors_count bigint NOT NULL,
  hour integer NOT NULL,
  tag text COLLATE "C" NOT NULL,
  PRIMARY KEY (tag, hour)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX hashtag_hours_by_hour ON hashtag_hours (hour);

-- Hashtags that operators hide. Reference table.
CREATE TABLE hidden_hashtags (
  create_time timestamptz NOT NULL,
  tag text COLLATE "C" PRIMARY KEY
);

-- Which accounts vouch for which younger ones. Shard key: followee_id.
CREATE TABLE hashtag_vouches (
  followee_id bigint NOT NULL,
  follower_id bigint NOT NULL,
  PRIMARY KEY (followee_id, follower_id)
);
CREATE INDEX hashtag_vouches_by_follower ON hashtag_vouches (follower_id, followee_id);

-- The distinct trusted authors of hours that have ended, by hashtag and language, for 5 weeks. The
-- language '' has posts of every language; the hashtag '' has the sum of all hashtags.
CREATE TABLE trusted_hours (
  authors integer NOT NULL,
  hour integer NOT NULL,
  tag text COLLATE "C" NOT NULL,
  language text COLLATE "C" NOT NULL,
  PRIMARY KEY (tag, language, hour)
);
CREATE INDEX trusted_hours_by_hour ON trusted_hours (hour);

-- Hashtags and hours of trusted_hours that have to be counted again.
CREATE TABLE changed_hours (
  hour integer NOT NULL,
  tag text COLLATE "C" NOT NULL,
  PRIMARY KEY (tag, hour)
);

-- The computation of trends: one row.
CREATE TABLE trend_computation (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  lease_end timestamptz NOT NULL,
  -- The hours from first_counted to last_counted were counted.
  first_counted integer,
  last_counted integer
);

-- The latest trends by language; '' has those of all.
CREATE TABLE trends (
  as_of timestamptz NOT NULL,
  language text COLLATE "C" PRIMARY KEY,
  list jsonb NOT NULL
);

-- migrate:down

DROP TABLE trends;
DROP TABLE trend_computation;
DROP TABLE changed_hours;
DROP TABLE trusted_hours;
DROP TABLE hashtag_vouches;
DROP TABLE hidden_hashtags;
DROP TABLE hashtag_hours;
DROP TABLE hashtags;
DROP TABLE hashtag_uses;
DROP TABLE hashtag_recounts;
DROP TABLE hashtag_accounts;
DROP TABLE hashtag_posts;

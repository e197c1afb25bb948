-- The index of users: their profiles as they are searched, and the words in the order of results.
--
-- Shard key: user_id. A search reads every shard.

-- migrate:up

CREATE TABLE users (
  user_id bigint PRIMARY KEY,
  -- Microseconds of the profile's update_time: an older version never replaces a newer one.
  version bigint NOT NULL,
  followers_count bigint NOT NULL,
  -- Users with more followers have a lower rank; see domain/users/model.py.
  rank smallint NOT NULL,
  -- A deleted account keeps its row, with no words, so that nothing brings it back.
  deleted boolean NOT NULL DEFAULT false,
  -- In lower case; empty for a deleted account.
  handle text COLLATE "C" NOT NULL,
  whole_name text COLLATE "C" NOT NULL,
  -- Each word behind a space: the handle and the words of the display name; the words of the bio.
  names text COLLATE "C" NOT NULL,
  bio text COLLATE "C" NOT NULL
);

CREATE INDEX users_by_handle ON users (handle) WHERE NOT deleted;

-- One row a word of a user. `kind` is the quality of what it matches (domain/users/model.py): 1 the
-- whole display name, 2 the handle or a word of the display name, 3 a word of the bio.
CREATE TABLE user_words (
  kind smallint NOT NULL,
  rank smallint NOT NULL,
  word text COLLATE "C" NOT NULL,
  user_id bigint NOT NULL,
  -- The order of results.
  PRIMARY KEY (kind, rank, word, user_id)
);

-- migrate:down

DROP TABLE user_words;
DROP TABLE users;

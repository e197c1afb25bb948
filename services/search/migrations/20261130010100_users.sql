-- The index of users: their profiles as they are searched, and the words in the order of results.
--
-- Shard key: user_id. A search asks every shard.

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
  handle text COLLATE "C" NOT NULL,
  whole_name text COLLATE "C" NOT NULL,
  name_words text[] COLLATE "C" NOT NULL,
  bio_words text[] COLLATE "C" NOT NULL
);

-- One row a word of a user. `kind`: 1 the whole handle or display name, 2 a beginning of words of
-- handle and display name, 3 a word of the bio.
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

-- The index of posts. Not distributed: an installation that outgrows one server uses OpenSearch.

-- migrate:up

-- Generations of the index. Queries read the live one; writes change the live and the building one.
-- A change of this table or of the segments locks it in EXCLUSIVE mode; writers of posts lock it in
-- ROW SHARE mode.
CREATE TABLE post_generations (
  number bigint PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('live', 'building', 'retired')),
  -- Whether every segment has its index.
  finished boolean NOT NULL
);
CREATE UNIQUE INDEX post_generations_state ON post_generations (state) WHERE state <> 'retired';
-- No number is drawn in this transaction: on a server with wal_level = minimal, a crash would return
-- the sequence to that number (PostgreSQL 18).
CREATE SEQUENCE post_generation_numbers START 2;

-- The segments of a generation: each has the ids from its first one up to the next segment's.
CREATE TABLE post_segments (
  generation bigint NOT NULL REFERENCES post_generations,
  number bigint NOT NULL,
  first_id bigint NOT NULL,
  -- The posts that were loaded into it, without those of live writes.
  loaded bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (generation, number),
  UNIQUE (generation, first_id)
);

-- The columns of posts_<generation>_<segment>. The table itself stays empty.
CREATE TABLE posts_template (
  post_id bigint PRIMARY KEY,
  author_id bigint NOT NULL,
  -- 2147483647 marks a deleted post: no write replaces it.
  revision integer NOT NULL,
  -- 0 for a deleted post.
  visibility smallint NOT NULL,
  language text NOT NULL,
  addressed bigint[] NOT NULL,
  -- The audiences above a reply, in MessagePack; NULL for none.
  limits bytea,
  -- Words with positions and terms without, made by Roost and not by to_tsvector; and `popular`,
  -- if the post has or had 100 likes or more.
  tokens tsvector NOT NULL,
  marks bytea NOT NULL
);
-- Tokens are read for each row that a query visits. A row with a usual text stays in one piece.
ALTER TABLE posts_template ALTER COLUMN tokens SET STORAGE MAIN;
ALTER TABLE posts_template ALTER COLUMN marks SET STORAGE EXTENDED;

-- For posts by many authors, such as those whom a user follows.
CREATE INDEX posts_template_author ON posts_template (author_id, post_id);

-- The columns of post_counts_<generation>_<segment>. Counts change often, so they are in a narrow
-- table without an index on them, whose rows are updated in place. Each post has a row; its counts
-- are NULL until they are known. Writers lock a row here before that of the post.
CREATE TABLE post_counts_template (
  post_id bigint PRIMARY KEY,
  likes bigint,
  reposts bigint,
  replies bigint,
  quotes bigint
);

-- Authors as their profiles are. One row for each user; an author without one has an open account.
CREATE TABLE accounts (
  user_id bigint PRIMARY KEY,
  version bigint NOT NULL,
  protected boolean NOT NULL,
  deleted boolean NOT NULL
);
-- Queries look up the authors of found posts here.
CREATE INDEX accounts_not_open ON accounts (user_id) INCLUDE (protected, deleted)
  WHERE protected OR deleted;

-- The statement that makes the index of tokens of a segment. A short list of pending entries keeps
-- reads fast.
CREATE FUNCTION post_tokens_index(generation bigint, number bigint, options text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT format(
    'CREATE INDEX %3$s posts_%1$s_%2$s_tokens ON posts_%1$s_%2$s USING gin (tokens)'
    ' WITH (fastupdate = on, gin_pending_list_limit = 512)', generation, number, options)
$$;

CREATE FUNCTION open_post_segment(
  generation bigint, number bigint, first_id bigint, indexed boolean
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO post_segments VALUES (generation, number, first_id);
  EXECUTE format('CREATE TABLE posts_%s_%s (LIKE posts_template INCLUDING ALL)', generation, number);
  EXECUTE format(
    'CREATE TABLE post_counts_%s_%s (LIKE post_counts_template INCLUDING ALL)'
    ' WITH (fillfactor = 80)', generation, number);
  IF indexed THEN
    EXECUTE post_tokens_index(generation, number, '');
  END IF;
END
$$;

-- Opens a segment for the ids from first_id on, and moves those that are in the newest one.
CREATE FUNCTION split_post_segment(of_generation bigint, from_id bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
  newest bigint;
  indexed boolean;
  name text;
BEGIN
  SELECT max(s.number) INTO newest FROM post_segments s WHERE s.generation = of_generation;
  SELECT g.finished INTO indexed FROM post_generations g WHERE g.number = of_generation;
  PERFORM open_post_segment(of_generation, newest + 1, from_id, indexed);
  FOREACH name IN ARRAY ARRAY['posts', 'post_counts'] LOOP
    EXECUTE format(
      'WITH moved AS (DELETE FROM %1$s_%2$s_%3$s WHERE post_id >= $1 RETURNING *)'
      ' INSERT INTO %1$s_%2$s_%4$s SELECT * FROM moved',
      name, of_generation, newest, newest + 1) USING from_id;
  END LOOP;
END
$$;

INSERT INTO post_generations VALUES (1, 'live', true);
SELECT open_post_segment(1, 1, 0, true);

-- migrate:down

DO $$
DECLARE
  segment record;
BEGIN
  FOR segment IN SELECT generation, number FROM post_segments LOOP
    EXECUTE format('DROP TABLE posts_%1$s_%2$s, post_counts_%1$s_%2$s',
      segment.generation, segment.number);
  END LOOP;
END
$$;
DROP FUNCTION split_post_segment;
DROP FUNCTION open_post_segment;
DROP FUNCTION post_tokens_index;
DROP TABLE accounts;
DROP TABLE post_counts_template;
DROP TABLE posts_template;
DROP TABLE post_segments;
DROP SEQUENCE post_generation_numbers;
DROP TABLE post_generations;

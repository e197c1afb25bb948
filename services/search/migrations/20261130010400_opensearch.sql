-- The generations of the index of posts in OpenSearch. Unused where PostgreSQL finds the posts.

-- migrate:up

-- As post_generations: queries read the live one, writes change the live and the building one. Each
-- is an index of OpenSearch, named by its number. Numbers after the first come from
-- post_generation_numbers, as rebuilds are named by them.
CREATE TABLE opensearch_generations (
  number bigint PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('live', 'building', 'retired')),
  -- Whether every post was loaded.
  finished boolean NOT NULL
);
CREATE UNIQUE INDEX opensearch_generations_state ON opensearch_generations (state)
  WHERE state <> 'retired';

INSERT INTO opensearch_generations VALUES (1, 'live', true);

-- migrate:down

DROP TABLE opensearch_generations;

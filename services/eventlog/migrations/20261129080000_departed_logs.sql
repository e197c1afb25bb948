-- Deleted accounts, until their logs are deleted permanently.

-- migrate:up

-- Not distributed: few rows, each for some days.
CREATE TABLE departed_logs (
  user_id bigint PRIMARY KEY,
  left_time timestamptz NOT NULL
);
INSERT INTO departed_logs (user_id, left_time) SELECT user_id, gone_time FROM gone_people;

-- migrate:down

DROP TABLE departed_logs;

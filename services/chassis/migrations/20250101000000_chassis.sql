-- The tables that the chassis needs in the database of every service. See README.md here.
-- None is distributed on Citus: they are small, short-lived, and belong to the coordinator.

-- migrate:up

CREATE TABLE outbox (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id uuid NOT NULL,
  topic text NOT NULL,
  key text NOT NULL,
  type text NOT NULL,
  payload bytea NOT NULL,
  traceparent text,
  create_time timestamptz NOT NULL
) WITH (
  -- A queue: nearly every row is dead soon, and the relay reads from the front of the index.
  autovacuum_vacuum_scale_factor = 0,
  autovacuum_vacuum_threshold = 2000
);

CREATE TABLE inbox (
  consumer text NOT NULL,
  event_id uuid NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (consumer, event_id)
);
-- Rows arrive in the order of time, so a few pages of BRIN do for the pruning.
CREATE INDEX inbox_create_time ON inbox USING brin (create_time) WITH (pages_per_range = 16);

CREATE TABLE idempotency_records (
  caller_id text NOT NULL,
  request_id text NOT NULL,
  fingerprint bytea NOT NULL,
  response bytea NOT NULL,
  create_time timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (caller_id, request_id)
);
CREATE INDEX idempotency_records_create_time
  ON idempotency_records USING brin (create_time) WITH (pages_per_range = 16);

CREATE TABLE worker_leases (
  worker smallint PRIMARY KEY CHECK (worker BETWEEN 0 AND 63),
  -- Who makes ids with this number; null while nobody does.
  holder uuid,
  -- By this database's clock; after it, anybody may take the number.
  expire_time timestamptz NOT NULL DEFAULT '-infinity',
  -- Milliseconds since the epoch of ids, by the holder's clock: no id at or before it is free.
  used_until bigint NOT NULL DEFAULT 0
);
INSERT INTO worker_leases (worker) SELECT generate_series(0, 63);

-- migrate:down

DROP TABLE worker_leases;
DROP TABLE idempotency_records;
DROP TABLE inbox;
DROP TABLE outbox;

-- Events that the broker will never take. See README.md here.

-- migrate:up

CREATE TABLE outbox_refused (
  id bigint PRIMARY KEY,
  event_id uuid NOT NULL,
  topic text NOT NULL,
  key text NOT NULL,
  type text NOT NULL,
  payload bytea NOT NULL,
  traceparent text,
  create_time timestamptz NOT NULL,
  reason text NOT NULL,
  refuse_time timestamptz NOT NULL DEFAULT now()
);

-- migrate:down

DROP TABLE outbox_refused;

-- Notifications outside the app: devices, mail addresses, and what is due to them.

-- migrate:up

-- Devices that take pushed messages. Shard key: user_id.
CREATE TABLE push_subscriptions (
  user_id bigint NOT NULL,
  id bigint NOT NULL,
  session_id bigint NOT NULL,
  endpoint text NOT NULL,
  device_key bytea NOT NULL,
  device_secret bytea NOT NULL,
  create_time timestamptz NOT NULL,
  expire_time timestamptz NOT NULL,
  PRIMARY KEY (user_id, id),
  UNIQUE (user_id, endpoint)
);

-- Shard key: user_id.
CREATE TABLE mail_addresses (
  user_id bigint PRIMARY KEY,
  address text NOT NULL,
  confirmed boolean NOT NULL,
  -- While a code is awaited. The code itself is nowhere: it follows from these and a secret.
  code_nonce bytea NOT NULL,
  code_expire_time timestamptz,
  wrong_codes smallint NOT NULL
);

-- Codes of the last hour, so that nobody's mailbox is flooded. Not distributed: counted by person
-- and by address.
CREATE TABLE mailed_codes (
  user_id bigint NOT NULL,
  address text NOT NULL,
  create_time timestamptz NOT NULL
);
CREATE INDEX mailed_codes_user ON mailed_codes (user_id, create_time);
CREATE INDEX mailed_codes_address ON mailed_codes (address, create_time);

-- Sessions that ended a moment ago, whose last calls may still be under way. Shard key: user_id.
CREATE TABLE ended_sessions (
  user_id bigint NOT NULL,
  session_id bigint NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (user_id, session_id)
);

-- What is due, and the record of what went out. Not distributed: workers ask for it by time.
CREATE TABLE deliveries (
  user_id bigint NOT NULL,
  channel text NOT NULL CHECK (channel IN ('push', 'code', 'digest')),
  -- Of the push subscription; 0 for mail.
  device_id bigint NOT NULL,
  topic text NOT NULL,
  version bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('due', 'sent', 'moot', 'failed')),
  -- While a worker has it: when its lease ends.
  due_time timestamptz NOT NULL,
  attempts smallint NOT NULL,
  -- A status, or the name of a failure.
  last_answer text NOT NULL,
  start_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  PRIMARY KEY (user_id, channel, device_id, topic)
) WITH (
  -- A queue: every row is written several times within seconds.
  fillfactor = 70,
  autovacuum_vacuum_scale_factor = 0.02
);
CREATE INDEX deliveries_due ON deliveries (due_time) WHERE state = 'due';
CREATE INDEX deliveries_old ON deliveries (update_time) WHERE state <> 'due';

-- migrate:down

DROP TABLE deliveries;
DROP TABLE ended_sessions;
DROP TABLE mailed_codes;
DROP TABLE mail_addresses;
DROP TABLE push_subscriptions;

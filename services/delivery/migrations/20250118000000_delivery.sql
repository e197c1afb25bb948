-- Devices, email addresses, and the messages that are due to them.

-- migrate:up

-- Devices that receive push messages. Shard key: user_id.
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
  -- While a code is pending. The code is not stored: it is derived from these and a secret.
  code_nonce bytea NOT NULL,
  code_expire_time timestamptz,
  wrong_codes smallint NOT NULL
);

-- Codes of the last hour, to limit emails to a mailbox. Not distributed: counted by user and by
-- address.
CREATE TABLE mailed_codes (
  user_id bigint NOT NULL,
  address text NOT NULL,
  create_time timestamptz NOT NULL
);
CREATE INDEX mailed_codes_user ON mailed_codes (user_id, create_time);
CREATE INDEX mailed_codes_address ON mailed_codes (address, create_time);

-- Sessions that have just ended, whose last calls may still run. Shard key: user_id.
CREATE TABLE ended_sessions (
  user_id bigint NOT NULL,
  session_id bigint NOT NULL,
  create_time timestamptz NOT NULL,
  PRIMARY KEY (user_id, session_id)
);

-- Due messages, and the results of sent ones. Not distributed: workers query it by time.
CREATE TABLE deliveries (
  user_id bigint NOT NULL,
  channel text NOT NULL CHECK (channel IN ('push', 'code', 'digest')),
  -- The id of the push subscription; 0 for email.
  device_id bigint NOT NULL,
  topic text NOT NULL,
  version bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('due', 'sent', 'moot', 'failed')),
  -- While a worker holds it: the end of the lease.
  due_time timestamptz NOT NULL,
  attempts smallint NOT NULL,
  -- A status, or the name of a failure.
  last_answer text NOT NULL,
  start_time timestamptz NOT NULL,
  update_time timestamptz NOT NULL,
  PRIMARY KEY (user_id, channel, device_id, topic)
) WITH (
  -- A queue: every row is updated several times within seconds.
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

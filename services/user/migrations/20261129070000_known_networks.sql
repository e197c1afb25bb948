-- migrate:up

-- Shard key: user_id. From where somebody has proved the account's password: attempts from there are
-- not slowed down by those of others. Addresses are not kept, only a keyed hash of account and network.
CREATE TABLE known_networks (
  user_id bigint NOT NULL,
  network_hash bytea NOT NULL,
  last_used_time timestamptz NOT NULL,
  PRIMARY KEY (user_id, network_hash)
);
CREATE INDEX known_networks_last_used_time ON known_networks (last_used_time);

-- migrate:down

DROP TABLE known_networks;

-- migrate:up

-- Shard key: user_id. The networks from which the account's password was proved: attempts from there
-- are not slowed down by others. Addresses are not stored, only a keyed hash of account and network.
CREATE TABLE known_networks (
  user_id bigint NOT NULL,
  network_hash bytea NOT NULL,
  last_used_time timestamptz NOT NULL,
  PRIMARY KEY (user_id, network_hash)
);
CREATE INDEX known_networks_last_used_time ON known_networks (last_used_time);

-- migrate:down

DROP TABLE known_networks;

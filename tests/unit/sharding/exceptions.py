EVERY_SHARD: dict[str, str] = {}
COMPOSED: dict[str, str] = {}

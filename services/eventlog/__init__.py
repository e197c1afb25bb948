"""The event log: what concerns each user, in a sequence without holes."""

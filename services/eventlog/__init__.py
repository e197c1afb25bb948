"""The per-user event log: what happened to each person, in a sequence without holes."""

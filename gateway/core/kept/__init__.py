"""Pages that a process keeps, and sends again once it is proved that nothing on them changed."""

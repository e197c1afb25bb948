"""REST: how requests are read and answered, for every version."""

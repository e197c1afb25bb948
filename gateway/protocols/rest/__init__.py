"""REST: how requests are read and answered, whatever the version."""

"""The home and the public timeline."""

"""Changes that are more than one call filled in, for any protocol."""

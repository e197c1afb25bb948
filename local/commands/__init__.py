"""The commands of `roost`, one module a subject; each registers its own."""

"""Posts and their conversations."""

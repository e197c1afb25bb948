"""Hostile input against one stack; a package, so that the stack ends with the last of its tests."""

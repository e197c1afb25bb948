"""Whole stacks; a package, so that the shared stack ends with the last of its tests."""

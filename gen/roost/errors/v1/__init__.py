"""Generated from protos/: package roost.errors.v1."""

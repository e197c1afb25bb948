"""Generated from protos/: package roost.user.v1."""

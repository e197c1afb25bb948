"""Generated from protos/: package roost.rules.v1."""

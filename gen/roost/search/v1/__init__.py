"""Generated from protos/: package roost.search.v1."""

"""Generated from protos/: package roost.post."""

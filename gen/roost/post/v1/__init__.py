"""Generated from protos/: package roost.post.v1."""

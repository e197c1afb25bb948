"""Generated from protos/: package roost.media.v1."""

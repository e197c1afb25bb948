"""Generated from protos/: package roost.timeline.v1."""

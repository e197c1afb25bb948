"""Generated from protos/: package roost.timeline."""

"""Generated from protos/: package roost.rules."""

"""Generated from protos/: package roost.user."""

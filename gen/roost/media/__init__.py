"""Generated from protos/: package roost.media."""

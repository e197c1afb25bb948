"""Generated from protos/: package roost."""

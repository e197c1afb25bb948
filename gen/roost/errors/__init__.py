"""Generated from protos/: package roost.errors."""

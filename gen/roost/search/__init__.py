"""Generated from protos/: package roost.search."""

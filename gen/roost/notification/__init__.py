"""Generated from protos/: package roost.notification."""

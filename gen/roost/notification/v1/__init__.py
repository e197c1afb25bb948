"""Generated from protos/: package roost.notification.v1."""

"""Generated from protos/: package buf.validate."""

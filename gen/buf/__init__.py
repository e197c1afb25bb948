"""Generated from protos/: package buf."""

"""One module a part of the stack: how it is prepared, run, and known to be ready."""

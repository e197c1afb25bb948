"""The one-machine stack: starts and supervises every part of Roost, from wheels alone."""

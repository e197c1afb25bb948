"""The web client: its build in memory, the pages around it, and the headers that protect it."""

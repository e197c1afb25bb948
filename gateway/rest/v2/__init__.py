"""Version 2: text in segments, which need no counting. All else is as in version 1."""

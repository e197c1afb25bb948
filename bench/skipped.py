"""A scenario that cannot run on this machine."""

from __future__ import annotations


class Skipped(Exception):
    """The scenario is not run; the message is the reason, a sentence."""

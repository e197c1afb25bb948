"""The settings of the Post service: those of every service."""

from services.chassis.runtime.settings import RelaySettings


class PostSettings(RelaySettings):
    """Adds nothing to `RelaySettings`."""

"""The settings of the Post service: those of every service."""

from services.chassis.runtime.settings import RelaySettings, ReplicaSettings


class PostSettings(RelaySettings, ReplicaSettings):
    """Adds nothing to `RelaySettings` and `ReplicaSettings`."""

"""The settings of the Post service: those of every service."""

from services.chassis.runtime.settings import ReplicaSettings


class PostSettings(ReplicaSettings):
    """Adds nothing to `ReplicaSettings`."""

"""The settings of the Post service: those of every service."""

from services.chassis.runtime.settings import ServiceSettings


class PostSettings(ServiceSettings):
    """Adds nothing to `ServiceSettings`."""

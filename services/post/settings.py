"""What the processes of the Post service are told: what every service is, and nothing more."""

from services.chassis.runtime.settings import ServiceSettings


class PostSettings(ServiceSettings):
    """The settings of a service."""

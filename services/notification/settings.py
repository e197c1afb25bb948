"""What the processes of the Notification service are told: what every service is."""

from services.chassis.settings import ServiceSettings


class NotificationSettings(ServiceSettings):
    """The settings of a service."""

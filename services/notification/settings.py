"""The environment of the processes that serve notifications, deliveries and the event log."""

from services.delivery.settings import DeliverySettings


class NotificationSettings(DeliverySettings):
    """Notifications and the event log have no variables of their own."""

"""Notifications in PostgreSQL."""

from services.notification.adapters.postgres.store import PostgresNotificationStore

__all__ = ["PostgresNotificationStore"]

"""Notifications in PostgreSQL."""

from services.notification.store_postgres.store import PostgresNotificationStore

__all__ = ["PostgresNotificationStore"]

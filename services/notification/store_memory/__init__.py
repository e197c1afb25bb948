"""Notifications in memory, for tests of everything above the store."""

from services.notification.store_memory.store import MemoryNotificationStore

__all__ = ["MemoryNotificationStore"]

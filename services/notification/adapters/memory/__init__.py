"""Notifications in memory, for tests of everything above the store."""

from services.notification.adapters.memory.store import MemoryNotificationStore

__all__ = ["MemoryNotificationStore"]

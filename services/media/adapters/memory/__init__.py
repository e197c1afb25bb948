"""The in-memory store, for tests of everything above the store."""

from services.media.adapters.memory.store import MemoryMediaStore

__all__ = ["MemoryMediaStore"]

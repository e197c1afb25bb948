"""The in-memory store, for tests of everything above the store."""

from services.post.adapters.memory.store import MemoryStore

__all__ = ["MemoryStore"]

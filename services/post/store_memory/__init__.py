"""Posts in memory, for tests of everything above the store."""

from services.post.store_memory.store import MemoryStore

__all__ = ["MemoryStore"]

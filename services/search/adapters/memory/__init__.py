"""The indexes in memory, for tests of everything above the store."""

from services.search.adapters.memory.post_index import MemoryPostIndex
from services.search.adapters.memory.store import MemorySearchStore, tables_of

__all__ = ["MemoryPostIndex", "MemorySearchStore", "tables_of"]

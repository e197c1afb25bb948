"""The indexes in memory, for tests of everything above the store."""

from services.search.adapters.memory.store import MemorySearchStore, tables_of

__all__ = ["MemorySearchStore", "tables_of"]

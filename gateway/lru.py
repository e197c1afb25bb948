"""Remembers what pure functions gave, for as long as it is asked for."""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class LRUCache(Generic[K, V]):
    """A bounded memory in two generations: what was not asked for while the young one filled up is
    forgotten with the old one. It costs a lookup or two, and no order is kept."""

    def __init__(self, size: int) -> None:
        """Holds between `size` and twice as many."""
        self._size = size
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        """What is remembered, or None."""
        value = self._young.get(key)
        if value is None:
            value = self._old.get(key)
            if value is not None:
                self.put(key, value)
        return value

    def put(self, key: K, value: V) -> None:
        """Remembers a value."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, {}
        self._young[key] = value

"""The division of an outbox into slices, each of which one relay publishes.

A slice has an equal part of the hashes that Citus distributes rows by, so it is a set of whole
shards where there are at least as many shards. The rows of one shard key, and with them those of
one event key, are in one slice. The number of slices is a power of two: then a slice of one
division contains, equals or does not touch a slice of another one.
"""

from __future__ import annotations

from dataclasses import dataclass

_LOWEST_HASH = -(1 << 31)
_HASHES = 1 << 32


@dataclass(frozen=True, order=True, slots=True)
class Slice:
    """The slice with a number, from 0, among so many."""

    number: int
    count: int

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole outbox."""
        return self.count == 1

    @property
    def hashes(self) -> tuple[int, int]:
        """The lowest and the highest hash of its shard keys."""
        width = _HASHES // self.count
        lowest = _LOWEST_HASH + self.number * width
        return lowest, lowest + width - 1

    @property
    def node(self) -> int:
        """Its place in the binary tree of all slices: 1 is the whole outbox, and 2n and 2n + 1 are
        the halves of n."""
        return self.count + self.number

    @property
    def ancestors(self) -> tuple[int, ...]:
        """The nodes that contain it."""
        return tuple(self.node >> level for level in range(1, self.node.bit_length()))


def slices_of(count: int) -> tuple[Slice, ...]:
    """All slices of a division: `count` is one of SLICE_COUNTS."""
    return tuple(Slice(number, count) for number in range(count))

"""The dependencies that changed lately."""

from collections import OrderedDict
from collections.abc import Iterable

# About 200 bytes each. A page that was last proved before the oldest of them is read again.
MOST = 50_000


class Changes:
    """Remembers the last changes, numbered in the order in which services reported them.

    A response that was read while `sequence` was n is current until `affect` says otherwise. It
    needs no index of responses: a response whose dependencies changed is found out when it is
    wanted, and a change costs the same however many responses it makes stale.
    """

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        # By dependency the number of its last change, in that order.
        self._latest: OrderedDict[int, int] = OrderedDict()
        # Changes up to this number may be unknown.
        self._floor = 0
        self.sequence = 0

    def add(self, dependencies: Iterable[int]) -> None:
        """Applies what one response of a service reports."""
        self.sequence += 1
        latest = self._latest
        for each in dependencies:
            latest[each] = self.sequence
            latest.move_to_end(each)
        while len(latest) > self._most:
            _, self._floor = latest.popitem(last=False)

    def lose(self) -> None:
        """Anything may have changed, unnoticed."""
        self.sequence += 1
        self._floor = self.sequence
        self._latest.clear()

    def affect(self, dependencies: Iterable[int], since: int) -> bool:
        """Whether one of these may have changed after `sequence` was `since`."""
        if since < self._floor:
            return True
        if since == self.sequence or self._latest.keys().isdisjoint(dependencies):
            return False
        return any(self._latest.get(each, 0) > since for each in dependencies)

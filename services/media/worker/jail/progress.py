"""Reports of how much of a recording is processed."""

from collections.abc import Callable
from fractions import Fraction

# Percents between two reports.
_STEP = 2
# The last percents are for what follows decoding.
_LAST = 95


class Progress:
    """Reports percents of a duration, if it is known."""

    def __init__(self, report: Callable[[int], None], duration: Fraction | None) -> None:
        self._report = report
        self._duration = duration
        self._reported = 0

    def reach(self, time: Fraction) -> None:
        """Report the time if it is far enough beyond the last report."""
        if not self._duration:
            return
        percent = min(_LAST, int(time * 100 / self._duration))
        if percent >= self._reported + _STEP:
            self._reported = percent
            self._report(percent)

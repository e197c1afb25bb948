"""Merging pages of several feeds into one page of which nothing is missing."""

from collections.abc import Sequence

from services.timeline.domain.feeds import Reading
from services.timeline.domain.model import Entry


def merged(readings: Sequence[Reading], *, before: int, limit: int) -> tuple[list[Entry], bool]:
    """The newest entries of all readings together, each once; whether that is all there is.

    Every reading is of the entries below `before`, up to `limit`. One that ends early without
    being exhausted knows nothing of what lies below its last entry, so the merged page ends
    there too: at most `limit` entries, fewer if nothing more is known for certain.
    """
    floor = 0
    for reading in readings:
        if not reading.exhausted and len(reading.entries) < limit:
            known_down_to = reading.entries[-1].entry_id if reading.entries else before
            floor = max(floor, known_down_to)
    together = {
        entry for reading in readings for entry in reading.entries if entry.entry_id >= floor
    }
    newest = sorted(together, reverse=True)
    exhausted = floor == 0 and len(newest) <= limit and all(each.exhausted for each in readings)
    return newest[:limit], exhausted

"""Which hashtags trend: those that more trusted authors use than their own past lets expect.

docs/trends.md explains the formula. Nothing here reads a store or a clock.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.search.domain.hashtags.model import (
    HOUR,
    MAX_TRENDS,
    CountedHours,
    Measure,
    hour_at,
    start_of,
)

# About the number of standard deviations above what is expected: the lowest at which the simulation
# lists neither raids nor habits (tests/unit/search/hashtags/test_simulation.py).
THRESHOLD = 5.0
# Fewer authors within the last hour are no trend. They do not reach the threshold even where
# nothing is expected.
MIN_AUTHORS = 10

_DAY = 24
_WEEK = 7 * _DAY
# How many past weeks count.
WEEKS = 5
# How much of the past the counts of trusted authors must cover.
KEPT = timedelta(hours=WEEKS * _WEEK + _DAY)
# The half-life of the moving average.
_HALF_LIFE = 3 * _DAY
# Older hours have less than 4 % of the weight.
_AVERAGED = 14 * _DAY
# The part of yesterday's authors that is expected again: a trend of yesterday is no news.
_YESTERDAY = 0.5
# Added to the variance: chance has more effect on small numbers.
_VARIANCE = 4
# The days from which the shape of a day is made.
_SHAPED_DAYS = 7

# Trusted authors by hour; a missing hour had none.
Past = Mapping[int, int]


class Known(NamedTuple):
    """The past that is the same for all hashtags of a language."""

    # The hours that were counted. None in an installation that is younger than an hour.
    hours: CountedHours | None
    # For each hour of the day, UTC, how busy it is compared with the mean of the day.
    shape: Sequence[float]


class Ranked(NamedTuple):
    """A hashtag that trends."""

    tag: str
    measure: Measure


def shape_of(total: Past, hours: CountedHours | None) -> list[float]:
    """How busy each hour of the day is, from the sum of all hashtags in whole days: 1.0 for all
    hours while less than a day was counted."""
    days = 0 if hours is None else min((hours.last - hours.first + 1) // _DAY, _SHAPED_DAYS)
    if hours is None or days == 0:
        return [1.0] * _DAY
    sums = [0.0] * _DAY
    for hour in range(hours.last - days * _DAY + 1, hours.last + 1):
        sums[hour % _DAY] += total.get(hour, 0)
    # One more author an hour, so that a quiet installation has no steep shape.
    mean = sum(sums) / _DAY / days + 1
    return [(each / days + 1) / mean for each in sums]


def expected_at(moment: datetime, past: Past, known: Known) -> float:
    """How many trusted authors the hour that ends at the moment should have.

    That hour lies within two clock hours; what is expected of both is weighted by their parts. Only
    hours that ended before it count as past.
    """
    hour = hour_at(moment)
    part = (moment - start_of(hour)) / HOUR
    if known.hours is None:
        return 0.0
    # The clock hour before the running one belongs to the observed hour.
    before = CountedHours(known.hours.first, min(known.hours.last, hour - 2))
    if before.last < before.first:
        return 0.0
    average = _average(past, before)

    def expected(each: int) -> float:
        weeks = [
            past.get(each - weeks * _WEEK, 0)
            for weeks in range(1, WEEKS + 1)
            if each - weeks * _WEEK >= before.first
        ]
        same_hour = sum(weeks) / len(weeks) if weeks else 0.0
        shaped = average * known.shape[each % _DAY]
        return max(same_hour, shaped, _YESTERDAY * past.get(each - _DAY, 0))

    return (1 - part) * expected(hour - 1) + part * expected(hour)


def measure_of(observed: int, expected: float) -> Measure:
    """The measure of a hashtag with so many trusted authors in the last hour."""
    score = (observed - expected) / math.sqrt(expected + _VARIANCE)
    return Measure(score, observed, expected)


def rank(measures: Iterable[tuple[str, Measure]]) -> list[Ranked]:
    """The hashtags that trend, strongest first."""
    found = [
        Ranked(tag, measure)
        for tag, measure in measures
        if measure.observed >= MIN_AUTHORS and measure.score >= THRESHOLD
    ]
    return sorted(found, key=lambda each: (-each.measure.score, each.tag))[:MAX_TRENDS]


def _average(past: Past, hours: CountedHours) -> float:
    """The exponentially weighted moving average up to the last of the hours."""
    first = max(hours.first, hours.last - _AVERAGED + 1)
    decay = math.pow(0.5, 1 / _HALF_LIFE)
    weights = (1 - math.pow(decay, hours.last - first + 1)) / (1 - decay)
    total = sum(
        authors * math.pow(decay, hours.last - hour)
        for hour, authors in past.items()
        if first <= hour <= hours.last
    )
    return total / weights

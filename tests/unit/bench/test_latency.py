"""Quantiles of what was measured."""

import math

import pytest

from bench.latency import Latency, quantile


def test_a_quantile_is_a_value_that_was_seen() -> None:
    ordered = [1.0, 2.0, 3.0, 100.0]

    assert quantile(ordered, 0.5) == 2.0
    assert quantile(ordered, 0.99) == 100.0


def test_the_first_and_the_last_quantile_are_the_ends() -> None:
    ordered = [5.0, 6.0, 7.0]

    assert quantile(ordered, 0.0) == 5.0
    assert quantile(ordered, 1.0) == 7.0


@pytest.mark.parametrize(("q", "expected"), [(0.50, 50), (0.90, 90), (0.99, 99), (1.0, 100)])
def test_of_a_hundred_values_a_percentile_is_the_one_of_that_rank(q: float, expected: int) -> None:
    ordered = [float(each) for each in range(1, 101)]

    assert quantile(ordered, q) == expected


def test_of_nothing_there_is_no_quantile() -> None:
    assert math.isnan(quantile([], 0.5))


def test_latencies_are_summed_up_in_milliseconds_whatever_their_order() -> None:
    seconds = [0.003, 0.001, 0.002, 0.010]

    took = Latency.of(seconds)

    assert took.count == 4
    assert took.p50 == pytest.approx(2)
    assert took.worst == pytest.approx(10)
    assert took.mean == pytest.approx(4)


def test_no_answers_have_no_latency() -> None:
    took = Latency.of([])

    assert took.count == 0
    assert math.isnan(took.p99)

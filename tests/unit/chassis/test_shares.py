"""A gauge of several owners shows one value of all of them."""

import gc
from collections.abc import Callable, Iterable

import pytest
from prometheus_client import CollectorRegistry, Gauge

from services.chassis.runtime.shares import SharedGauge

Shown = Callable[[], float | None]


def made(combine: Callable[[Iterable[float]], float]) -> tuple[SharedGauge, Shown]:
    registry = CollectorRegistry()
    shared = SharedGauge(Gauge("open", "Open circuits", registry=registry), combine)
    return shared, lambda: registry.get_sample_value("open")


def test_without_an_owner_it_shows_zero() -> None:
    _, shown = made(max)

    assert shown() == 0


@pytest.mark.parametrize(("combine", "combined"), [(max, 3), (min, 1)])
def test_several_owners_have_a_value_each(
    combine: Callable[[Iterable[float]], float], combined: float
) -> None:
    shared, shown = made(combine)
    one, other = shared.share(), shared.share()

    one.set(1)
    other.set(3)

    assert shown() == combined


def test_an_owner_that_is_gone_has_no_value() -> None:
    shared, shown = made(max)
    one, other = shared.share(), shared.share()
    one.set(1)
    other.set(3)

    del other
    gc.collect()

    assert shown() == 1


def test_a_value_is_shown_for_the_length_of_a_block_and_read_at_the_scrape() -> None:
    shared, shown = made(min)
    values = [7.0, 8.0]

    with shared.showing(lambda: values[0]):
        first = shown()
        del values[0]
        second = shown()

    assert (first, second, shown()) == (7, 8, 0)


def test_a_block_that_fails_shows_nothing_any_more() -> None:
    shared, shown = made(max)

    def fail() -> None:
        with shared.showing(lambda: 7.0):
            raise LookupError

    with pytest.raises(LookupError):
        fail()

    assert shown() == 0

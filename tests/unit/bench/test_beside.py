"""Homes beside writes against those without."""

import pytest

from bench.scenarios.beside import shares


def test_a_rate_is_compared_with_those_around_it() -> None:
    assert shares([100.0, 300.0, 500.0], [100.0, 200.0]) == pytest.approx([0.5, 0.5])


def test_each_rate_has_one_before_and_one_after() -> None:
    with pytest.raises(ValueError, match="zip"):
        shares([100.0, 300.0], [100.0, 200.0])

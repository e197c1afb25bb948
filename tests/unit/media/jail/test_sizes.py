"""The sizes of a picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.media.worker.jail.sizes import fit, sizes_of

side = st.integers(1, 65_500)


@pytest.mark.parametrize(
    ("longest", "names"),
    [
        (1, ["thumb"]),
        (320, ["thumb"]),
        (321, ["thumb", "small"]),
        (960, ["thumb", "small"]),
        (961, ["thumb", "small", "large"]),
        (65_500, ["thumb", "small", "large"]),
    ],
)
def test_the_last_size_is_the_first_that_holds_the_picture(longest: int, names: list[str]) -> None:
    assert [size.name for size in sizes_of(longest, 1)] == names
    assert [size.name for size in sizes_of(1, longest)] == names


@given(side, side, st.sampled_from([320, 960, 2_048]))
def test_a_picture_fits_keeps_its_proportions_and_is_never_enlarged(
    width: int, height: int, limit: int
) -> None:
    fitted = fit(width, height, limit)

    assert min(fitted) >= 1
    assert max(fitted) <= max(limit, 1)
    assert fitted[0] <= width
    assert fitted[1] <= height
    scale = min(1, limit / max(width, height))
    assert abs(fitted[0] - max(1, width * scale)) <= 0.5
    assert abs(fitted[1] - max(1, height * scale)) <= 0.5

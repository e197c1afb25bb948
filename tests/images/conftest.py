"""The images, built once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.images import engine


@pytest.fixture(scope="session")
def images() -> Iterator[None]:
    if reason := engine.missing():
        pytest.skip(reason)
    engine.build()
    try:
        yield
    finally:
        engine.clean()

"""What every test may ask for."""

from __future__ import annotations

import pytest

from tests.engines import (
    _topic_numbers,
    database,
    empty_database,
    engines,
    kafka,
    postgres,
    s3,
    topic,
    valkey,
)

__all__ = [
    "_topic_numbers",
    "database",
    "empty_database",
    "engines",
    "kafka",
    "postgres",
    "s3",
    "topic",
    "valkey",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that start an engine, so that ``-m "not engines"`` leaves them out."""
    for item in items:
        if "engines" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.engines)

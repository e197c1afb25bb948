"""Fixtures of all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator

import hypothesis
import pytest
from structlog.dev import ConsoleRenderer, plain_traceback
from xdist.remote import Producer

from tests.citus import CITUS_SETTING
from tests.engines import (
    _topic_numbers,
    database,
    empty_database,
    engines,
    kafka,
    opensearch,
    postgres,
    running_cluster,
    s3,
    topic,
    valkey,
    valkey_cluster,
    valkey_servers,
)
from tests.replication import patient_replica, replication, running_replication
from tests.scheduling import FileScheduling

__all__ = [
    "_topic_numbers",
    "database",
    "empty_database",
    "engines",
    "kafka",
    "opensearch",
    "patient_replica",
    "postgres",
    "replication",
    "running_cluster",
    "running_replication",
    "s3",
    "topic",
    "valkey",
    "valkey_cluster",
    "valkey_servers",
]

# Formatting a traceback with the values of its frames takes 0.2 s, and no test reads it.
ConsoleRenderer.get_active().exception_formatter = plain_traceback

# An example may take long on a busy machine.
hypothesis.settings.register_profile("without deadline", deadline=None)
hypothesis.settings.load_profile("without deadline")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keeps the garbage collector from modules and tests. They are a million objects that stay, and
    looking at them took half of the CPU of the gateway's tests."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the tests that start an engine, so that `-m "not engines"` excludes them. Skips those
    that are marked `one_postgres(reason)` if others use Citus."""
    citus = os.environ.get(CITUS_SETTING)
    for item in items:
        marker = item.get_closest_marker("one_postgres")
        if citus and marker is not None:
            item.add_marker(pytest.mark.skip(reason=f"needs one PostgreSQL: {marker.args[0]}"))
        if "engines" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.engines)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling:
    """Divides a run with several workers by files."""
    config.option.loadscopereorder = False
    return FileScheduling(config, log)

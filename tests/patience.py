"""Long time limits for tests that are not about limits.

A busy machine takes seconds for what takes milliseconds elsewhere. The conftest.py of a folder
imports `patience`, which raises the limits for each of its tests. A test of a limit sets one of
less than half a second, or has the marker `product_limits`.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.chassis.cache import cache_aside, redis_client
from services.chassis.rpc import pipeline
from services.chassis.runtime import deadline
from tests.waiting import LIMIT

# The shortest limit of the product, in seconds. A test of a limit sets one below.
_SHORTEST = 0.5
# Limits that do not go through the module `deadline`.
_CONSTANTS = (
    (cache_aside, "LOAD_SECONDS"),
    (redis_client, "CONNECT_SECONDS"),
    (pipeline, "MAX_SECONDS"),
)


@contextmanager
def long_limits() -> Iterator[None]:
    """Raises the limits of requests, calls, statements and loads to `LIMIT` within the block."""
    begin, within, budget = deadline.begin, deadline.within, deadline.budget

    def raised(seconds: float) -> float:
        return seconds if seconds < _SHORTEST else max(seconds, LIMIT)

    def budget_raised(default: float, *, margin: float = 0.0) -> float:
        return budget(raised(default), margin=margin)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadline, "begin", lambda seconds: begin(raised(seconds)))
        patch.setattr(deadline, "within", lambda seconds: within(raised(seconds)))
        patch.setattr(deadline, "budget", budget_raised)
        for module, name in _CONSTANTS:
            patch.setattr(module, name, LIMIT)
        yield


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest) -> Iterator[None]:
    """Raises the limits, except for a test of a limit."""
    if request.node.get_closest_marker("product_limits"):
        yield
    else:
        with long_limits():
            yield

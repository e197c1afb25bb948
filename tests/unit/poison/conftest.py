"""Failures are what is wanted here, so nobody waits between attempts and nothing is logged."""

from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from services.chassis.events.bus import partition
from services.chassis.runtime import supervision


@pytest.fixture(autouse=True, scope="module")
def quick_and_silent() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "_PAUSE_SECONDS", (0.0, 0.0))
        patch.setattr(supervision, "PAUSE_SECONDS", (0.0, 0.0))
        structlog.configure(processors=[_drop])
        yield
    structlog.reset_defaults()


def _drop(*_: Any) -> Any:
    raise structlog.DropEvent

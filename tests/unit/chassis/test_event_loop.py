"""The lag of the event loop is measured."""

import asyncio
import time

import pytest
from prometheus_client import REGISTRY

from services.chassis.runtime import event_loop
from tests.waiting import eventually


async def test_call_that_blocks_the_loop_shows_as_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_loop, "INTERVAL_SECONDS", 0.001)
    before, measured = lag("sum"), lag("count")
    job = asyncio.create_task(event_loop.measure_lag())
    try:
        await eventually(lambda: lag("count") > measured)
        time.sleep(0.2)  # noqa: ASYNC251 - it is to block
        count = lag("count")
        await eventually(lambda: lag("count") > count)
    finally:
        job.cancel()

    assert lag("sum") - before > 0.19


def lag(part: str) -> float:
    return REGISTRY.get_sample_value(f"roost_event_loop_lag_seconds_{part}") or 0.0

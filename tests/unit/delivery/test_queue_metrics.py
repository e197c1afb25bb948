"""The metrics of the queue show what the store counts."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY

from services.chassis.runtime.clock import ManualClock
from services.chassis.runtime.errors import Unavailable
from services.delivery.domain.model import Channel
from services.delivery.domain.store import DueCount
from services.delivery.worker import queue_metrics
from tests.waiting import eventually


class Queue:
    """Counts what the test sets; None stands for a store that is away."""

    def __init__(self, *counts: dict[Channel, DueCount] | None) -> None:
        self.counts = list(counts)

    async def count_due(self, _: datetime) -> dict[Channel, DueCount]:
        count = self.counts.pop(0) if len(self.counts) > 1 else self.counts[0]
        if count is None:
            raise Unavailable
        return count


async def test_what_is_due_is_shown_until_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_metrics, "_INTERVAL_SECONDS", 0.0)
    queue = Queue({Channel.PUSH: DueCount(3, 40.0)})
    job = asyncio.ensure_future(queue_metrics.job(cast(Any, queue), ManualClock())())
    try:
        await eventually(lambda: shown("push") == (3, 40.0))
        assert shown("digest") == (0, 0.0)
        queue.counts = [None, {}]
        await eventually(lambda: shown("push") == (0, 0.0))
    finally:
        job.cancel()


def shown(channel: str) -> tuple[float | None, float | None]:
    labels = {"channel": channel}
    return (
        REGISTRY.get_sample_value("roost_delivery_waiting", labels),
        REGISTRY.get_sample_value("roost_delivery_due_seconds", labels),
    )

"""Pruning goes on, whatever a round of it raises."""

import asyncio
from datetime import datetime
from typing import Any, cast

import asyncpg
import pytest

from services.chassis.runtime.clock import ManualClock
from services.delivery import compose
from services.delivery.domain.store import DeliveryStore
from tests.waiting import eventually


class Failing:
    """A store whose first rounds fail."""

    def __init__(self) -> None:
        self.failures: list[Exception] = [asyncpg.DataError(), RuntimeError(), OSError()]
        self.pruned = 0

    async def prune_deliveries(self, now: datetime) -> int:
        if self.failures:
            raise self.failures.pop()
        self.pruned += 1
        return 0


async def test_a_round_that_fails_is_followed_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "_PRUNE_SECONDS", 0.0)
    store: Any = Failing()
    job = compose.pruning(cast("DeliveryStore", store), ManualClock())
    running = asyncio.ensure_future(job())

    await eventually(lambda: store.pruned > 0)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

"""Waits until every event has been handled, as the processes of the stack report it."""

from __future__ import annotations

import asyncio

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from bench.stack import BenchStack

# A consumer's lag in events, and the age of the oldest event that is not published yet.
LAGS = frozenset({"roost_consumer_lag_events", "roost_outbox_lag_seconds"})
# A consumer reports its lag this often, so an earlier report may be from before an event.
REPORT_SECONDS = 5.0
POLL_SECONDS = 0.5
LIMIT_SECONDS = 120.0


async def handled(stack: BenchStack) -> None:
    """Wait until all consumers have handled what was in an outbox at the call.

    Raises TimeoutError.
    """
    await asyncio.sleep(REPORT_SECONDS)
    statuses = stack.stack.supervisor.statuses()
    workers = [each.admin for each in statuses if "-work" in each.name and each.admin]
    async with httpx2.AsyncClient(trust_env=False) as client, asyncio.timeout(LIMIT_SECONDS):
        for worker in workers:
            while lag((await client.get(f"http://{worker}/metrics")).text):
                await asyncio.sleep(POLL_SECONDS)


def lag(metrics: str) -> float:
    """The sum of a process's lags: 0 if it has published and handled everything."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(metrics)
        if family.name in LAGS
        for sample in family.samples
    )

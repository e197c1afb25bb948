"""A whole stack with three partitions a topic and two working processes of each service.

Home timelines, notifications, logs, counts and search are audited, as with one of each, also after
partitions moved from one process to the other and back.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from services.chassis.runtime.manifest import Process, deployed
from tests.e2e.audited_stack import AuditedStack, started_stack
from tests.e2e.search_audit import auditing_search
from tests.waiting import eventually

pytestmark = pytest.mark.e2e

PARTITIONS = 3
OPERATIONS = 150
SETTLE_SECONDS = 90.0

WORKING = [each.noun for each in deployed() if Process.WORK in each.processes]
_HELD = re.compile(
    r'^roost_consumer_partitions\{group="([^"]+)",topic="[^"]+"\} (\S+)$', re.MULTILINE
)


async def test_three_partitions_and_two_workers_serve_what_one_of_each_does(
    tmp_path: Path,
) -> None:
    settings = {f"ROOST_WORKERS_{noun.upper()}": "2" for noun in WORKING}
    settings["ROOST_TOPIC_PARTITIONS"] = str(PARTITIONS)
    second = [f"{noun}-work-2" for noun in WORKING]

    async with (
        started_stack(tmp_path, settings, durable=False) as audited,
        auditing_search(audited.stack, audited.clients) as search,
    ):
        await eventually(lambda: partitions_are_shared(audited), limit=SETTLE_SECONDS)
        await audited.clients.perform(OPERATIONS)

        async with audited.away(*second):
            await audited.clients.perform(OPERATIONS)
        await eventually(lambda: partitions_are_shared(audited), limit=SETTLE_SECONDS)
        await audited.clients.perform(OPERATIONS)

        await audited.assert_all_caught_up()
        assert await search.check() == []


async def partitions_are_shared(audited: AuditedStack) -> bool:
    """Whether both processes of each service work on partitions, and on all of them together."""
    for service in deployed():
        if Process.WORK not in service.processes:
            continue
        first = await partitions_of(audited, f"{service.noun}-work")
        second = await partitions_of(audited, f"{service.noun}-work-2")
        for group in service.consumer_groups:
            held = first.get(group.name, 0), second.get(group.name, 0)
            if sum(held) != PARTITIONS * len(group.topics) or not all(held):
                return False
    return True


async def partitions_of(audited: AuditedStack, name: str) -> dict[str, int]:
    """The number of partitions by consumer group of a process."""
    statuses = audited.stack.stack.supervisor.statuses()
    (admin,) = (each.address for each in statuses if each.name == name)
    async with httpx2.AsyncClient(timeout=10) as client:
        metrics = await client.get(f"http://{admin}/metrics")
    held: Counter[str] = Counter()
    for group, partitions in _HELD.findall(metrics.text):
        held[group] += int(float(partitions))
    return held

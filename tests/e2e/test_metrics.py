"""The processes of a stack expose the metrics of docs/metrics.md, and they move."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator

import httpx2
import pytest
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from services.chassis.runtime import build
from tests.e2e.conftest import Shared
from tests.metrics_document import rows
from tests.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session")]

# Of an index that this stack does not have.
OPENSEARCH = {"roost_search_documents_refused_total"}
# Metrics of which each process that has them shows a value as soon as it has worked.
MOVED = {
    "roost_build_info",
    "roost_event_loop_lag_seconds_count",
    "roost_http_seconds_count",
    "roost_rpc_seconds_count",
    "roost_rpc_client_seconds_count",
    "roost_postgres_pool_connections",
    "roost_postgres_pool_held_seconds_count",
    "roost_redis_trip_seconds_count",
    "roost_worker_lease_remaining_seconds",
    "roost_outbox_leader",
    "roost_outbox_publish_seconds_count",
    "roost_consumer_partitions",
    "roost_timeline_fan_out_delay_seconds_count",
}


async def test_processes_expose_what_the_document_lists_and_no_more(shared: Shared) -> None:
    exposed = await families(shared)
    documented = {name: row.metric for name, row in rows().items()}

    shown: set[str] = set()
    for process, metrics in exposed.items():
        for metric in metrics:
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            shown.add(name)
            assert name in documented, (process, name)
            assert metric.type == documented[name].type, (process, name)
            labels = {label for each in metric.samples for label in each.labels} - {"le"}
            assert labels <= set(documented[name].labels), (process, name, labels)
    assert set(documented) - shown <= OPENSEARCH
    assert all(any(each.name == "roost_build_info" for each in of) for of in exposed.values())


async def test_metrics_move_with_a_post_and_its_effects(shared: Shared) -> None:
    async with shared.stack.edge() as edge:
        author = await edge.register("measured", "a long pass phrase")
        await edge.post(author, "Hello")

    await eventually(lambda: has_moved(shared), limit=60.0)

    versions = {
        each.labels["version"]
        for metrics in (await families(shared)).values()
        for each in samples(metrics)
        if each.name == "roost_build_info"
    }
    assert versions == {build.VERSION}


async def has_moved(shared: Shared) -> bool:
    moved: dict[str, float] = defaultdict(float)
    for metrics in (await families(shared)).values():
        for each in samples(metrics):
            moved[each.name] += each.value
    return all(moved[name] > 0 for name in MOVED)


def samples(metrics: list[Family]) -> Iterator[Sample]:
    for metric in metrics:
        yield from metric.samples


async def families(shared: Shared) -> dict[str, list[Family]]:
    """The metrics of Roost in each of its processes."""
    statuses = shared.stack.stack.supervisor.statuses()
    processes = {each.name: each.admin for each in statuses if each.admin and each.name != "envoy"}
    assert len(processes) > 10
    async with httpx2.AsyncClient(trust_env=False, timeout=30) as client:
        answers = await asyncio.gather(
            *(client.get(f"http://{admin}/metrics") for admin in processes.values())
        )
    return {
        process: [
            each
            for each in text_string_to_metric_families(answer.text)
            # The client adds the time at which it made a counter or a histogram.
            if each.name.startswith("roost_") and not each.name.endswith("_created")
        ]
        for process, answer in zip(processes, answers, strict=True)
    }

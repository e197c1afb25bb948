"""Rebuilds of the index, as the operator starts, watches and cancels them."""

from __future__ import annotations

from roost.search.v1 import search_admin_service_pb2 as rpc
from roost.search.v1.search_pb2 import (
    REINDEX_STATE_CANCELLED,
    REINDEX_STATE_COPYING,
    REINDEX_STATE_DONE,
    Reindex,
)

from services.chassis.runtime.errors import NotFound, WrongState
from tests.servicers.grpc_server import raises_reason
from tests.servicers.search.conftest import Scenario


async def started(scenario: Scenario, request_id: str = "") -> Reindex:
    response = await scenario.admin().StartReindex(rpc.StartReindexRequest(request_id=request_id))
    reindex: Reindex = response.reindex
    return reindex


async def test_a_rebuild_is_started_once_for_a_request(scenario: Scenario) -> None:
    first = await started(scenario, "request-1")

    assert first.state == REINDEX_STATE_COPYING
    assert await started(scenario, "request-1") == first


async def test_there_is_one_rebuild_at_a_time(scenario: Scenario) -> None:
    await started(scenario)

    with raises_reason(WrongState, "REINDEX_RUNNING"):
        await started(scenario)


async def test_a_rebuild_ends_and_is_shown_by_its_id_or_as_the_latest(scenario: Scenario) -> None:
    await scenario.post(scenario.alice, "wombat")
    begun = await started(scenario)

    await scenario.world.reindex()

    latest = (await scenario.admin().GetReindex(rpc.GetReindexRequest())).reindex
    assert (latest.id, latest.state, latest.posts_scanned) == (begun.id, REINDEX_STATE_DONE, 1)
    by_id = await scenario.admin().GetReindex(rpc.GetReindexRequest(reindex_id=begun.id))
    assert by_id.reindex == latest
    assert len((await scenario.posts("wombat")).post_ids) == 1


async def test_a_cancelled_rebuild_changes_nothing(scenario: Scenario) -> None:
    await scenario.post(scenario.alice, "wombat")
    begun = await started(scenario)

    request = rpc.CancelReindexRequest(reindex_id=begun.id)
    cancelled = (await scenario.admin().CancelReindex(request)).reindex

    assert cancelled.state == REINDEX_STATE_CANCELLED
    assert cancelled.HasField("end_time")
    assert len((await scenario.posts("wombat")).post_ids) == 1
    assert (await scenario.admin().CancelReindex(request)).reindex == cancelled
    assert (await started(scenario)).id != begun.id


async def test_a_rebuild_that_does_not_exist_is_not_found(scenario: Scenario) -> None:
    with raises_reason(NotFound, "REINDEX_NOT_FOUND"):
        await scenario.admin().GetReindex(rpc.GetReindexRequest())
    with raises_reason(NotFound, "REINDEX_NOT_FOUND"):
        await scenario.admin().CancelReindex(rpc.CancelReindexRequest(reindex_id=7))

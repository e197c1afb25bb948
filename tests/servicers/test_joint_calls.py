"""Calls of several callers in one RPC, through a real channel."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from roost.timeline.v1.timeline_service_pb2 import (
    GetHomeTimelineForCallersRequest,
    GetHomeTimelineRequest,
    GetHomeTimelineResponse,
    HomeTimelineCall,
)
from roost.timeline.v1.timeline_service_pb2_grpc import (
    TimelineServiceServicer,
    TimelineServiceStub,
    add_TimelineServiceServicer_to_server,
)

from services.chassis.auth import access_policy, caller
from services.chassis.auth.caller import ServiceCaller, UserCaller
from services.chassis.rpc import joint_calls
from services.chassis.rpc.server import MountedServicer
from services.chassis.runtime.errors import Invalid
from services.timeline.rpc.servicer import TimelineServicer
from tests.servicers.grpc_server import serving, token_of
from tests.waiting import LIMIT

ALICE, BOB = 1, 2
REST = frozenset(
    name
    for name in vars(TimelineServiceServicer)
    if name[0].isupper() and not name.startswith("GetHomeTimeline")
)


class Homes(TimelineServiceServicer):
    """Answers a home with the id of its caller, at once or never."""

    GetHomeTimelineForCallers = TimelineServicer.GetHomeTimelineForCallers

    @access_policy.user
    async def GetHomeTimeline(self, request: Any, context: Any) -> GetHomeTimelineResponse:
        if request.page_token == "bad":
            raise Invalid
        if request.page_token == "slow":
            await asyncio.sleep(LIMIT)
        return GetHomeTimelineResponse(next_page_token=f"of {caller.user().user_id}")


def call_of(user_id: int, page_token: str = "") -> HomeTimelineCall:
    return HomeTimelineCall(
        token=token_of(UserCaller(user_id, 1)) or "",
        request=GetHomeTimelineRequest(page_token=page_token),
    )


async def results(*calls: HomeTimelineCall) -> list[str | None]:
    mount = MountedServicer(add_TimelineServiceServicer_to_server, Homes(), without=REST)
    async with serving(mount) as served:
        stub = served.stub(TimelineServiceStub, caller=ServiceCaller("gateway"))
        response = await stub.GetHomeTimelineForCallers(
            GetHomeTimelineForCallersRequest(calls=calls)
        )
    return [
        each.response.next_page_token if each.HasField("response") else None
        for each in response.results
    ]


async def test_each_call_has_the_rights_of_its_own_token() -> None:
    assert await results(call_of(ALICE), call_of(BOB), call_of(ALICE)) == ["of 1", "of 2", "of 1"]


async def test_no_call_is_no_result() -> None:
    assert await results() == []


@pytest.mark.parametrize(
    "failing",
    [
        HomeTimelineCall(),
        HomeTimelineCall(token="no.such.token"),
        # What a service may call is not for services.
        HomeTimelineCall(token=token_of(ServiceCaller("gateway"), service="timeline") or ""),
        call_of(ALICE, "bad"),
    ],
    ids=["without token", "bad token", "service", "refused"],
)
async def test_a_call_that_fails_leaves_the_others_alone(failing: HomeTimelineCall) -> None:
    assert await results(call_of(ALICE), failing, call_of(BOB)) == ["of 1", None, "of 2"]


async def test_the_others_do_not_wait_for_a_slow_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joint_calls, "MAX_SECONDS", 2.0)

    assert await results(call_of(ALICE), call_of(BOB, "slow")) == ["of 1", None]

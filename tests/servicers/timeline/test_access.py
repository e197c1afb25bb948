"""The access policy of every RPC of the service for every kind of caller."""

import pytest
from roost.timeline.v1 import invalidation_service_pb2
from roost.timeline.v1 import timeline_service_pb2 as rpc

from services.chassis.auth.access_policy import policy_of
from services.chassis.rpc.invalidation import InvalidationServicer
from services.chassis.rpc.server import policies
from tests.servicers.access import (
    ANYONE,
    CALLERS,
    USER,
    admitted,
    assert_complete,
    expected,
    listed,
    services,
    user_or,
)
from tests.servicers.timeline.conftest import Timeline

MATRIX = {
    "TimelineService": {
        "GetHomeTimeline": USER,
        "GetPublicTimeline": ANYONE,
        "GetReadMarker": USER,
        "SetReadMarker": USER,
        "RebuildHomeTimeline": user_or("gateway"),
        "FollowHashtag": USER,
        "UnfollowHashtag": USER,
        "ListFollowedHashtags": USER,
        "BatchGetFollowedHashtags": USER,
    },
}


def test_the_matrix_covers_every_method(timeline: Timeline) -> None:
    assert_complete(policies([timeline.mount]), listed("roost.timeline.v1", MATRIX), __file__)


def test_changes_are_for_the_gateway() -> None:
    (service,) = invalidation_service_pb2.DESCRIPTOR.services_by_name.values()

    offered = {
        name: policy_of(getattr(InvalidationServicer, name)) for name in service.methods_by_name
    }
    assert_complete(offered, {"Watch": services("gateway")}, __file__)


@pytest.mark.parametrize("who", CALLERS)
async def test_only_those_are_let_in_whom_a_method_is_for(timeline: Timeline, who: str) -> None:
    methods = MATRIX["TimelineService"]

    found = await admitted(methods, timeline.stub(CALLERS[who]), rpc)

    assert found == expected(methods, who)

"""Who may call what: every RPC of the service and every kind of caller."""

import pytest
from roost.timeline.v1 import timeline_service_pb2 as rpc

from services.chassis.access import Policy
from services.chassis.caller import ANONYMOUS, Caller, ServiceCaller, UserCaller
from services.chassis.errors import RoostError
from services.chassis.server import policies
from tests.servicers.timeline.conftest import Timeline

ANYONE, USER = Policy.ANYONE, Policy.USER
USER_OR_SERVICE = Policy.USER_OR_SERVICE

MATRIX = {
    "TimelineService": {
        "GetHomeTimeline": USER,
        "GetPublicTimeline": ANYONE,
        "GetReadMarker": USER,
        "SetReadMarker": USER,
        "RebuildHomeTimeline": USER_OR_SERVICE,
    },
}
TURNED_AWAY = {"TOKEN_MISSING", "CALLER_NOT_ALLOWED"}
CALLERS: dict[str, Caller] = {
    "stranger": ANONYMOUS,
    "person": UserCaller(user_id=77, session_id=1),
    "service": ServiceCaller("post"),
}
LET_IN = {
    ANYONE: {"stranger", "person", "service"},
    USER: {"person"},
    USER_OR_SERVICE: {"person", "service"},
}


def test_the_matrix_covers_every_method(timeline: Timeline) -> None:
    assert policies([timeline.mount]) == {
        f"/roost.timeline.v1.{service}/{method}": policy
        for service, methods in MATRIX.items()
        for method, policy in methods.items()
    }


@pytest.mark.parametrize("who", list(CALLERS))
async def test_only_those_are_let_in_whom_a_method_is_for(timeline: Timeline, who: str) -> None:
    stub = timeline.stub(CALLERS[who])
    for method, policy in MATRIX["TimelineService"].items():
        reason = ""
        try:
            await getattr(stub, method)(getattr(rpc, f"{method}Request")())
        except RoostError as error:
            reason = error.reason
        assert (reason not in TURNED_AWAY) == (who in LET_IN[policy]), method

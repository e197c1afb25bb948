"""The access policy of every RPC of the service for every kind of caller."""

import pytest
from roost.media.v1 import media_service_pb2 as pb

from services.chassis.auth.access_policy import policy_of
from services.media.rpc.servicer import MediaServicer
from tests.servicers.access import (
    ANYONE,
    CALLERS,
    USER,
    admitted,
    assert_complete,
    expected,
    services,
)
from tests.servicers.media.conftest import Scenario

MATRIX = {
    "MediaService": {
        "StartUpload": USER,
        "GetUpload": USER,
        "CompleteUpload": USER,
        "AbortUpload": USER,
        "GetMedia": ANYONE,
        "WaitMedia": USER,
        "BatchGetMedia": ANYONE,
        "UpdateMedia": USER,
        "DeleteMedia": USER,
        "ClaimMedia": services("post", "user"),
        "ReleaseMedia": services("post", "user"),
        "GetUsage": USER,
        "GetLimits": ANYONE,
    },
}


def test_the_matrix_covers_every_method() -> None:
    methods = [each.name for each in pb.DESCRIPTOR.services_by_name["MediaService"].methods]
    offered = {each: policy_of(getattr(MediaServicer, each)) for each in methods}

    assert_complete(offered, MATRIX["MediaService"], __file__)  # type: ignore[arg-type]


@pytest.mark.parametrize("who", CALLERS)
async def test_only_those_are_let_in_whom_a_method_is_for(scenario: Scenario, who: str) -> None:
    methods = MATRIX["MediaService"]

    found = await admitted(methods, scenario.media(CALLERS[who]), pb)

    assert found == expected(methods, who)

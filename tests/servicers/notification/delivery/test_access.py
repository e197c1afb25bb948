"""Who may call what: every RPC of DeliveryService and every kind of caller."""

import pytest
from roost.notification.v1 import delivery_service_pb2 as pb

from services.chassis.access import Policy
from services.chassis.caller import ANONYMOUS, Caller, ServiceCaller, UserCaller
from services.chassis.errors import RoostError
from services.chassis.server import policies
from tests.servicers.notification.delivery.conftest import House

USER, ANYONE = Policy.USER, Policy.ANYONE

MATRIX = {
    "DeliveryService": {
        "GetPushKey": ANYONE,
        "CreatePushSubscription": USER,
        "ListPushSubscriptions": USER,
        "DeletePushSubscription": USER,
        "GetEmailAddress": USER,
        "SetEmailAddress": USER,
        "ConfirmEmailAddress": USER,
        "RemoveEmailAddress": USER,
        "Unsubscribe": ANYONE,
    },
}
TURNED_AWAY = {"TOKEN_MISSING", "CALLER_NOT_ALLOWED"}
CALLERS: dict[str, Caller] = {
    "stranger": ANONYMOUS,
    "person": UserCaller(user_id=77, session_id=1),
    "service": ServiceCaller("timeline"),
}
LET_IN = {USER: {"person"}, ANYONE: set(CALLERS)}


def test_the_matrix_covers_every_method(house: House) -> None:
    expected = {
        f"/roost.notification.v1.{service}/{method}": policy
        for service, methods in MATRIX.items()
        for method, policy in methods.items()
    }

    assert policies(house.mounts) == expected


@pytest.mark.parametrize("who", list(CALLERS))
async def test_only_those_are_let_in_whom_a_method_is_for(house: House, who: str) -> None:
    for method, policy in MATRIX["DeliveryService"].items():
        reason = ""
        try:
            await getattr(house.stub(CALLERS[who]), method)(getattr(pb, f"{method}Request")())
        except RoostError as error:
            reason = error.reason
        assert (reason not in TURNED_AWAY) == (who in LET_IN[policy]), method

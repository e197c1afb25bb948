"""The access policy of every RPC of the service for every kind of caller."""

import pytest
from roost.notification.v1 import notification_service_pb2 as pb

from services.chassis.rpc.server import policies
from tests.servicers.access import CALLERS, USER, admitted, assert_complete, expected, listed
from tests.servicers.notification.conftest import NotificationStack

MATRIX = {
    "NotificationService": {
        "ListNotifications": USER,
        "CountUnread": USER,
        "GetReadMarker": USER,
        "MarkRead": USER,
        "GetPreferences": USER,
        "UpdatePreferences": USER,
        "MuteConversation": USER,
        "UnmuteConversation": USER,
        "WatchUser": USER,
        "UnwatchUser": USER,
    },
}


def test_the_matrix_covers_every_method(stack: NotificationStack) -> None:
    assert_complete(policies(stack.mounts), listed("roost.notification.v1", MATRIX), __file__)


@pytest.mark.parametrize("who", CALLERS)
async def test_only_those_are_let_in_whom_a_method_is_for(
    stack: NotificationStack, who: str
) -> None:
    methods = MATRIX["NotificationService"]

    found = await admitted(methods, stack.stub(CALLERS[who]), pb)

    assert found == expected(methods, who)

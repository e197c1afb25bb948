"""Ending a session, as an act."""

from typing import Annotated

import strawberry
from roost.user.v1.auth_service_pb2 import RevokeSessionRequest

from gateway.protocols.acts import Act, Target

_SESSION = Target(
    kind="Session",
    argument="id",
    type=Annotated[strawberry.ID, strawberry.argument(description="The id of a session.")],
)

REVOKE_SESSION = Act(
    name="revoke_session",
    method="DELETE",
    path="/sessions/{session_id}",
    summary="Sign another device out.",
    details="Repeating it changes nothing.",
    reasons=("SESSION_NOT_FOUND",),
    service="auth",
    request=RevokeSessionRequest,
    target=_SESSION,
)

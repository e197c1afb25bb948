"""Completing and aborting an upload, and deleting a medium, as acts."""

from typing import Annotated

import strawberry
from roost.media.v1.media_service_pb2 import (
    AbortUploadRequest,
    CompleteUploadRequest,
    DeleteMediaRequest,
)

from gateway.api.media.types import Medium
from gateway.protocols.acts import Act, Result, Target
from gateway.views import media, media_shapes

MediumId = Annotated[strawberry.ID, strawberry.argument(description="The id of a medium.")]
_MEDIUM = Target(kind=Medium.kind, argument="id", type=MediumId)

COMPLETE_UPLOAD = Act(
    name="complete_upload",
    method="POST",
    path="/media/uploads/{medium_id}/completion",
    summary="Complete an upload whose parts have arrived.",
    details="Its processing begins. Repeating it changes nothing.",
    reasons=("UPLOAD_NOT_FOUND", "UPLOAD_INCOMPLETE", "UPLOAD_EXPIRED"),
    service="media",
    request=CompleteUploadRequest,
    target=_MEDIUM,
    result=Result(
        shape=media_shapes.Medium,
        present=lambda response: media.medium(response.medium),
        type=Medium,
        show=lambda response: Medium(message=response.medium),
    ),
)
ABORT_UPLOAD = Act(
    name="abort_upload",
    method="DELETE",
    path="/media/uploads/{medium_id}",
    summary="Discard an upload that is not complete.",
    details="Repeating it changes nothing.",
    reasons=("UPLOAD_NOT_FOUND",),
    service="media",
    request=AbortUploadRequest,
    target=_MEDIUM,
)
DELETE_MEDIUM = Act(
    name="delete_medium",
    method="DELETE",
    path="/media/{medium_id}",
    summary="Delete a medium of the caller that nothing uses.",
    details="Its upload or processing may go on. Repeating it changes nothing.",
    reasons=("MEDIUM_IN_USE",),
    service="media",
    request=DeleteMediaRequest,
    target=_MEDIUM,
)

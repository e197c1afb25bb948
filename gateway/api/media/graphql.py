"""Media: uploading, reading, describing and deleting them, and all limits."""

from typing import Annotated

import strawberry
from roost.media.v1.media_service_pb2 import (
    BatchGetMediaRequest,
    GetLimitsRequest,
    GetMediaRequest,
    GetUploadRequest,
    GetUsageRequest,
    StartUploadRequest,
)
from strawberry.types import Info

from gateway.api.media import acts, commands, types
from gateway.api.media.acts import MediumId
from gateway.api.media.requests import MediumChange, NewUpload
from gateway.api.media.types import FocalPointInput, Limits, MediaUsage, Medium, Upload
from gateway.protocols.acts import mutation
from gateway.protocols.graphql.arguments import MAX_IDS, Etag, numbers_of
from gateway.protocols.graphql.context import backends_of, own
from gateway.protocols.graphql.fields import resolved
from gateway.protocols.graphql.global_ids import number_of
from gateway.protocols.graphql.mutation_results import (
    Key,
    Outcome,
    change,
    request_id,
    result,
    validated,
)
from gateway.protocols.graphql.scalars import Bytes
from services.chassis.text.kinds import ALT_TEXT


@strawberry.type
class MediaQueries:
    """Fields of Query about media."""

    @resolved("A medium. Refused with MEDIUM_NOT_FOUND where the caller may see none.")
    async def medium(self, info: Info, id: MediumId) -> Medium:  # noqa: A002
        request = GetMediaRequest(medium_id=number_of(Medium.kind, id, "id"))
        return Medium(message=(await backends_of(info).media.GetMedia(request)).medium)

    @resolved("Several media, in the order of `ids`, without those that may not be seen.")
    async def media(
        self,
        info: Info,
        ids: Annotated[
            list[strawberry.ID], strawberry.argument(description="Up to 100 media, by id.")
        ],
    ) -> list[Medium]:
        numbers = numbers_of(Medium.kind, ids, "ids", most=MAX_IDS)
        response = await backends_of(info).media.BatchGetMedia(
            BatchGetMediaRequest(medium_ids=numbers)
        )
        return [Medium(message=each) for each in response.media]

    @resolved(
        "An upload that is not complete: what has arrived, and fresh addresses for the rest. `id` "
        "is that of the medium."
    )
    async def upload(self, info: Info, id: MediumId) -> Upload:  # noqa: A002
        request = GetUploadRequest(medium_id=number_of(Medium.kind, id, "id"))
        return Upload(message=(await own(info).media.GetUpload(request)).upload)

    @resolved("What the caller uploaded today, and what is kept.")
    async def media_usage(self, info: Info) -> MediaUsage:
        return MediaUsage(message=await own(info).media.GetUsage(GetUsageRequest()))

    @resolved("All limits that a client needs to know before it sends something.")
    async def limits(self, info: Info) -> Limits:
        return types.limits(await backends_of(info).media.GetLimits(GetLimitsRequest()))


AltText = Annotated[
    str | None,
    strawberry.argument(
        description=f"For users who cannot see or hear it; empty for none. {ALT_TEXT.limits}."
    ),
]


@strawberry.type
class MediaMutations:
    """Fields of Mutation about media."""

    @change(
        "Begin an upload. PUT each part to its address, with exactly its bytes, then complete it. "
        "An upload can be resumed for 24 hours."
    )
    async def start_upload(
        self,
        info: Info,
        *,
        content_type: Annotated[
            str, strawberry.argument(description="Such as image/jpeg: which limits hold.")
        ],
        size_bytes: Annotated[Bytes, strawberry.argument(description="The size of the file.")],
        alt_text: AltText = None,
        idempotency_key: Key = None,
    ) -> Outcome[Upload]:
        asked = validated(
            NewUpload, content_type=content_type, size_bytes=size_bytes, alt_text=alt_text or ""
        )
        response = await own(info).media.StartUpload(
            StartUploadRequest(
                content_type=asked.content_type,
                size_bytes=asked.size_bytes,
                alt_text=asked.alt_text,
                request_id=request_id(idempotency_key),
            )
        )
        return result(Upload(message=response.upload))

    complete_upload = mutation(acts.COMPLETE_UPLOAD)
    abort_upload = mutation(acts.ABORT_UPLOAD)

    @change(
        "Change the description or the focal point of a medium of the caller. Only what is given "
        "changes. With `etag`, only if the medium is still as it was read."
    )
    async def update_medium(
        self,
        info: Info,
        *,
        id: MediumId,  # noqa: A002
        alt_text: AltText = strawberry.UNSET,
        focal_point: Annotated[
            FocalPointInput | None, strawberry.argument(description="Null for the centre.")
        ] = strawberry.UNSET,
        etag: Etag = None,
        idempotency_key: Key = None,
    ) -> Outcome[Medium]:
        given: dict[str, object] = {}
        if alt_text is not strawberry.UNSET:
            given["alt_text"] = alt_text or ""
        if focal_point is not strawberry.UNSET:
            point = focal_point
            given["focal_point"] = {"x": point.x, "y": point.y} if point else None
        asked = validated(MediumChange, **given)
        message = await commands.change(
            own(info),
            number_of(Medium.kind, id, "id"),
            alt_text=asked.alt_text,
            focal_point=asked.focal_point,
            etag=etag or "",
            request_id=request_id(idempotency_key),
        )
        return result(Medium(message=message))

    delete_medium = mutation(acts.DELETE_MEDIUM)

"""Media: uploading, reading, describing and deleting them, and all limits."""

from roost.media.v1 import media_pb2
from roost.media.v1.media_service_pb2 import (
    BatchGetMediaRequest,
    GetLimitsRequest,
    GetMediaRequest,
    GetUploadRequest,
    GetUsageRequest,
    StartUploadRequest,
    WaitMediaRequest,
)

from gateway.api.media import acts, commands
from gateway.api.media.requests import (
    MAX_WAIT_SECONDS,
    MediumChange,
    NewMedium,
    NewUpload,
    WaitQuery,
)
from gateway.protocols.acts import route
from gateway.protocols.rest.context import (
    IdsQuery,
    NoBody,
    NoQuery,
    RequestContext,
    Response,
    ids_in_query,
)
from gateway.protocols.rest.forms import Form
from gateway.protocols.rest.routes import ANYONE, READ_SECONDS, Routes
from gateway.views import media as views
from gateway.views.media_shapes import Limits, Media, MediaUsage, Medium, Upload

media = Routes("Media", "Pictures, animations, videos and audio.")

_START_REASONS = (
    "MEDIA_TYPE_NOT_ALLOWED",
    "MEDIA_TOO_LARGE",
    "MEDIA_QUOTA_EXCEEDED",
    "TEXT_TOO_LONG",
    "TEXT_INVALID",
)
# The media of one post. Such requests hold a place at the edge for long.
_AT_ONCE = 4
# The body may take 30 s to arrive, and the object store as long as it needs for 10 MB.
_FORM_SECONDS = 40.0


@media.change("POST", "/media/uploads", status=201, reasons=_START_REASONS)
async def start_upload(context: RequestContext[NoQuery, NewUpload]) -> Response[Upload]:
    """Begin an upload.

    PUT each part to its address, with exactly its bytes, then complete the upload. The bytes go to
    the object store directly. An upload can be resumed for 24 hours: reading it says which parts
    have arrived, and gives fresh addresses for the others.
    """
    response = await context.backends.media.StartUpload(
        StartUploadRequest(
            content_type=context.body.content_type,
            size_bytes=context.body.size_bytes,
            alt_text=context.body.alt_text,
            request_id=context.request_id,
        )
    )
    made = response.upload
    return Response(views.upload(made), location=f"/media/uploads/{made.medium_id}")


@media.get("/media/uploads/{medium_id}", reasons=("UPLOAD_NOT_FOUND", "UPLOAD_EXPIRED"))
async def get_upload(context: RequestContext[NoQuery, NoBody]) -> Response[Upload]:
    """Read the state of an upload that is not complete, with fresh addresses."""
    response = await context.backends.media.GetUpload(GetUploadRequest(medium_id=context.path_id))
    return Response(views.upload(response.upload))


route(media, acts.COMPLETE_UPLOAD)
route(media, acts.ABORT_UPLOAD)


@media.change(
    "POST",
    "/media",
    status=201,
    reasons=_START_REASONS,
    seconds=_FORM_SECONDS,
    form_file_bytes=views.MAX_FORM_FILE_BYTES,
    at_once=_AT_ONCE,
)
async def upload_medium(context: RequestContext[NoQuery, Form[NewMedium]]) -> Response[Medium]:
    """Upload a file of up to 10 MB with one request.

    A form with the fields `file`, `alt_text` and `focal_point`, in any order. It has to arrive
    within 30 seconds; uploads in parts take larger files, and can be resumed. Nothing happens
    before the form is complete.
    """
    form = context.body
    made = await commands.upload(
        context.backends, context.store, form.file, form.fields, request_id=context.request_id
    )
    return Response(views.medium(made), location=f"/media/{made.id}")


@media.get("/media", access=ANYONE)
async def get_media(context: RequestContext[IdsQuery, NoBody]) -> Response[Media]:
    """Read several media at once.

    In the order of `ids`, without those that the caller may not see.
    """
    response = await context.backends.media.BatchGetMedia(
        BatchGetMediaRequest(medium_ids=ids_in_query("ids", context.query.ids))
    )
    return Response(Media(views.media(response.media)))


@media.get("/media/usage")
async def get_media_usage(context: RequestContext[NoQuery, NoBody]) -> Response[MediaUsage]:
    """Read what the caller uploaded today, and what is kept."""
    return Response(views.usage(await context.backends.media.GetUsage(GetUsageRequest())))


@media.get("/media/{medium_id}", access=ANYONE, etag=True, reasons=("MEDIUM_NOT_FOUND",))
async def get_medium(context: RequestContext[NoQuery, NoBody]) -> Response[Medium]:
    """Read a medium.

    One that nothing uses exists for its owner alone; one of a post for those who may read the post.
    """
    response = await context.backends.media.GetMedia(GetMediaRequest(medium_id=context.path_id))
    return _one(response.medium)


@media.get(
    "/media/{medium_id}/wait",
    reasons=("MEDIUM_NOT_FOUND",),
    seconds=MAX_WAIT_SECONDS + READ_SECONDS,
    at_once=_AT_ONCE,
)
async def wait_medium(context: RequestContext[WaitQuery, NoBody]) -> Response[Medium]:
    """Read a medium of the caller when its processing has ended.

    The answer comes when it is `ready` or `failed`, or after `seconds`, whichever is first. Call it
    again while it is `processing`.
    """
    response = await context.backends.media.WaitMedia(
        WaitMediaRequest(medium_id=context.path_id, wait_ms=context.query.seconds * 1000)
    )
    return Response(views.medium(response.medium))


@media.change(
    "PATCH",
    "/media/{medium_id}",
    etag=True,
    reasons=("MEDIUM_NOT_FOUND", "ETAG_MISMATCH", "TEXT_TOO_LONG", "TEXT_INVALID"),
)
async def update_medium(context: RequestContext[NoQuery, MediumChange]) -> Response[Medium]:
    """Change the description or the focal point of a medium of the caller.

    Only what is given changes (a JSON merge patch). A post may use it already: it shows the change.
    With `If-Match`, only if the medium is still as it was read.
    """
    return _one(
        await commands.change(
            context.backends,
            context.path_id,
            alt_text=context.body.alt_text,
            focal_point=context.body.focal_point,
            etag=context.expected_etag,
            request_id=context.request_id,
        )
    )


route(media, acts.DELETE_MEDIUM)


@media.get("/limits", access=ANYONE)
async def get_limits(context: RequestContext[NoQuery, NoBody]) -> Response[Limits]:
    """Read all limits that a client needs to know before it sends something."""
    return Response(views.limits(await context.backends.media.GetLimits(GetLimitsRequest())))


def _one(message: media_pb2.Medium) -> Response[Medium]:
    return Response(views.medium(message), etag=message.etag)

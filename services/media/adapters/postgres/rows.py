"""Converts rows to the model and back."""

from collections.abc import Iterable
from typing import Any

import asyncpg
import msgspec

from services.chassis.runtime.ids import bucket_of
from services.media.domain.model import (
    Access,
    Claim,
    FocalPoint,
    Folder,
    FolderState,
    Medium,
    MediumState,
    Placement,
    ProcessingJob,
    Purge,
    Upload,
    UploadState,
    Use,
)
from services.media.domain.processing import Kind, Processed

MEDIUM_COLUMNS = (
    "id, owner_id, state, failure, declared_type, size_bytes, alt_text, focal_x, focal_y, "
    "processed, progress, version, create_time, expire_time, use, post_id, claim_key, claim_time, "
    "claim_confirmed, open, folder"
)
UPLOAD_COLUMNS = (
    "medium_id, owner_id, object_key, multipart_id, state, size_bytes, part_bytes, create_time, "
    "expire_time, delete_after"
)
JOB_COLUMNS = "medium_id, owner_id, kind, holder, attempts, run_after, deadline"
FOLDER_COLUMNS = "key, owner_id, medium_id, access, state, files, create_time, delete_after"
PURGE_COLUMNS = "folder, owner_id, files, attempts, due_time"
PLACEMENT_COLUMNS = "medium_id, owner_id, renew, request, attempts, run_after"

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Processed)


def medium_from(row: asyncpg.Record) -> Medium:
    """The medium in a row of MEDIUM_COLUMNS."""
    use, focal_x = row["use"], row["focal_x"]
    return Medium(
        id=row["id"],
        owner_id=row["owner_id"],
        state=MediumState(row["state"]),
        failure=row["failure"],
        declared_type=row["declared_type"],
        size_bytes=row["size_bytes"],
        alt_text=row["alt_text"],
        focal_point=None if focal_x is None else FocalPoint(focal_x, row["focal_y"]),
        processed=None if row["processed"] is None else _decoder.decode(row["processed"]),
        progress=row["progress"],
        version=row["version"],
        create_time=row["create_time"],
        expire_time=row["expire_time"],
        claim=Claim(
            Use(use), row["post_id"], row["claim_key"], row["claim_time"], row["claim_confirmed"]
        )
        if use
        else None,
        open=row["open"],
        folder=row["folder"],
    )


def changeable(medium: Medium) -> tuple[Any, ...]:
    """The values of a medium that may change, in the order of the statements in `media`."""
    claim, point = medium.claim, medium.focal_point
    return (
        medium.state,
        medium.failure,
        medium.alt_text,
        point.x if point else None,
        point.y if point else None,
        _encoder.encode(medium.processed).decode() if medium.processed else None,
        medium.progress,
        medium.version,
        medium.expire_time,
        claim.use if claim else 0,
        claim.post_id if claim else 0,
        claim.key if claim else "",
        claim.claim_time if claim else None,
        claim.confirmed if claim else False,
        medium.open,
        medium.folder,
        medium.stored_bytes,
    )


def upload_from(row: asyncpg.Record) -> Upload:
    """The upload in a row of UPLOAD_COLUMNS."""
    return Upload(**{**dict(row), "state": UploadState(row["state"])})


def job_from(row: asyncpg.Record) -> ProcessingJob:
    """The job in a row of JOB_COLUMNS."""
    medium_id, owner_id, kind, *rest = row
    return ProcessingJob(medium_id, owner_id, Kind(kind), *rest)


def folder_from(row: asyncpg.Record) -> Folder:
    """The folder in a row of FOLDER_COLUMNS."""
    key, owner_id, medium_id, access, state, files, create_time, delete_after = row
    return Folder(
        key,
        owner_id,
        medium_id,
        Access(access),
        FolderState(state),
        tuple(files),
        create_time,
        delete_after,
    )


def purge_from(row: asyncpg.Record) -> Purge:
    """The purge in a row of PURGE_COLUMNS."""
    folder, owner_id, files, attempts, due_time = row
    return Purge(folder, owner_id, tuple(files), attempts, due_time)


def placement_from(row: asyncpg.Record) -> Placement:
    """The placement in a row of PLACEMENT_COLUMNS."""
    return Placement(*row)


def buckets_of(ids: Iterable[int]) -> list[int]:
    """The buckets of the ids, each once."""
    return list({bucket_of(each) for each in ids})


def affected(status: str) -> int:
    """The number of rows in the status of a statement, such as `UPDATE 1`."""
    return int(status.rpartition(" ")[2])

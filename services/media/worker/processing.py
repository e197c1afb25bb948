"""Processes one upload: fetches it, runs the jailed program, stores its files, and publishes them.

A medium is READY exactly if its folder is LIVE, and final together with the end of its job: one
transaction does all of it. Whatever fails before leaves a folder without address, which is doomed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from prometheus_client import Counter, Histogram

from services.chassis.runtime.backoff import doubled, spread
from services.chassis.runtime.clock import Clock
from services.chassis.runtime.errors import TRANSIENT_ERRORS
from services.chassis.runtime.logs import logger
from services.chassis.storage.transaction import in_transaction
from services.media.domain.deletion import doom_upload
from services.media.domain.domain_events import MediumProcessed
from services.media.domain.limits import MAX_ATTEMPTS
from services.media.domain.model import Access, Medium, MediumState, ProcessingJob
from services.media.domain.ports import WakeUps
from services.media.domain.processing import Kind, Processed, Rejected
from services.media.domain.storage import ObjectGone, ObjectTooLarge, Storage
from services.media.domain.store import MediaTransaction, Store
from services.media.worker import outputs, writing
from services.media.worker.jail import protocol
from services.media.worker.jailed_process import TryFailed
from services.media.worker.outputs import OutputInvalid
from services.media.worker.writing import Superseded

GIVEN_UP = "MEDIA_PROCESSING_FAILED"
# What the program may say of a file.
REASONS = frozenset(
    {
        "MEDIA_CORRUPT",
        "MEDIA_TOO_LARGE",
        "MEDIA_TOO_LONG",
        "MEDIA_TOO_MANY_FRAMES",
        "MEDIA_TYPE_NOT_ALLOWED",
        GIVEN_UP,
    }
)
# Seconds before another attempt: the first, and the longest.
_PAUSE_SECONDS = (5.0, 120.0)

# What the program may take on a busy machine: seconds, and seconds for each MiB of the upload.
_SECONDS: dict[Kind, tuple[float, float]] = {
    Kind.PICTURE: (180.0, 5.0),
    Kind.ANIMATION: (180.0, 5.0),
    Kind.VIDEO: (900.0, 15.0),
    Kind.AUDIO: (180.0, 10.0),
}

_processed = Counter(
    "roost_media_processed_total",
    "Media whose processing ended, by kind and failure",
    ["kind", "failure"],
)
_failed_tries = Counter(
    "roost_media_failed_tries_total",
    "Attempts to process a medium that failed, by cause",
    ["cause"],
)
_seconds = Histogram(
    "roost_media_processing_seconds",
    "Duration of successful attempts to process a medium, from the lease to the commit",
    ["kind"],
    buckets=(0.5, 1, 2, 5, 10, 30, 60, 300, 1_200),
)


class Program(Protocol):
    """`jailed_process.JailedProcess`, or a fake."""

    async def run(
        self, folder: Path, *, seconds: float, report: Callable[[int], None]
    ) -> Processed:
        """See `JailedProcess.run`."""
        ...


class Folders(Protocol):
    """`job_folders.JobFolders`."""

    def make(self) -> AbstractContextManager[Path]:
        """See `JobFolders.make`."""
        ...


class Processing:
    """Processes leased jobs. The caller renews the lease, and cancels when it is lost."""

    def __init__(
        self,
        *,
        store: Store,
        storage: Storage,
        program: Program,
        folders: Folders,
        wake_ups: WakeUps,
        clock: Clock,
    ) -> None:
        self._store = store
        self._storage = storage
        self._program = program
        self._folders = folders
        self._wake_ups = wake_ups
        self._clock = clock

    async def process(self, job: ProcessingJob, report: Callable[[int], None]) -> None:
        """Ends the job, or has it tried again later. Does nothing once the lease is lost.

        A failure of the database, the object store or the machine, such as a full disk, does not
        count as an attempt. A cancelled call leaves the lease as it is.
        """
        try:
            await self._process(job, report)
        except Superseded as error:
            logger().info("media_job_superseded", medium_id=job.medium_id, reason=str(error))
        except (*TRANSIENT_ERRORS, OSError) as error:
            logger().warning("media_job_postponed", medium_id=job.medium_id, error=repr(error))
            _failed_tries.labels("dependency").inc()
            await self._store.return_job(job, self._after_pause(job))

    async def _process(self, job: ProcessingJob, report: Callable[[int], None]) -> None:
        if job.attempts > MAX_ATTEMPTS or self._clock.now() >= job.deadline:
            await self._fail(job, GIVEN_UP)
            return
        try:
            await self._attempt(job, report)
        except Rejected as rejected:
            if rejected.reason in REASONS:
                await self._fail(job, rejected.reason)
            else:
                await self._try_failed(job, "protocol", rejected.reason[:100])
        except TryFailed as failed:
            await self._try_failed(job, failed.cause, failed.details)
        except (OutputInvalid, ObjectGone, ObjectTooLarge) as error:
            await self._try_failed(job, type(error).__name__, str(error))
        except (Superseded, *TRANSIENT_ERRORS, OSError):
            raise
        except Exception as error:
            logger().error("media_job_failed", medium_id=job.medium_id, exc_info=error)
            await self._try_failed(job, "fault", type(error).__name__)

    async def _attempt(self, job: ProcessingJob, report: Callable[[int], None]) -> None:
        began = time.monotonic()
        medium = (await self._store.media([job.medium_id])).get(job.medium_id)
        upload = await self._store.upload(job.medium_id)
        if medium is None or upload is None or medium.state is not MediumState.PROCESSING:
            raise Superseded("the medium was deleted")
        with self._folders.make() as folder:
            await self._storage.fetch(
                upload.object_key, folder / protocol.INPUT, max_bytes=upload.size_bytes
            )
            seconds, per_mib = _SECONDS[job.kind]
            processed = await self._program.run(
                folder, seconds=seconds + per_mib * upload.size_bytes / (1 << 20), report=report
            )
            out = folder / protocol.OUT
            processed = await asyncio.to_thread(outputs.checked, processed, out)
            await self._publish(job, medium, processed, out)
        _seconds.labels(processed.kind.name.lower()).observe(time.monotonic() - began)

    async def _publish(
        self, job: ProcessingJob, medium: Medium, processed: Processed, out: Path
    ) -> None:
        files = tuple(each.file for each in processed.files)
        async with writing.new_folder(
            self._store, medium=medium, access=Access.CLOSED, files=files, clock=self._clock
        ) as folder:
            for each in processed.files:
                await self._storage.put(
                    f"{folder.path}/{each.file}", out / each.file, content_type=each.content_type
                )

            async def publish(transaction: MediaTransaction) -> None:
                await writing.publish(transaction, folder)
                await self._end(
                    transaction,
                    job,
                    state=MediumState.READY,
                    processed=processed,
                    progress=100,
                    folder=folder.path,
                )

            await in_transaction(self._store.transaction, _owned(job, publish))
        _processed.labels(processed.kind.name.lower(), "").inc()
        await self._wake_ups.announce(job.medium_id)

    async def _fail(self, job: ProcessingJob, reason: str) -> None:
        async def fail(transaction: MediaTransaction) -> None:
            await self._end(transaction, job, state=MediumState.FAILED, failure=reason)

        await in_transaction(self._store.transaction, _owned(job, fail))
        _processed.labels(job.kind.name.lower(), reason).inc()
        await self._wake_ups.announce(job.medium_id)

    async def _end(
        self, transaction: MediaTransaction, job: ProcessingJob, **fields: object
    ) -> None:
        """Ends job and medium together, and dooms the upload. Raises Superseded."""
        medium = (await transaction.lock_media(job.owner_id, [job.medium_id])).get(job.medium_id)
        if medium is None:
            raise Superseded("the medium was deleted")
        if not await transaction.finish_job(job):
            raise Superseded("the lease was lost")
        ended = medium.changed(**fields)
        await transaction.save_medium(ended)
        await doom_upload(transaction, ended, self._clock.now())
        await transaction.emit(MediumProcessed(ended))

    async def _try_failed(self, job: ProcessingJob, cause: str, details: str) -> None:
        _failed_tries.labels(cause).inc()
        logger().warning(
            "media_try_failed",
            medium_id=job.medium_id,
            attempt=job.attempts,
            cause=cause,
            details=details[-500:],
        )
        if job.attempts >= MAX_ATTEMPTS:
            await self._fail(job, GIVEN_UP)
        else:
            await self._store.retry_job(job, self._after_pause(job))

    def _after_pause(self, job: ProcessingJob) -> datetime:
        pause = spread(doubled(*_PAUSE_SECONDS, max(job.attempts - 1, 0)))
        return self._clock.now() + timedelta(seconds=pause)


def _owned(
    job: ProcessingJob, effect: Callable[[MediaTransaction], Awaitable[None]]
) -> Callable[[MediaTransaction], Awaitable[None]]:
    """The effect after the owner was locked."""

    async def run(transaction: MediaTransaction) -> None:
        await transaction.lock_owner(job.owner_id)
        await effect(transaction)

    return run

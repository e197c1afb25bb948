"""What becomes of a medium: READY with its files, FAILED with a reason, or tried again."""

from __future__ import annotations

import errno
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from roost.media.v1.media_events_pb2 import MediumProcessed

from services.media.domain.limits import MAX_ATTEMPTS
from services.media.domain.model import MediumState
from services.media.domain.processing import Kind, Rejected
from services.media.worker.jailed_process import TryFailed
from services.media.worker.runner import LEASE
from tests.builders.media import a_picture
from tests.builders.media_worker import ALL_KINDS, World

FILES = ["320.webp", "compat.jpg"]


def processed_events(world: World) -> list[MediumProcessed]:
    events = world.store.database.published  # type: ignore[attr-defined]
    name = MediumProcessed.DESCRIPTOR.full_name
    return [MediumProcessed.FromString(each.payload) for each in events if each.type == name]


async def test_processed_medium_is_ready_in_a_folder_of_its_own(world: World) -> None:
    medium = await world.uploaded()

    assert await world.worker.process()

    ready = await world.current(medium)
    assert (ready.state, ready.progress, ready.failure) == (MediumState.READY, 100, "")
    assert ready.processed == a_picture()
    assert ready.folder.startswith("p/")
    stored = {key: each.content_type for key, each in world.storage.stored.items()}
    assert stored[f"{ready.folder}/320.webp"] == "image/webp"
    assert stored[f"{ready.folder}/compat.jpg"] == "image/jpeg"
    assert not await world.worker.process()


async def test_end_of_processing_is_published_once_and_announced(world: World) -> None:
    medium = await world.uploaded()

    await world.worker.process()

    (event,) = processed_events(world)
    assert event.medium.id == medium.id
    assert [each.file for each in event.medium.variants] == FILES
    assert world.announced.medium_ids == [medium.id]


async def test_original_is_deleted_after_processing(world: World) -> None:
    medium = await world.uploaded()
    await world.worker.process()

    await world.worker.sweep.delete_doomed()

    assert not [key for key in world.storage.stored if key.startswith("u/")]
    assert await world.upload(medium) is None


async def test_refused_file_fails_at_once_with_its_reason(world: World) -> None:
    medium = await world.uploaded()
    world.program.results = [Rejected("MEDIA_TOO_MANY_FRAMES", {"limit": "600"})]

    await world.worker.process()

    failed = await world.current(medium)
    assert (failed.state, failed.failure) == (MediumState.FAILED, "MEDIA_TOO_MANY_FRAMES")
    assert world.program.runs == 1
    (event,) = processed_events(world)
    assert event.medium.failure == "MEDIA_TOO_MANY_FRAMES"
    await world.settle()
    await world.check([medium])
    assert not world.storage.stored


async def test_medium_fails_after_the_last_try(world: World) -> None:
    medium = await world.uploaded()
    world.program.results = [TryFailed("sigxcpu")] * (MAX_ATTEMPTS + 1)

    await world.settle()

    failed = await world.current(medium)
    assert (failed.state, failed.failure) == (MediumState.FAILED, "MEDIA_PROCESSING_FAILED")
    assert world.program.runs == MAX_ATTEMPTS
    assert not world.storage.stored


async def test_failed_try_waits_before_the_next(world: World) -> None:
    medium = await world.uploaded()
    world.program.results = [TryFailed("sigsegv")]

    await world.worker.process()

    assert not await world.worker.process()
    world.clock.advance(timedelta(minutes=1))
    assert await world.worker.process()
    assert (await world.current(medium)).state is MediumState.READY


async def test_tries_of_workers_that_died_count(world: World) -> None:
    medium = await world.uploaded()
    for _ in range(MAX_ATTEMPTS):
        now = world.clock.now()
        assert await world.store.lease_job(
            "dead", kinds=ALL_KINDS.kinds, now=now, lease_end=now + LEASE
        )
        world.clock.advance(LEASE)

    await world.worker.process()

    failed = await world.current(medium)
    assert (failed.state, failed.failure) == (MediumState.FAILED, "MEDIA_PROCESSING_FAILED")
    assert world.program.runs == 0


async def test_outage_of_the_object_store_is_not_the_fault_of_the_file(world: World) -> None:
    medium = await world.uploaded()
    world.storage.away = True
    for _ in range(MAX_ATTEMPTS * 2):
        await world.worker.process()
        world.clock.advance(timedelta(minutes=3))
    assert (await world.current(medium)).state is MediumState.PROCESSING

    world.storage.away = False
    await world.worker.process()

    assert (await world.current(medium)).state is MediumState.READY


async def test_medium_fails_at_its_deadline_whatever_the_cause(world: World) -> None:
    medium = await world.uploaded()
    world.storage.away = True
    await world.worker.process()
    world.clock.advance(timedelta(hours=3))

    await world.worker.process()

    failed = await world.current(medium)
    assert (failed.state, failed.failure) == (MediumState.FAILED, "MEDIA_PROCESSING_FAILED")


async def test_fault_of_ours_is_a_failed_try(world: World) -> None:
    medium = await world.uploaded()
    world.program.results = [KeyError("fault"), KeyError("fault"), KeyError("fault")]

    await world.settle()

    assert (await world.current(medium)).failure == "MEDIA_PROCESSING_FAILED"


@pytest.mark.parametrize("reason", ["", "NOT_A_REASON", "HANDLE_TAKEN"])
async def test_program_cannot_make_up_a_reason(world: World, reason: str) -> None:
    medium = await world.uploaded()
    world.program.results = [Rejected(reason)]

    await world.worker.process()

    assert (await world.current(medium)).state is MediumState.PROCESSING


@pytest.mark.parametrize(
    "impossible",
    [
        {"width": 1 << 40},
        {"height": -1},
        {"content_type": "text/html"},
        {"blurhash": "a\0b"},
        {"blurhash": "x" * 200},
        {"dominant_color": "red"},
        {"duration_ms": 1 << 60},
        {"frame_rate": float("nan")},
        {"waveform": bytes(101)},
        {"files": a_picture().files[:1]},
        {"files": a_picture().files + a_picture().files[:1]},
        {
            "files": (
                msgspec.structs.replace(a_picture().files[0], file="../x"),
                a_picture().files[1],
            )
        },
        {
            "files": (
                msgspec.structs.replace(a_picture().files[0], content_type="text/html"),
                a_picture().files[1],
            )
        },
        {"kind": Kind.VIDEO},
    ],
)
async def test_properties_that_no_file_has_are_refused(
    world: World, impossible: dict[str, Any]
) -> None:
    medium = await world.uploaded()
    world.program.results = [msgspec.structs.replace(a_picture(), **impossible)]

    await world.worker.process()

    assert (await world.current(medium)).state is MediumState.PROCESSING
    assert [key for key in world.storage.stored if not key.startswith("u/")] == []


async def test_full_disk_is_not_the_fault_of_the_file(world: World) -> None:
    medium = await world.uploaded()
    world.program.results = [OSError(errno.ENOSPC, "No space left on device")] * 5

    await world.settle()

    assert (await world.current(medium)).state is MediumState.READY
    assert world.program.runs == 6


def _link(out: Path) -> None:
    (out / "320.webp").unlink()
    (out / "320.webp").symlink_to("/etc/hostname")


def _hard_link(out: Path) -> None:
    os.link(out / "compat.jpg", out / "second")


def _no_file(out: Path) -> None:
    (out / "320.webp").unlink()


def _empty(out: Path) -> None:
    (out / "320.webp").write_bytes(b"")


def _folder(out: Path) -> None:
    (out / "320.webp").unlink()
    (out / "320.webp").mkdir()


@pytest.mark.parametrize("write", [_link, _hard_link, _no_file, _empty, _folder])
async def test_nothing_is_stored_of_a_result_that_is_not_regular_files(
    world: World, write: object
) -> None:
    medium = await world.uploaded()
    world.program.write = write  # type: ignore[assignment]

    await world.worker.process()

    assert (await world.current(medium)).state is MediumState.PROCESSING
    assert [key for key in world.storage.stored if not key.startswith("u/")] == []


async def test_medium_that_is_deleted_meanwhile_leaves_nothing(world: World) -> None:
    medium = await world.uploaded()
    put = world.storage.put

    async def delete_first(*given: object, **named: object) -> None:
        await put(*given, **named)  # type: ignore[arg-type]
        await world.worker.audiences.account_deleted(world.alice, world.clock.now())

    world.storage.put = delete_first  # type: ignore[method-assign]

    await world.worker.process()

    assert await world.find(medium) is None
    await world.settle()
    await world.check()
    assert not world.storage.stored
    assert not processed_events(world)


async def test_worker_that_lost_its_lease_changes_nothing(world: World) -> None:
    medium = await world.uploaded()
    run = world.program.run

    async def lose_lease(*given: object, **named: object) -> object:
        world.clock.advance(timedelta(minutes=5))
        now = world.clock.now()
        assert await world.store.lease_job(
            "other", kinds=ALL_KINDS.kinds, now=now, lease_end=now + LEASE
        )
        return await run(*given, **named)  # type: ignore[arg-type]

    world.program.run = lose_lease  # type: ignore[method-assign]

    await world.worker.process()

    assert (await world.current(medium)).state is MediumState.PROCESSING
    assert not processed_events(world)
    world.program.run = run  # type: ignore[method-assign]
    await world.settle()
    await world.check([medium])
    assert len(world.storage.stored) == len(FILES)

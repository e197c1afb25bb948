"""What expired or is doomed is deleted, and an upload that may be complete is never aborted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from services.media.adapters.memory.storage import MemoryObject
from services.media.domain.model import Medium, MediumState, Upload, UploadState, Usage
from services.media.domain.uploads import day_of
from services.media.worker.orphans import AGE, Orphans
from tests.builders.media import START, a_medium, an_upload
from tests.builders.media_worker import BYTES, World


async def begun(world: World, state: UploadState = UploadState.OPEN) -> tuple[Medium, Upload]:
    """An upload of one part, which the object store received."""
    medium = a_medium(world.numbers.of(world.alice), world.alice, size_bytes=len(BYTES))
    upload = an_upload(medium, state=state)
    multipart_id = await world.storage.create_multipart(upload.object_key)
    upload = replace(upload, multipart_id=multipart_id)
    (address,) = await world.storage.part_addresses(
        upload.object_key, multipart_id, [(1, len(BYTES))], lifetime=timedelta(hours=1)
    )
    world.storage.upload(address, BYTES)
    async with world.store.transaction() as transaction:
        await transaction.lock_owner(world.alice)
        await transaction.add_medium(medium)
        await transaction.add_upload(upload)
    return medium, upload


async def join(world: World, upload: Upload) -> None:
    parts = await world.storage.parts(upload.object_key, upload.multipart_id)
    await world.storage.complete_multipart(upload.object_key, upload.multipart_id, parts)


@pytest.fixture
def aborted(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The multipart uploads that were aborted."""
    calls: list[str] = []
    abort = world.storage.abort_multipart

    async def noted(key: str, multipart_id: str) -> None:
        calls.append(multipart_id)
        await abort(key, multipart_id)

    monkeypatch.setattr(world.storage, "abort_multipart", noted)
    return calls


async def test_upload_that_nobody_completed_is_aborted_after_a_day(
    world: World, aborted: list[str]
) -> None:
    medium, upload = await begun(world)
    await world.worker.sweep.expire()
    assert await world.find(medium) is not None

    world.clock.advance(timedelta(hours=24))
    await world.settle()

    await world.check()
    assert await world.find(medium) is None
    assert await world.upload(medium) is None
    assert aborted == [upload.multipart_id]
    assert not await world.storage.multiparts("u/")


async def test_upload_that_was_joined_is_deleted_and_not_aborted(
    world: World, aborted: list[str]
) -> None:
    medium, upload = await begun(world, UploadState.COMPLETING)
    await join(world, upload)
    await world.worker.audiences.account_deleted(world.alice, world.clock.now())

    await world.settle()

    await world.check()
    assert await world.find(medium) is None
    assert not world.storage.stored
    assert not aborted


async def test_upload_whose_completion_was_interrupted_is_processed(world: World) -> None:
    medium, upload = await begun(world, UploadState.COMPLETING)
    await join(world, upload)

    world.clock.advance(timedelta(minutes=6))
    await world.settle()

    await world.check([medium])
    assert (await world.current(medium)).state is MediumState.READY


async def test_upload_whose_completion_did_not_happen_is_open_again(world: World) -> None:
    medium, _ = await begun(world, UploadState.COMPLETING)

    world.clock.advance(timedelta(minutes=6))
    await world.worker.sweep.expire()

    upload = await world.upload(medium)
    assert upload is not None
    assert upload.state is UploadState.OPEN


async def test_attached_medium_does_not_expire(world: World) -> None:
    medium = await world.attached(world.numbers.of(world.alice))

    world.clock.advance(timedelta(days=30))
    await world.worker.sweep.expire()

    assert await world.find(medium) is not None


async def test_failed_deletion_is_repeated(world: World) -> None:
    await world.ready()
    await world.worker.audiences.account_deleted(world.alice, world.clock.now())
    world.storage.away = True
    await world.worker.sweep.delete_doomed()
    world.storage.away = False
    await world.worker.sweep.delete_doomed()
    assert world.storage.stored

    await world.settle()

    assert not world.storage.stored
    await world.check()


async def test_old_usage_is_deleted(world: World) -> None:
    async with world.store.transaction() as transaction:
        await transaction.lock_owner(world.alice)
        await transaction.add_usage(world.alice, day_of(START), 7)

    await world.worker.sweep.prune()
    assert await world.store.usage(world.alice, day_of(START)) == Usage(7, 1)

    world.clock.advance(timedelta(days=9))
    await world.worker.sweep.prune()
    assert await world.store.usage(world.alice, day_of(START)) == Usage()


async def full_pass(orphans: Orphans) -> int:
    """A pass through all prefixes; each has one page."""
    return sum([await orphans.round() for _ in range(3)])


async def test_orphans_are_counted_and_removed(world: World) -> None:
    medium = await world.ready()
    _, upload = await begun(world)
    kept = set(world.storage.stored)
    for key in ("u/lost", "m/lost/320.webp", "p/lost/320.webp", "p/stray"):
        world.storage.stored[key] = MemoryObject(b"x", "x/y", world.clock.now())
    lost = await world.storage.create_multipart("u/other")
    second = await world.storage.create_multipart(upload.object_key)
    world.clock.advance(AGE + timedelta(seconds=1))

    assert await full_pass(world.worker.orphans) == 6

    assert set(world.storage.stored) == kept
    ids = [each.multipart_id for each in await world.storage.multiparts("u/")]
    assert ids == [upload.multipart_id]
    assert not {lost, second} & set(ids)
    assert _gauge() == 6
    assert await full_pass(world.worker.orphans) == 0
    assert _gauge() == 0
    assert await world.find(medium) is not None


async def test_young_objects_are_no_orphans(world: World) -> None:
    world.storage.stored["u/young"] = MemoryObject(b"x", "x/y", world.clock.now())
    await world.storage.create_multipart("u/young")

    assert await full_pass(world.worker.orphans) == 0


async def test_orphans_are_found_on_every_page(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.media.worker.orphans.PAGE", 2)
    for number in range(5):
        key = f"p/lost-{number}/320.webp"
        world.storage.stored[key] = MemoryObject(b"x", "x/y", world.clock.now())
    world.clock.advance(AGE + timedelta(seconds=1))

    for _ in range(6):
        await world.worker.orphans.round()

    assert not world.storage.stored
    assert _gauge() == 5


def _gauge() -> float | None:
    return REGISTRY.get_sample_value("roost_media_orphans")

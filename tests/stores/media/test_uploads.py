"""Uploads: the rows that account for the objects under `u/`."""

from dataclasses import replace
from datetime import timedelta

from services.media.domain.model import Upload, UploadState
from tests.builders.media import START
from tests.stores.media.conftest import Scenario

LATER = START + timedelta(minutes=10)


async def save(scenario: Scenario, upload: Upload) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.lock_upload(upload.owner_id, upload.medium_id)
        await transaction.save_upload(upload)


async def test_upload_is_read_as_it_was_stored(scenario: Scenario) -> None:
    medium = await scenario.add(scenario.alice)
    upload = await scenario.upload(medium)

    assert await scenario.store.upload(medium.id) == upload
    assert await scenario.store.upload(5) is None


async def test_upload_is_locked_for_its_owner_alone(scenario: Scenario) -> None:
    upload = await scenario.upload(await scenario.add(scenario.alice))

    async with scenario.store.transaction() as transaction:
        assert await transaction.lock_upload(scenario.alice, upload.medium_id) == upload
    async with scenario.store.transaction() as transaction:
        assert await transaction.lock_upload(scenario.bob, upload.medium_id) is None


async def test_first_multipart_id_is_kept(scenario: Scenario) -> None:
    upload = await scenario.upload(await scenario.add(scenario.alice))

    assert await scenario.store.record_multipart(upload.medium_id, "first") == "first"
    assert await scenario.store.record_multipart(upload.medium_id, "second") == "first"
    stored = await scenario.store.upload(upload.medium_id)
    assert stored == replace(upload, multipart_id="first")


async def test_multipart_id_is_recorded_of_open_uploads_only(scenario: Scenario) -> None:
    upload = await scenario.upload(await scenario.add(scenario.alice))
    await save(scenario, upload.doomed(LATER))

    assert await scenario.store.record_multipart(upload.medium_id, "late") is None
    assert await scenario.store.record_multipart(5, "unknown") is None


async def test_saving_does_not_undo_the_multipart_id(scenario: Scenario) -> None:
    upload = await scenario.upload(await scenario.add(scenario.alice))
    await scenario.store.record_multipart(upload.medium_id, "first")

    await save(scenario, replace(upload, state=UploadState.COMPLETING))

    stored = await scenario.store.upload(upload.medium_id)
    assert stored == replace(upload, state=UploadState.COMPLETING, multipart_id="first")


async def test_stuck_uploads_are_completing_for_long(scenario: Scenario) -> None:
    stuck = await scenario.upload(await scenario.add(scenario.alice))
    recent = await scenario.upload(await scenario.add(scenario.alice))
    await scenario.upload(await scenario.add(scenario.alice))
    await save(scenario, replace(stuck, state=UploadState.COMPLETING))
    scenario.clock.advance(timedelta(minutes=5))
    await save(scenario, replace(recent, state=UploadState.COMPLETING))

    found = await scenario.store.stuck_uploads(START + timedelta(minutes=1), 5)

    assert [each.medium_id for each in found] == [stuck.medium_id]


async def test_doomed_uploads_are_due_at_their_time(scenario: Scenario) -> None:
    second = await scenario.upload(await scenario.add(scenario.alice))
    first = await scenario.upload(await scenario.add(scenario.bob))
    await scenario.upload(await scenario.add(scenario.alice))
    await save(scenario, second.doomed(LATER))
    await save(scenario, first.doomed(START))

    assert [each.medium_id for each in await scenario.store.doomed_uploads(START, 5)] == [
        first.medium_id
    ]
    assert [each.medium_id for each in await scenario.store.doomed_uploads(LATER, 5)] == [
        first.medium_id,
        second.medium_id,
    ]


async def test_deletion_of_a_doomed_upload_is_postponed(scenario: Scenario) -> None:
    upload = await scenario.upload(await scenario.add(scenario.alice))
    await save(scenario, upload.doomed(START))

    await scenario.store.postpone_upload(upload.medium_id, LATER)

    assert await scenario.store.doomed_uploads(START, 5) == []
    assert await scenario.store.doomed_uploads(LATER, 5) == [upload.doomed(LATER)]


async def test_row_of_an_upload_is_deleted_only_if_it_is_doomed(scenario: Scenario) -> None:
    upload = await scenario.upload(await scenario.add(scenario.alice))

    await scenario.store.delete_upload(upload.medium_id)
    assert await scenario.store.upload(upload.medium_id) == upload

    await save(scenario, upload.doomed(START))
    await scenario.store.delete_upload(upload.medium_id)
    assert await scenario.store.upload(upload.medium_id) is None


async def test_uploads_are_found_by_their_objects(scenario: Scenario) -> None:
    upload = await scenario.upload(await scenario.add(scenario.alice))

    assert await scenario.store.uploads_of([upload.object_key, "u/unknown"]) == [upload]
    assert await scenario.store.uploads_of([]) == []

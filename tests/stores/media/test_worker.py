"""The worker with the program that decodes, on PostgreSQL and SeaweedFS."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from local.parts.seaweedfs import S3
from services.chassis.runtime.clock import SystemClock
from services.chassis.storage import postgres
from services.media.adapters import s3 as s3_adapter
from services.media.adapters.postgres import PostgresMediaStore
from services.media.adapters.s3 import S3Storage
from services.media.domain.model import Medium, MediumState
from services.media.domain.uploads import Uploads, draft
from services.media.rpc.events import describe
from services.media.worker.jailed_process import JailedProcess
from tests.builders.media_worker import World
from tests.builders.posts import Numbers
from tests.stores.media.test_storage import connected, put_over_http
from tests.waiting import LIMIT


class UploadIds(Numbers):
    """Ids of media."""

    async def make(self, bucket: int) -> int:
        return self._next(bucket)


class RealWorld(World):
    """A world with the real object store and the real program."""

    def __init__(self, store: PostgresMediaStore, storage: S3Storage, folder: Path) -> None:
        super().__init__(store, SystemClock(), folder, storage=storage, program=JailedProcess())
        self.uploads = Uploads(store=store, storage=storage, ids=UploadIds(), clock=SystemClock())

    async def begin(self, content: bytes, content_type: str) -> Medium:
        """Uploads a file as a client does."""
        async with self.store.transaction() as transaction:
            wanted = draft(content_type, len(content), "")
            medium_id = await self.uploads.start(transaction, self.alice, wanted)
        opened = await self.uploads.open(self.alice, medium_id)
        for part in opened.parts:
            await put_over_http(part.url, content)
        return await self.uploads.complete(self.alice, medium_id, ())


@pytest.fixture
async def real(
    empty_url: str, s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[RealWorld]:
    for name in ("CALL_SECONDS", "TRANSFER_SECONDS", "CONNECT_SECONDS", "READ_SECONDS"):
        monkeypatch.setattr(s3_adapter, name, LIMIT)
    async with postgres.connect(empty_url) as database, connected(s3) as storage:
        yield RealWorld(PostgresMediaStore(database, describe=describe), storage, tmp_path)


def a_jpeg() -> bytes:
    """A picture that its metadata rotate, with a place in its metadata."""
    picture = Image.linear_gradient("L").resize((600, 400)).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    file = BytesIO()
    picture.save(file, "JPEG", exif=exif)
    return file.getvalue()


async def test_uploaded_picture_becomes_files_without_metadata(
    real: RealWorld, tmp_path: Path
) -> None:
    medium = await real.begin(a_jpeg(), "image/jpeg")
    assert medium.state is MediumState.PROCESSING

    assert await real.worker.process()

    ready = await real.current(medium)
    assert ready.state is MediumState.READY
    assert ready.processed is not None
    assert (ready.processed.width, ready.processed.height) == (400, 600)
    for each in ready.processed.files:
        target = tmp_path / each.file
        await real.storage.fetch(f"{ready.folder}/{each.file}", target, max_bytes=1 << 20)
        assert target.stat().st_size == each.size_bytes
        with Image.open(target) as picture:
            assert picture.size == (each.width, each.height)
            assert not picture.getexif()


async def test_original_is_gone_after_processing(real: RealWorld) -> None:
    medium = await real.begin(a_jpeg(), "image/jpeg")
    upload = await real.upload(medium)
    assert upload is not None
    await real.worker.process()

    await real.worker.sweep.delete_doomed()

    assert await real.storage.size(upload.object_key) is None
    assert await real.upload(medium) is None


async def test_file_that_is_no_picture_is_refused_whatever_its_declared_type(
    real: RealWorld,
) -> None:
    medium = await real.begin(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/png")

    await real.worker.process()

    failed = await real.current(medium)
    assert (failed.state, failed.failure) == (MediumState.FAILED, "MEDIA_TYPE_NOT_ALLOWED")


async def test_next_job_is_unaffected_by_a_file_that_cannot_be_decoded(real: RealWorld) -> None:
    cut = await real.begin(a_jpeg()[:1_000], "image/jpeg")
    whole = await real.begin(a_jpeg(), "image/jpeg")

    await real.worker.process()
    await real.worker.process()

    assert (await real.current(cut)).failure == "MEDIA_CORRUPT"
    assert (await real.current(whole)).state is MediumState.READY


async def test_deleted_account_leaves_nothing_in_the_object_store(real: RealWorld) -> None:
    medium = await real.begin(a_jpeg(), "image/jpeg")
    await real.worker.process()
    folder = (await real.current(medium)).folder

    await real.worker.audiences.account_deleted(real.alice, real.clock.now())
    await real.worker.sweep.delete_doomed()

    assert not await real.storage.objects(f"{folder}/", limit=10)
    assert await real.store.existing_folders([folder.split("/")[1]]) == []


async def test_orphans_are_found_in_the_object_store(
    real: RealWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.media.worker.orphans.AGE", timedelta(0))
    medium = await real.begin(a_jpeg(), "image/jpeg")
    await real.worker.process()
    file = tmp_path / "lost"
    file.write_bytes(b"x")
    await real.storage.put("p/lost-folder/320.webp", file, content_type="image/webp")
    lost = await real.storage.create_multipart("u/lost-upload")

    for _ in range(3):
        await real.worker.orphans.round()

    assert await real.storage.size("p/lost-folder/320.webp") is None
    assert lost not in [each.multipart_id for each in await real.storage.multiparts("u/")]
    ready = await real.current(medium)
    assert await real.storage.size(f"{ready.folder}/320.webp")

"""Uploads through a channel: they begin, resume, complete once, and end."""

import asyncio

import pytest
from roost.media.v1 import media_service_pb2 as rpc
from roost.media.v1.media_pb2 import (
    MEDIUM_STATE_FAILED,
    MEDIUM_STATE_PROCESSING,
    MEDIUM_STATE_READY,
    MEDIUM_STATE_WAITING,
)

from services.chassis.runtime.errors import (
    NotFound,
    RuleBroken,
    TooMany,
    Unauthenticated,
    Unavailable,
    WrongState,
)
from services.media.domain.errors import StorageUnavailable
from services.media.domain.limits import (
    MAX_DAY_BYTES,
    MAX_DAY_UPLOADS,
    PART_BYTES,
    PROCESSING_DEADLINE,
    UNATTACHED,
)
from services.media.domain.model import AccountState, UploadState
from services.media.domain.processing import Kind
from services.media.domain.uploads import Uploads, day_of
from tests.servicers.grpc_server import raises_reason
from tests.servicers.media.conftest import Scenario

MIB = 1 << 20


def settled_by(scenario: Scenario) -> Uploads:
    """What the worker settles stuck uploads with."""
    return Uploads(
        store=scenario.store,
        storage=scenario.storage,
        ids=None,  # type: ignore[arg-type]
        clock=scenario.clock,
    )


async def uploaded_today(scenario: Scenario, uploads: int) -> None:
    """Counts uploads of one byte for alice."""
    async with scenario.store.transaction() as transaction:
        for _ in range(uploads):
            await transaction.add_usage(scenario.alice, day_of(scenario.clock.now()), 1)


async def upload_state(scenario: Scenario, medium_id: int) -> UploadState | None:
    upload = await scenario.store.upload(medium_id)
    return None if upload is None else upload.state


async def test_small_upload_has_one_part(scenario: Scenario) -> None:
    started = await scenario.start(scenario.alice, b"picture", alt_text=" A heron \r\n")

    assert [(part.number, part.size_bytes) for part in started.parts] == [(1, 7)]
    assert started.parts[0].url
    assert list(started.upload.parts) == list(started.parts)
    assert started.upload.size_bytes == 7
    medium = await scenario.get(started.medium_id, scenario.alice)
    assert medium.state == MEDIUM_STATE_WAITING
    assert (medium.alt_text, medium.content_type) == ("A heron", "image/jpeg")
    assert medium.expire_time.ToDatetime() == started.upload.expire_time.ToDatetime()


async def test_large_upload_has_parts_of_8_mib(scenario: Scenario) -> None:
    started = await scenario.start(scenario.alice, content_type="video/mp4", size_bytes=100 * MIB)

    assert [part.size_bytes for part in started.parts] == [PART_BYTES] * 12 + [4 * MIB]
    assert [part.number for part in started.parts] == list(range(1, 14))


async def test_parameters_of_the_type_do_not_matter(scenario: Scenario) -> None:
    started = await scenario.start(
        scenario.alice, content_type='Audio/Ogg; codecs="opus"', size_bytes=100
    )

    medium = await scenario.get(started.medium_id, scenario.alice)
    assert medium.content_type == "audio/ogg"


@pytest.mark.parametrize("content_type", ["image/svg+xml", "application/pdf", "text/html"])
async def test_other_types_are_refused(scenario: Scenario, content_type: str) -> None:
    with raises_reason(RuleBroken, "MEDIA_TYPE_NOT_ALLOWED"):
        await scenario.start(scenario.alice, content_type=content_type)


@pytest.mark.parametrize(
    ("content_type", "limit"),
    [("image/png", 16 * MIB), ("image/gif", 16 * MIB), ("audio/flac", 40 * MIB)],
)
async def test_declared_type_picks_the_limit(
    scenario: Scenario, content_type: str, limit: int
) -> None:
    await scenario.start(scenario.alice, content_type=content_type, size_bytes=limit)

    with raises_reason(RuleBroken, "MEDIA_TOO_LARGE"):
        await scenario.start(scenario.alice, content_type=content_type, size_bytes=limit + 1)


async def test_description_follows_the_rules_of_texts(scenario: Scenario) -> None:
    family = "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}"
    await scenario.start(scenario.alice, alt_text=family * 1_500)

    with raises_reason(RuleBroken, "TEXT_TOO_LONG"):
        await scenario.start(scenario.alice, alt_text=family * 1_501)
    with raises_reason(RuleBroken, "TEXT_INVALID") as caught:
        await scenario.start(scenario.alice, alt_text="a\x00b")
    assert [each.field for each in caught.value.violations] == ["alt_text"]


async def test_repetition_of_the_request_gets_the_same_upload(scenario: Scenario) -> None:
    key = {"request_id": "5d3f3e0c-0001-4000-8000-000000000001"}
    first = await scenario.start(scenario.alice, **key)

    again = await scenario.start(scenario.alice, **key)

    assert again == first
    usage = await scenario.media(scenario.alice).GetUsage(rpc.GetUsageRequest())
    assert usage.day_uploads == 1


async def test_repetition_after_the_upload_returns_its_id(scenario: Scenario) -> None:
    key = {"request_id": "5d3f3e0c-0001-4000-8000-000000000002"}
    medium_id = await scenario.uploaded(scenario.alice, **key)

    again = await scenario.start(scenario.alice, **key)

    assert again == rpc.StartUploadResponse(medium_id=medium_id)


async def test_number_of_uploads_a_day_is_limited(scenario: Scenario) -> None:
    await uploaded_today(scenario, MAX_DAY_UPLOADS)

    with raises_reason(TooMany, "MEDIA_QUOTA_EXCEEDED") as caught:
        await scenario.start(scenario.alice)

    assert caught.value.metadata["limit"] == str(MAX_DAY_UPLOADS)
    # The clock shows noon.
    assert caught.value.retry_after == 12 * 3_600
    await scenario.start(scenario.bob)
    scenario.advance(hours=12)
    await scenario.start(scenario.alice)


async def test_bytes_of_a_day_are_limited(scenario: Scenario) -> None:
    for _ in range(10):
        await scenario.start(scenario.alice, content_type="video/mp4", size_bytes=100 * MIB)
    await scenario.start(scenario.alice, content_type="video/mp4", size_bytes=24 * MIB)

    with raises_reason(TooMany, "MEDIA_QUOTA_EXCEEDED") as caught:
        await scenario.start(scenario.alice, size_bytes=1)

    assert caught.value.metadata["limit"] == str(MAX_DAY_BYTES)
    usage = await scenario.media(scenario.alice).GetUsage(rpc.GetUsageRequest())
    assert (usage.day_bytes, usage.day_uploads) == (MAX_DAY_BYTES, 11)


async def test_concurrent_uploads_do_not_exceed_the_quota(scenario: Scenario) -> None:
    await uploaded_today(scenario, MAX_DAY_UPLOADS - 5)

    results = await asyncio.gather(
        *(scenario.start(scenario.alice) for _ in range(10)), return_exceptions=True
    )

    assert sum(isinstance(each, TooMany) for each in results) == 5


async def test_deleted_account_uploads_nothing(scenario: Scenario) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.save_account(
            scenario.alice, AccountState(False, scenario.clock.now(), deleted=True)
        )

    with raises_reason(Unauthenticated, "TOKEN_INVALID"):
        await scenario.start(scenario.alice)


async def test_upload_is_resumed(scenario: Scenario) -> None:
    first, second = b"a" * PART_BYTES, b"b"
    started = await scenario.start(
        scenario.alice, content_type="video/mp4", size_bytes=PART_BYTES + 1
    )
    etag = scenario.storage.upload(started.parts[0].url, first)
    request = rpc.GetUploadRequest(medium_id=started.medium_id)

    resumed = (await scenario.media(scenario.alice).GetUpload(request)).upload

    assert [(part.number, part.etag, bool(part.url)) for part in resumed.parts] == [
        (1, etag, False),
        (2, "", True),
    ]
    scenario.storage.upload(resumed.parts[1].url, second)
    medium = await scenario.complete(scenario.alice, started.medium_id)
    assert medium.state == MEDIUM_STATE_PROCESSING


async def test_repetition_continues_after_the_store_was_away(scenario: Scenario) -> None:
    key = {"request_id": "5d3f3e0c-0001-4000-8000-000000000003"}
    scenario.storage.away = True
    with raises_reason(Unavailable, "DEPENDENCY_UNAVAILABLE"):
        await scenario.start(scenario.alice, **key)
    scenario.storage.away = False

    started = await scenario.start(scenario.alice, **key)

    assert started.parts[0].url
    usage = await scenario.media(scenario.alice).GetUsage(rpc.GetUsageRequest())
    assert usage.day_uploads == 1


async def test_concurrent_calls_create_one_multipart_upload(scenario: Scenario) -> None:
    key = {"request_id": "5d3f3e0c-0001-4000-8000-000000000004"}
    scenario.storage.away = True
    with pytest.raises(Unavailable):
        await scenario.start(scenario.alice, **key)
    scenario.storage.away = False
    (medium_id,) = scenario.store.database.tables.media
    request = rpc.GetUploadRequest(medium_id=medium_id)

    await asyncio.gather(*(scenario.media(scenario.alice).GetUpload(request) for _ in range(5)))

    assert len(await scenario.storage.multiparts("u/")) == 1


async def test_upload_exists_for_its_owner_alone(scenario: Scenario) -> None:
    started = await scenario.start(scenario.alice)
    other = scenario.media(scenario.bob)

    for call, request in (
        (other.GetUpload, rpc.GetUploadRequest(medium_id=started.medium_id)),
        (other.CompleteUpload, rpc.CompleteUploadRequest(medium_id=started.medium_id)),
        (other.AbortUpload, rpc.AbortUploadRequest(medium_id=started.medium_id)),
    ):
        with raises_reason(NotFound, "UPLOAD_NOT_FOUND"):
            await call(request)


async def test_complete_upload_is_processed(scenario: Scenario) -> None:
    started = await scenario.start(scenario.alice)
    etag = scenario.storage.upload(started.parts[0].url, b"picture")
    scenario.advance(hours=1)

    medium = await scenario.complete(scenario.alice, started.medium_id, part_etags=[f'"{etag}"'])

    assert medium.state == MEDIUM_STATE_PROCESSING
    now = scenario.clock.now()
    assert medium.expire_time.ToDatetime() == (now + UNATTACHED).replace(tzinfo=None)
    job = scenario.store.database.tables.jobs[started.medium_id]
    assert (job.kind, job.deadline) == (Kind.PICTURE, now + PROCESSING_DEADLINE)
    upload = await scenario.store.upload(started.medium_id)
    assert upload is not None
    assert scenario.storage.stored[upload.object_key].content == b"picture"


async def test_missing_parts_are_named(scenario: Scenario) -> None:
    started = await scenario.start(
        scenario.alice, content_type="video/mp4", size_bytes=2 * PART_BYTES + 1
    )
    scenario.storage.upload(started.parts[1].url, b"b" * PART_BYTES)

    with raises_reason(WrongState, "UPLOAD_INCOMPLETE") as caught:
        await scenario.complete(scenario.alice, started.medium_id)

    assert "1, 3" in caught.value.message
    assert await upload_state(scenario, started.medium_id) is UploadState.OPEN


@pytest.mark.parametrize("etags", [["0" * 32], ["0" * 32, "1" * 32]])
async def test_other_etags_are_incomplete(scenario: Scenario, etags: list[str]) -> None:
    started = await scenario.start(scenario.alice)
    scenario.storage.upload(started.parts[0].url, b"picture")

    with raises_reason(WrongState, "UPLOAD_INCOMPLETE"):
        await scenario.complete(scenario.alice, started.medium_id, part_etags=etags)

    await scenario.complete(scenario.alice, started.medium_id)


async def test_too_many_etags_are_incomplete(scenario: Scenario) -> None:
    started = await scenario.start(scenario.alice)
    etag = scenario.storage.upload(started.parts[0].url, b"picture")

    with raises_reason(WrongState, "UPLOAD_INCOMPLETE"):
        await scenario.complete(scenario.alice, started.medium_id, part_etags=[etag, etag])


async def test_completing_is_idempotent_in_every_state(scenario: Scenario) -> None:
    medium_id = await scenario.uploaded(scenario.alice)
    again = await scenario.complete(scenario.alice, medium_id)
    assert again.state == MEDIUM_STATE_PROCESSING
    assert len(scenario.store.database.tables.jobs) == 1

    await scenario.process(medium_id)
    assert (await scenario.complete(scenario.alice, medium_id)).state == MEDIUM_STATE_READY

    upload = await scenario.store.upload(medium_id)
    assert upload is not None
    await scenario.store.delete_upload(medium_id)
    assert (await scenario.complete(scenario.alice, medium_id)).state == MEDIUM_STATE_READY


async def test_concurrent_completions_make_one_job(scenario: Scenario) -> None:
    started = await scenario.start(scenario.alice)
    scenario.storage.upload(started.parts[0].url, b"picture")

    found = await asyncio.gather(
        *(scenario.complete(scenario.alice, started.medium_id) for _ in range(5))
    )

    assert {each.state for each in found} == {MEDIUM_STATE_PROCESSING}
    assert {each.etag for each in found} == {"2"}
    assert len(scenario.store.database.tables.jobs) == 1


async def test_failed_medium_is_returned_as_failed(scenario: Scenario) -> None:
    medium_id = await scenario.uploaded(scenario.alice)
    await scenario.process(medium_id, failure="MEDIA_CORRUPT")

    medium = await scenario.complete(scenario.alice, medium_id)

    assert (medium.state, medium.failure) == (MEDIUM_STATE_FAILED, "MEDIA_CORRUPT")


async def test_completion_continues_after_a_crash_behind_the_store(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = await scenario.start(scenario.alice)
    scenario.storage.upload(started.parts[0].url, b"picture")
    with monkeypatch.context() as patched:
        patched.setattr(scenario.storage, "size", _away)
        with pytest.raises(Unavailable):
            await scenario.complete(scenario.alice, started.medium_id)
    assert await upload_state(scenario, started.medium_id) is UploadState.COMPLETING

    medium = await scenario.complete(scenario.alice, started.medium_id)

    assert medium.state == MEDIUM_STATE_PROCESSING


async def _away(*_: object) -> None:
    raise StorageUnavailable


async def test_upload_that_may_be_complete_is_not_aborted(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = await scenario.start(scenario.alice)
    scenario.storage.upload(started.parts[0].url, b"picture")
    with monkeypatch.context() as patched:
        patched.setattr(scenario.storage, "complete_multipart", _away)
        with pytest.raises(Unavailable):
            await scenario.complete(scenario.alice, started.medium_id)

    with raises_reason(NotFound, "UPLOAD_NOT_FOUND"):
        await scenario.media(scenario.alice).AbortUpload(
            rpc.AbortUploadRequest(medium_id=started.medium_id)
        )

    assert (await scenario.complete(scenario.alice, started.medium_id)).state == (
        MEDIUM_STATE_PROCESSING
    )


async def test_stuck_upload_is_settled_by_what_the_store_has(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined, open_, lost = [await scenario.start(scenario.alice) for _ in range(3)]
    for started, method in (
        (joined, "size"),
        (open_, "complete_multipart"),
        (lost, "complete_multipart"),
    ):
        scenario.storage.upload(started.parts[0].url, b"picture")
        with monkeypatch.context() as patched:
            patched.setattr(scenario.storage, method, _away)
            with pytest.raises(Unavailable):
                await scenario.complete(scenario.alice, started.medium_id)
    lost_upload = await scenario.store.upload(lost.medium_id)
    assert lost_upload is not None
    await scenario.storage.abort_multipart(lost_upload.object_key, lost_upload.multipart_id)
    scenario.advance(minutes=10)

    for upload in await scenario.store.stuck_uploads(scenario.clock.now(), 5):
        await settled_by(scenario).settle(upload)

    assert await upload_state(scenario, joined.medium_id) is UploadState.COMPLETE
    assert joined.medium_id in scenario.store.database.tables.jobs
    assert await upload_state(scenario, open_.medium_id) is UploadState.OPEN
    assert await upload_state(scenario, lost.medium_id) is UploadState.DOOMED
    assert await scenario.store.media([lost.medium_id]) == {}


async def test_upload_expires_after_a_day(scenario: Scenario) -> None:
    started = await scenario.start(scenario.alice)
    scenario.storage.upload(started.parts[0].url, b"picture")
    scenario.advance(hours=24)

    with raises_reason(WrongState, "UPLOAD_EXPIRED"):
        await scenario.complete(scenario.alice, started.medium_id)
    with raises_reason(WrongState, "UPLOAD_EXPIRED"):
        await scenario.media(scenario.alice).GetUpload(
            rpc.GetUploadRequest(medium_id=started.medium_id)
        )


async def test_complete_upload_is_no_upload_any_more(scenario: Scenario) -> None:
    medium_id = await scenario.uploaded(scenario.alice)
    alice = scenario.media(scenario.alice)

    with raises_reason(NotFound, "UPLOAD_NOT_FOUND"):
        await alice.GetUpload(rpc.GetUploadRequest(medium_id=medium_id))
    with raises_reason(NotFound, "UPLOAD_NOT_FOUND"):
        await alice.AbortUpload(rpc.AbortUploadRequest(medium_id=medium_id))


async def test_aborted_upload_is_gone(scenario: Scenario) -> None:
    started = await scenario.start(scenario.alice)
    alice = scenario.media(scenario.alice)

    for _ in range(2):
        await alice.AbortUpload(rpc.AbortUploadRequest(medium_id=started.medium_id))

    assert await upload_state(scenario, started.medium_id) is UploadState.DOOMED
    with raises_reason(NotFound, "MEDIUM_NOT_FOUND"):
        await scenario.get(started.medium_id, scenario.alice)
    with raises_reason(NotFound, "UPLOAD_NOT_FOUND"):
        await scenario.complete(scenario.alice, started.medium_id)


async def test_usage_counts_the_day_and_what_is_kept(scenario: Scenario) -> None:
    await scenario.ready(scenario.alice)  # files of 49,000 bytes
    await scenario.start(scenario.alice, size_bytes=1_000)

    usage = await scenario.media(scenario.alice).GetUsage(rpc.GetUsageRequest())

    assert (usage.day_bytes, usage.day_uploads) == (1_007, 2)
    assert (usage.max_day_bytes, usage.max_day_uploads) == (MAX_DAY_BYTES, MAX_DAY_UPLOADS)
    assert usage.stored_bytes == 50_000
    assert usage.reset_time.ToJsonString() == "2025-06-02T00:00:00Z"


async def test_limits_are_published(scenario: Scenario) -> None:
    limits = await scenario.media().GetLimits(rpc.GetLimitsRequest())

    assert [each.kind for each in limits.kinds] == [1, 2, 3, 4]
    picture, animation, video, audio = limits.kinds
    assert (picture.max_bytes, picture.max_pixels, picture.max_per_post) == (
        16 * MIB,
        64_000_000,
        4,
    )
    assert (animation.max_frames, animation.max_total_pixels) == (600, 300_000_000)
    assert (video.max_bytes, video.max_duration_ms) == (100 * MIB, 140_000)
    assert (audio.max_bytes, audio.max_duration_ms, audio.max_pixels) == (40 * MIB, 600_000, 0)
    assert limits.max_alt_text_characters == 1_500
    assert limits.unattached_seconds == 86_400

"""Reading, waiting for, describing and deleting media through a channel."""

import asyncio
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from roost.media.v1 import media_events_pb2 as events
from roost.media.v1 import media_service_pb2 as rpc
from roost.media.v1.media_pb2 import (
    MEDIUM_KIND_PICTURE,
    MEDIUM_STATE_FAILED,
    MEDIUM_STATE_PROCESSING,
    MEDIUM_STATE_READY,
    MEDIUM_USE_AVATAR,
    MEDIUM_USE_POST,
    FocalPoint,
    Medium,
)

from services.chassis.runtime.errors import Conflict, Invalid, NotFound, RuleBroken, WrongState
from services.media.domain import media
from services.media.domain.model import FolderState, UploadState, Use
from tests.servicers.grpc_server import eventually, raises_reason
from tests.servicers.media.conftest import BASE_URL, Scenario


async def update(scenario: Scenario, who: int, medium_id: int, *mask: str, **given: Any) -> Medium:
    extra = {name: given.pop(name) for name in ("etag", "request_id") if name in given}
    request = rpc.UpdateMediaRequest(
        medium=Medium(id=medium_id, **given), update_mask=FieldMask(paths=mask), **extra
    )
    return (await scenario.media(who).UpdateMedia(request)).medium


async def wait(scenario: Scenario, medium_id: int, *, wait_ms: int = 0) -> Medium:
    request = rpc.WaitMediaRequest(medium_id=medium_id, wait_ms=wait_ms)
    return (await scenario.media(scenario.alice).WaitMedia(request)).medium


async def delete(scenario: Scenario, who: int, medium_id: int, **given: Any) -> None:
    await scenario.media(who).DeleteMedia(rpc.DeleteMediaRequest(medium_id=medium_id, **given))


# Reading.


async def test_ready_medium_has_its_properties_and_addresses(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice, alt_text="A heron")

    medium = await scenario.get(medium_id, scenario.alice)

    assert (medium.state, medium.kind, medium.progress) == (
        MEDIUM_STATE_READY,
        MEDIUM_KIND_PICTURE,
        100,
    )
    assert (medium.width, medium.height, medium.alt_text) == (640, 480, "A heron")
    assert [each.name for each in medium.variants] == ["thumb", "compat"]
    assert medium.folder == f"p/folder-{medium_id}"
    assert medium.variants[0].url.startswith(f"{BASE_URL}/s/")
    assert medium.variants[0].url.endswith(f"/{medium.folder}/320.webp")
    assert medium.address_expire_time.seconds > scenario.clock.now().timestamp()


async def test_addresses_of_an_open_folder_do_not_expire(scenario: Scenario) -> None:
    medium_id = await scenario.open(scenario.alice, 77)

    medium = await scenario.get(medium_id)

    assert medium.variants[0].url == f"{BASE_URL}/m/open-77/320.webp"
    assert not medium.HasField("address_expire_time")


async def test_unattached_medium_exists_for_its_owner_alone(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)

    assert await scenario.seen(scenario.alice, medium_id) == [medium_id]
    for who in (scenario.bob, None):
        assert await scenario.seen(who, medium_id) == []
        with raises_reason(NotFound, "MEDIUM_NOT_FOUND"):
            await scenario.get(medium_id, who)
    assert scenario.posts.calls == 0


async def test_medium_of_a_post_exists_for_users_who_may_read_the_post(
    scenario: Scenario,
) -> None:
    medium_id = await scenario.attached(scenario.alice, post_id=77)
    assert await scenario.seen(scenario.bob, medium_id) == []

    scenario.posts.readable.add((scenario.bob, 77))

    medium = await scenario.get(medium_id, scenario.bob)
    assert (medium.use, medium.post_id) == (MEDIUM_USE_POST, 77)
    assert not medium.HasField("expire_time")
    assert await scenario.seen(None, medium_id) == []


async def test_anonymous_caller_reads_media_of_open_posts(scenario: Scenario) -> None:
    medium_id = await scenario.open(scenario.alice, 77)

    assert await scenario.seen(None, medium_id) == [medium_id]
    # A signed-in user may be blocked: the Post service decides.
    assert await scenario.seen(scenario.bob, medium_id) == []


@pytest.mark.parametrize("use", [Use.AVATAR, Use.BANNER])
async def test_media_of_profiles_exist_for_everyone(scenario: Scenario, use: Use) -> None:
    medium_id = await scenario.attached(scenario.alice, use=use)

    assert await scenario.seen(scenario.bob, medium_id) == [medium_id]
    assert await scenario.seen(None, medium_id) == [medium_id]
    assert scenario.posts.calls == 0


async def test_provisional_claim_shows_the_medium_to_nobody_else(scenario: Scenario) -> None:
    avatar = await scenario.attached(scenario.alice, confirmed=False)
    picture = await scenario.attached(scenario.alice, post_id=77, confirmed=False)
    scenario.posts.readable.add((scenario.bob, 77))

    assert await scenario.seen(scenario.bob, avatar, picture) == []
    assert await scenario.seen(None, avatar, picture) == []
    assert await scenario.seen(scenario.alice, avatar, picture) == [avatar, picture]


async def test_batch_is_in_request_order_and_makes_one_call(scenario: Scenario) -> None:
    first, second = [
        await scenario.attached(scenario.alice, post_id=post_id) for post_id in (77, 78)
    ]
    avatar = await scenario.attached(scenario.alice)
    hidden = await scenario.attached(scenario.alice, post_id=79)
    scenario.posts.readable |= {(scenario.bob, 77), (scenario.bob, 78)}

    found = await scenario.seen(scenario.bob, second, hidden, avatar, first, second, 5)

    assert found == [second, avatar, first]
    assert scenario.posts.calls == 1


# Waiting.


async def test_wait_ends_with_the_processing(scenario: Scenario) -> None:
    medium_id = await scenario.uploaded(scenario.alice)
    waiting = asyncio.create_task(wait(scenario, medium_id))
    await eventually(lambda: bool(scenario.wake_ups._waiting.get(medium_id)))

    await scenario.process(medium_id)
    await scenario.wake_ups.announce(medium_id)

    assert (await waiting).state == MEDIUM_STATE_READY


async def test_wait_notices_by_itself_where_the_announcement_is_lost(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "POLL_SECONDS", 0.01)
    medium_id = await scenario.uploaded(scenario.alice)
    waiting = asyncio.create_task(wait(scenario, medium_id))
    await eventually(lambda: bool(scenario.wake_ups._waiting.get(medium_id)))

    await scenario.process(medium_id, failure="MEDIA_CORRUPT")

    medium = await waiting
    assert (medium.state, medium.failure) == (MEDIUM_STATE_FAILED, "MEDIA_CORRUPT")


async def test_wait_returns_the_medium_as_it_is_when_the_time_is_over(scenario: Scenario) -> None:
    medium_id = await scenario.uploaded(scenario.alice)
    await scenario.store.report_progress(medium_id, 40)

    medium = await wait(scenario, medium_id, wait_ms=10)

    assert (medium.state, medium.progress) == (MEDIUM_STATE_PROCESSING, 40)
    assert scenario.wake_ups._waiting[medium_id] == []


async def test_only_the_owner_waits(scenario: Scenario) -> None:
    medium_id = await scenario.attached(scenario.alice)

    with raises_reason(NotFound, "MEDIUM_NOT_FOUND"):
        await scenario.media(scenario.bob).WaitMedia(rpc.WaitMediaRequest(medium_id=medium_id))


# Describing.


async def test_owner_describes_a_medium(scenario: Scenario) -> None:
    medium_id = await scenario.attached(scenario.alice, post_id=77)
    before = await scenario.get(medium_id, scenario.alice)

    after = await update(
        scenario,
        scenario.alice,
        medium_id,
        "alt_text",
        "focal_point",
        alt_text=" A heron ",
        focal_point=FocalPoint(x=0.5, y=-0.5),
    )

    assert (after.alt_text, after.focal_point) == ("A heron", FocalPoint(x=0.5, y=-0.5))
    assert after.etag != before.etag
    (event,) = scenario.published("MediumUpdated")[-1:]
    message = events.MediumUpdated.FromString(event.payload)
    assert (message.medium.id, event.key) == (medium_id, str(scenario.alice))
    assert list(message.changed_fields) == ["alt_text", "focal_point"]
    assert not message.medium.variants[0].url


async def test_fields_outside_the_mask_stay(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice, alt_text="A heron")
    point = FocalPoint(x=0.25, y=0)

    await update(scenario, scenario.alice, medium_id, "focal_point", focal_point=point)

    medium = await scenario.get(medium_id, scenario.alice)
    assert (medium.alt_text, medium.focal_point) == ("A heron", point)
    cleared = await update(scenario, scenario.alice, medium_id, "focal_point")
    assert not cleared.HasField("focal_point")


async def test_equal_values_change_nothing(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice, alt_text="A heron")
    before = await scenario.get(medium_id, scenario.alice)

    after = await update(scenario, scenario.alice, medium_id, "alt_text", alt_text="A heron")

    assert after.etag == before.etag
    assert scenario.published("MediumUpdated") == []


async def test_description_before_the_end_of_processing_publishes_nothing(
    scenario: Scenario,
) -> None:
    medium_id = await scenario.uploaded(scenario.alice)

    await update(scenario, scenario.alice, medium_id, "alt_text", alt_text="A heron")
    await scenario.process(medium_id)

    (event,) = scenario.published()
    message = events.MediumProcessed.FromString(event.payload)
    assert message.medium.alt_text == "A heron"


async def test_second_of_two_edits_by_etag_is_refused(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    etag = (await scenario.get(medium_id, scenario.alice)).etag

    results = await asyncio.gather(
        *(
            update(scenario, scenario.alice, medium_id, "alt_text", alt_text=text, etag=etag)
            for text in ("one", "two")
        ),
        return_exceptions=True,
    )

    (refused,) = [each for each in results if isinstance(each, Exception)]
    assert isinstance(refused, Conflict)
    current = await scenario.get(medium_id, scenario.alice)
    assert refused.metadata["etag"] == current.etag


async def test_edits_of_different_fields_are_both_kept(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    point = FocalPoint(x=1, y=1)

    await asyncio.gather(
        update(scenario, scenario.alice, medium_id, "alt_text", alt_text="A heron"),
        update(scenario, scenario.alice, medium_id, "focal_point", focal_point=point),
    )

    medium = await scenario.get(medium_id, scenario.alice)
    assert (medium.alt_text, medium.focal_point) == ("A heron", point)


async def test_repeated_edit_has_one_effect(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    key = "5d3f3e0c-0001-4000-8000-000000000005"

    found = [
        await update(
            scenario, scenario.alice, medium_id, "alt_text", alt_text="A heron", request_id=key
        )
        for _ in range(2)
    ]

    assert found[0] == found[1]
    assert len(scenario.published("MediumUpdated")) == 1


async def test_other_fields_cannot_be_updated(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)

    with raises_reason(RuleBroken, "FIELD_NOT_UPDATABLE") as caught:
        await update(scenario, scenario.alice, medium_id, "alt_text", "folder", folder="m/x")

    assert caught.value.metadata["field"] == "folder"


async def test_wrong_values_are_refused(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)

    with raises_reason(RuleBroken, "TEXT_TOO_LONG") as caught:
        await update(scenario, scenario.alice, medium_id, "alt_text", alt_text="a" * 1_501)
    assert [each.field for each in caught.value.violations] == ["medium.alt_text"]
    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await update(
            scenario, scenario.alice, medium_id, "focal_point", focal_point=FocalPoint(x=2)
        )


async def test_media_of_others_are_not_described(scenario: Scenario) -> None:
    medium_id = await scenario.attached(scenario.alice)

    with raises_reason(NotFound, "MEDIUM_NOT_FOUND"):
        await update(scenario, scenario.bob, medium_id, "alt_text", alt_text="Mine")


# Deleting.


async def test_deleted_medium_is_gone_with_its_files(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)

    await delete(scenario, scenario.alice, medium_id)

    with raises_reason(NotFound, "MEDIUM_NOT_FOUND"):
        await scenario.get(medium_id, scenario.alice)
    tables, now = scenario.store.database.tables, scenario.clock.now()
    (folder,) = tables.folders.values()
    assert (folder.state, folder.delete_after) == (FolderState.DOOMED, now)
    (purge,) = tables.purges.values()
    assert (purge.folder, purge.files) == (folder.path, ("320.webp", "compat.jpg"))
    (event,) = scenario.published("MediumDeleted")
    message = events.MediumDeleted.FromString(event.payload)
    assert (message.medium_id, message.owner_id) == (medium_id, scenario.alice)


async def test_medium_is_deleted_in_every_state(scenario: Scenario) -> None:
    waiting = (await scenario.start(scenario.alice)).medium_id
    processing = await scenario.uploaded(scenario.alice)
    failed = await scenario.uploaded(scenario.alice)
    await scenario.process(failed, failure="MEDIA_CORRUPT")

    for medium_id in (waiting, processing, failed):
        await delete(scenario, scenario.alice, medium_id)
        upload = await scenario.store.upload(medium_id)
        assert upload is not None
        assert upload.state is UploadState.DOOMED

    tables = scenario.store.database.tables
    assert (tables.media, tables.jobs) == ({}, {})


async def test_deleting_is_idempotent(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)

    for _ in range(2):
        await delete(scenario, scenario.alice, medium_id)

    assert len(scenario.published("MediumDeleted")) == 1


async def test_deletion_by_another_user_has_no_effect(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)

    await delete(scenario, scenario.bob, medium_id)

    assert await scenario.seen(scenario.alice, medium_id) == [medium_id]


@pytest.mark.parametrize("confirmed", [True, False])
async def test_attached_medium_is_not_deleted(scenario: Scenario, confirmed: bool) -> None:
    medium_id = await scenario.attached(scenario.alice, confirmed=confirmed)

    with raises_reason(WrongState, "MEDIUM_IN_USE") as caught:
        await delete(scenario, scenario.alice, medium_id)

    assert caught.value.metadata["media_id"] == str(medium_id)
    assert (await scenario.get(medium_id, scenario.alice)).use == MEDIUM_USE_AVATAR

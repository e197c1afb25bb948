"""Claims of media by other services through a channel."""

from typing import Any

import pytest
from roost.media.v1 import media_events_pb2 as events
from roost.media.v1 import media_service_pb2 as rpc
from roost.media.v1.media_pb2 import (
    MEDIUM_USE_AVATAR,
    MEDIUM_USE_BANNER,
    MEDIUM_USE_POST,
    MEDIUM_USE_UNSPECIFIED,
    Medium,
)

from services.chassis.runtime.errors import Invalid, WrongState
from services.media.domain import claims
from services.media.domain.limits import UNATTACHED
from services.media.domain.model import Claim, Use
from tests.servicers.grpc_server import raises_reason
from tests.servicers.media.conftest import Scenario

POST, OTHER_POST = 77, 78


def a_claim(post_id: int = POST, key: str = "write-1", **given: Any) -> rpc.MediumClaim:
    usual = {"use": MEDIUM_USE_POST, "post_id": post_id, "claim_key": key}
    return rpc.MediumClaim(**(usual | given))


AVATAR = a_claim(0, use=MEDIUM_USE_AVATAR)
BANNER = a_claim(0, use=MEDIUM_USE_BANNER)


async def claim(
    scenario: Scenario, *medium_ids: int, to: rpc.MediumClaim | None = None
) -> list[Medium]:
    request = rpc.ClaimMediaRequest(
        owner_id=scenario.alice, medium_ids=medium_ids, claim=to or a_claim()
    )
    return list((await scenario.as_post().ClaimMedia(request)).media)


async def release(scenario: Scenario, *medium_ids: int, of: rpc.MediumClaim | None = None) -> None:
    request = rpc.ReleaseMediaRequest(
        owner_id=scenario.alice, medium_ids=medium_ids, claim=of or a_claim()
    )
    await scenario.as_post().ReleaseMedia(request)


async def confirm(scenario: Scenario, medium_id: int, post_id: int = POST) -> None:
    wanted = Claim(Use.POST, post_id, "", scenario.clock.now())
    async with scenario.store.transaction() as transaction:
        found = await transaction.lock_media(scenario.alice, [medium_id])
        await claims.confirm(transaction, found[medium_id], wanted)


async def test_claimed_media_are_returned_in_request_order(scenario: Scenario) -> None:
    first, second = [await scenario.ready(scenario.alice) for _ in range(2)]

    media = await claim(scenario, second, first)

    assert [each.id for each in media] == [second, first]
    for medium in media:
        assert (medium.use, medium.post_id) == (MEDIUM_USE_POST, POST)
        assert not medium.HasField("expire_time")
        assert medium.folder
        assert [each.url for each in medium.variants] == ["", ""]


async def test_claim_publishes_what_the_media_are_attached_to(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)

    (claimed,) = await claim(scenario, medium_id)

    (event,) = scenario.published("MediumUpdated")
    message = events.MediumUpdated.FromString(event.payload)
    assert message.medium == claimed
    assert list(message.changed_fields) == ["use", "post_id", "expire_time"]


async def test_media_that_are_not_ready_are_not_claimed(scenario: Scenario) -> None:
    ready = await scenario.ready(scenario.alice)
    waiting = (await scenario.start(scenario.alice)).medium_id
    processing = await scenario.uploaded(scenario.alice)
    failed = await scenario.uploaded(scenario.alice)
    await scenario.process(failed, failure="MEDIA_CORRUPT")
    other = await scenario.ready(scenario.bob)

    for medium_id in (waiting, processing, failed, other, 5):
        with raises_reason(WrongState, "MEDIA_NOT_READY") as caught:
            await claim(scenario, ready, medium_id)
        assert caught.value.metadata["media_id"] == str(medium_id)

    assert (await scenario.stored(ready)).claim is None


async def test_medium_is_attached_to_one_thing(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    await claim(scenario, medium_id)

    for other in (
        a_claim(OTHER_POST, "write-2"),
        a_claim(0, "write-2", use=MEDIUM_USE_AVATAR),
    ):
        with raises_reason(WrongState, "MEDIUM_IN_USE") as caught:
            await claim(scenario, medium_id, to=other)
        assert caught.value.metadata["media_id"] == str(medium_id)


async def test_next_attempt_of_a_write_replaces_its_claim(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    await claim(scenario, medium_id)

    (medium,) = await claim(scenario, medium_id, to=a_claim(OTHER_POST))

    assert medium.post_id == OTHER_POST


async def test_confirmed_claim_is_not_replaced(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    await claim(scenario, medium_id)
    await confirm(scenario, medium_id)

    with raises_reason(WrongState, "MEDIUM_IN_USE"):
        await claim(scenario, medium_id, to=a_claim(OTHER_POST))


async def test_claim_of_the_same_post_changes_nothing(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    (first,) = await claim(scenario, medium_id)
    await confirm(scenario, medium_id)
    scenario.advance(minutes=1)

    # An edit of the post that keeps the medium.
    (again,) = await claim(scenario, medium_id, to=a_claim(key="edit-1"))
    await release(scenario, medium_id, of=a_claim(key="edit-1"))

    assert again == first
    stored = (await scenario.stored(medium_id)).claim
    assert stored is not None
    assert (stored.key, stored.confirmed) == ("write-1", True)


async def test_repeated_claim_is_provisional_from_the_last_attempt_on(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    (first,) = await claim(scenario, medium_id)
    scenario.advance(minutes=1)

    (again,) = await claim(scenario, medium_id)

    assert again == first
    assert await scenario.store.provisional_media(scenario.clock.now(), 5) == []


async def test_released_medium_is_its_owners_again(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    await claim(scenario, medium_id)
    scenario.advance(hours=23)

    for _ in range(2):
        await release(scenario, medium_id)

    medium = await scenario.get(medium_id, scenario.alice)
    assert (medium.use, medium.post_id) == (MEDIUM_USE_UNSPECIFIED, 0)
    expected = (scenario.clock.now() + UNATTACHED).replace(tzinfo=None)
    assert medium.expire_time.ToDatetime() == expected
    assert len(scenario.published("MediumUpdated")) == 2


async def test_other_claims_are_not_released(scenario: Scenario) -> None:
    confirmed, provisional = [await scenario.ready(scenario.alice) for _ in range(2)]
    await claim(scenario, confirmed)
    await confirm(scenario, confirmed)
    await claim(scenario, provisional, to=a_claim(OTHER_POST, "write-2"))

    await release(scenario, confirmed, provisional, 5)

    for medium_id in (confirmed, provisional):
        assert (await scenario.stored(medium_id)).claim is not None


async def test_picture_of_a_profile_may_become_the_next_one(scenario: Scenario) -> None:
    first, second = [await scenario.ready(scenario.alice) for _ in range(2)]
    await claim(scenario, first, to=AVATAR)

    (avatar,) = await claim(scenario, second, to=AVATAR)

    assert (avatar.use, avatar.post_id) == (MEDIUM_USE_AVATAR, 0)
    with raises_reason(WrongState, "MEDIUM_IN_USE"):
        await claim(scenario, second, to=a_claim(0, "write-2", use=MEDIUM_USE_BANNER))


async def test_confirmation_follows_the_event_whatever_was_claimed(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    await claim(scenario, medium_id, to=a_claim(OTHER_POST))
    version = (await scenario.stored(medium_id)).version

    await confirm(scenario, medium_id, OTHER_POST)
    assert (await scenario.stored(medium_id)).version == version

    await confirm(scenario, medium_id, POST)
    stored = await scenario.stored(medium_id)
    assert stored.claim is not None
    assert (stored.claim.post_id, stored.claim.confirmed) == (POST, True)
    assert stored.version == version + 1


async def test_confirmation_publishes_what_changed_since_the_claim(scenario: Scenario) -> None:
    medium_id = await scenario.ready(scenario.alice)
    (claimed,) = await claim(scenario, medium_id)
    async with scenario.store.transaction() as transaction:
        (medium,) = (await transaction.lock_media(scenario.alice, [medium_id])).values()
        await transaction.save_medium(medium.changed(alt_text="written before the commit"))
    before = len(scenario.published("MediumUpdated"))

    await confirm(scenario, medium_id)
    await confirm(scenario, medium_id)

    (event,) = scenario.published("MediumUpdated")[before:]
    message = events.MediumUpdated.FromString(event.payload)
    assert message.medium.alt_text == "written before the commit"
    assert int(message.medium.etag) > int(claimed.etag)
    assert (message.medium.post_id, list(message.changed_fields)) == (POST, [])


async def test_released_medium_of_an_open_folder_is_placed_again(scenario: Scenario) -> None:
    medium_id = await scenario.open(scenario.alice, POST)

    async with scenario.store.transaction() as transaction:
        (medium,) = (await transaction.lock_media(scenario.alice, [medium_id])).values()
        await claims.release(transaction, medium, scenario.clock.now())

    assert list(scenario.store.database.tables.placements) == [medium_id]


@pytest.mark.parametrize(
    "wrong", [a_claim(use=MEDIUM_USE_UNSPECIFIED), a_claim(key=""), a_claim(key="k" * 129)]
)
async def test_wrong_claims_are_refused(scenario: Scenario, wrong: rpc.MediumClaim) -> None:
    with raises_reason(Invalid, "VALIDATION_FAILED"):
        await claim(scenario, 5, to=wrong)

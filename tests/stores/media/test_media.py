"""Media, claims and usage."""

from datetime import date, timedelta

import pytest

from services.media.domain.model import FocalPoint, MediumState, Usage, Use
from tests.builders.media import START, a_claim, a_medium, a_picture, a_ready_medium
from tests.stores.media.conftest import Scenario

DAY = date(2025, 6, 1)


async def test_medium_is_read_as_it_was_stored(scenario: Scenario) -> None:
    waiting = await scenario.add(scenario.alice, alt_text="A heron")
    ready = await scenario.ready(
        scenario.alice,
        focal_point=FocalPoint(0.5, -0.25),
        claim=a_claim(77),
        expire_time=None,
        open=True,
        version=4,
    )

    assert await scenario.store.media([ready.id, 5, waiting.id]) == {
        waiting.id: waiting,
        ready.id: ready,
    }


async def test_everything_that_may_change_is_saved(scenario: Scenario) -> None:
    medium = await scenario.add(scenario.alice)
    changed = medium.changed(
        state=MediumState.READY,
        processed=a_picture(waveform=b"\x00\xff"),
        progress=100,
        alt_text="Two herons",
        focal_point=FocalPoint(-1.0, 1.0),
        expire_time=None,
        claim=a_claim(confirmed=True),
        open=True,
        folder="m/key",
    )

    await scenario.save(changed)

    assert await scenario.current(medium) == changed


async def test_failure_is_saved(scenario: Scenario) -> None:
    medium = await scenario.add(scenario.alice)

    failed = await scenario.save(medium.changed(state=MediumState.FAILED, failure="MEDIA_CORRUPT"))

    assert await scenario.current(medium) == failed


async def test_only_media_of_the_owner_are_locked(scenario: Scenario) -> None:
    mine = await scenario.add(scenario.alice)
    other = await scenario.add(scenario.bob)

    async with scenario.store.transaction() as transaction:
        found = await transaction.lock_media(scenario.alice, [mine.id, other.id, 5])

    assert found == {mine.id: mine}


async def test_media_of_a_post_and_of_a_profile_are_found(scenario: Scenario) -> None:
    first = await scenario.ready(scenario.alice, claim=a_claim(77), expire_time=None)
    second = await scenario.ready(
        scenario.alice, claim=a_claim(77, confirmed=True), expire_time=None
    )
    await scenario.ready(scenario.alice, claim=a_claim(78), expire_time=None)
    avatar = await scenario.ready(scenario.alice, claim=a_claim(), expire_time=None)
    banner = await scenario.ready(scenario.alice, claim=a_claim(use=Use.BANNER), expire_time=None)

    async with scenario.store.transaction() as transaction:
        of_post = await transaction.lock_post_media(scenario.alice, 77)
        of_other_owner = await transaction.lock_post_media(scenario.bob, 77)
        avatars = await transaction.lock_profile_media(scenario.alice, Use.AVATAR)
        banners = await transaction.lock_profile_media(scenario.alice, Use.BANNER)

    assert of_post == [first, second]
    assert of_other_owner == []
    assert (avatars, banners) == ([avatar], [banner])


async def test_deleted_medium_is_gone_with_its_job_and_placement(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(scenario.alice)
        await transaction.add_job(
            scenario.alice, medium.id, medium.processed.kind, now=START, deadline=START
        )
        await transaction.request_placement(scenario.alice, [medium.id], now=START)

    async with scenario.store.transaction() as transaction:
        await transaction.lock_media(scenario.alice, [medium.id])
        await transaction.delete_medium(medium)

    assert await scenario.store.media([medium.id]) == {}
    assert (await scenario.store.count_jobs(START))[0] == 0
    assert (await scenario.store.count_placements(START))[0] == 0


async def test_failed_transaction_changes_nothing(scenario: Scenario) -> None:
    medium = a_medium(scenario.numbers.of(scenario.alice), scenario.alice)

    async def fail() -> None:
        async with scenario.store.transaction() as transaction:
            await transaction.lock_owner(scenario.alice)
            await transaction.add_medium(medium)
            await transaction.add_usage(scenario.alice, DAY, 100)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()

    assert await scenario.store.media([medium.id]) == {}
    assert await scenario.store.usage(scenario.alice, DAY) == Usage()


async def test_media_of_an_owner_are_paged_by_id(scenario: Scenario) -> None:
    first, second, third = [await scenario.add(scenario.alice) for _ in range(3)]
    await scenario.add(scenario.bob)

    page = await scenario.store.media_of(scenario.alice, after=0, limit=2)
    rest = await scenario.store.media_of(scenario.alice, after=page[-1].id, limit=2)

    assert (page, rest) == ([first, second], [third])


async def test_attached_media_of_an_owner_are_paged_by_id(scenario: Scenario) -> None:
    await scenario.ready(scenario.alice)
    first = await scenario.ready(scenario.alice, claim=a_claim(77), expire_time=None)
    second = await scenario.ready(scenario.alice, claim=a_claim(), expire_time=None)

    page = await scenario.store.attached_media_of(scenario.alice, after=0, limit=1)
    rest = await scenario.store.attached_media_of(scenario.alice, after=first.id, limit=5)

    assert (page, rest) == ([first], [second])


async def test_old_provisional_claims_are_listed_oldest_first(scenario: Scenario) -> None:
    late = await scenario.ready(scenario.alice, claim=a_claim(77, minutes=2), expire_time=None)
    early = await scenario.ready(scenario.bob, claim=a_claim(minutes=1), expire_time=None)
    await scenario.ready(scenario.alice, claim=a_claim(78, minutes=5), expire_time=None)
    await scenario.ready(scenario.alice, claim=a_claim(79, confirmed=True), expire_time=None)
    await scenario.ready(scenario.alice)
    before = START + timedelta(minutes=5)

    assert await scenario.store.provisional_media(before, 5) == [early, late]
    assert await scenario.store.provisional_media(before, 1) == [early]


async def test_expired_media_are_those_that_are_not_attached(scenario: Scenario) -> None:
    second = await scenario.add(scenario.alice, expire_time=START + timedelta(minutes=1))
    first = await scenario.ready(scenario.alice, expire_time=START)
    await scenario.add(scenario.alice, expire_time=START + timedelta(minutes=3))
    await scenario.ready(scenario.alice, claim=a_claim(77), expire_time=None)
    now = START + timedelta(minutes=1)

    assert await scenario.store.expired_media(now, 5) == [first, second]
    assert await scenario.store.expired_media(now, 1) == [first]


async def test_progress_changes_while_the_medium_is_processed(scenario: Scenario) -> None:
    medium = await scenario.add(scenario.alice, state=MediumState.PROCESSING)

    await scenario.store.report_progress(medium.id, 40)

    current = await scenario.current(medium)
    assert (current.progress, current.version) == (40, medium.version)


async def test_late_progress_changes_nothing(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)

    await scenario.store.report_progress(medium.id, 40)

    assert (await scenario.current(medium)).progress == 100


async def test_usage_is_summed_by_owner_and_day(scenario: Scenario) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(scenario.alice)
        await transaction.add_usage(scenario.alice, DAY, 100)
        sum_of_day = await transaction.add_usage(scenario.alice, DAY, 50)
        await transaction.add_usage(scenario.alice, DAY + timedelta(days=1), 7)

    assert sum_of_day == Usage(150, 2)
    assert await scenario.store.usage(scenario.alice, DAY) == Usage(150, 2)
    assert await scenario.store.usage(scenario.bob, DAY) == Usage(0, 0)


async def test_old_usage_is_pruned(scenario: Scenario) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(scenario.alice)
        await transaction.add_usage(scenario.alice, DAY, 100)
        await transaction.add_usage(scenario.alice, DAY + timedelta(days=1), 7)

    assert await scenario.store.prune_usage(DAY + timedelta(days=1)) == 1
    assert await scenario.store.usage(scenario.alice, DAY) == Usage()
    assert await scenario.store.usage(scenario.alice, DAY + timedelta(days=1)) == Usage(7, 1)


async def test_stored_bytes_are_those_of_files_and_of_uploads_without_files(
    scenario: Scenario,
) -> None:
    await scenario.add(scenario.alice, size_bytes=1_000)
    await scenario.ready(scenario.alice)  # 9,000 and 40,000 bytes
    await scenario.add(scenario.alice, state=MediumState.FAILED, failure="MEDIA_CORRUPT")
    await scenario.ready(scenario.bob)

    assert await scenario.store.stored_bytes(scenario.alice) == 50_000


async def test_id_is_given_once(scenario: Scenario) -> None:
    medium = await scenario.add(scenario.alice)

    with pytest.raises(Exception, match=r"exists|duplicate key"):
        await scenario.store_medium(a_ready_medium(medium.id, scenario.alice))

"""Placements: requests that are not lost."""

from datetime import datetime, timedelta

from services.media.domain.model import Placement
from tests.builders.media import START
from tests.stores.media.conftest import Scenario

LEASE_END = START + timedelta(minutes=1)


async def request(
    scenario: Scenario,
    *medium_ids: int,
    now: datetime = START,
    delay: timedelta = timedelta(0),
    renew: bool = False,
) -> None:
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(scenario.alice)
        await transaction.request_placement(
            scenario.alice, medium_ids, now=now, delay=delay, renew=renew
        )


async def lease(scenario: Scenario, now: datetime = START) -> Placement | None:
    return await scenario.store.lease_placement(now=now, lease_end=now + timedelta(minutes=1))


async def finish(scenario: Scenario, placement: Placement) -> bool:
    async with scenario.store.transaction() as transaction:
        await transaction.lock_owner(scenario.alice)
        return await transaction.finish_placement(placement)


async def test_placement_is_leased_once(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    await request(scenario, medium.id)

    assert await lease(scenario) == Placement(
        medium.id, scenario.alice, renew=False, request=1, attempts=1, lease_end=LEASE_END
    )
    assert await lease(scenario) is None


async def test_longest_due_placement_comes_first(scenario: Scenario) -> None:
    first, second = [await scenario.ready(scenario.alice) for _ in range(2)]
    await request(scenario, second.id, now=START)
    await request(scenario, first.id, now=START - timedelta(seconds=1))

    found = [await lease(scenario), await lease(scenario)]

    assert [each.medium_id for each in found if each] == [first.id, second.id]


async def test_finished_placement_is_gone(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    await request(scenario, medium.id)
    placement = await lease(scenario)
    assert placement is not None

    assert await finish(scenario, placement)

    assert await scenario.store.count_placements(LEASE_END) == (0, 0.0)


async def test_request_during_the_work_is_done_afterwards(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    await request(scenario, medium.id)
    placement = await lease(scenario)
    assert placement is not None
    await request(scenario, medium.id)

    assert not await finish(scenario, placement)

    again = await lease(scenario)
    assert again is not None
    assert (again.request, again.attempts) == (2, 1)
    assert await finish(scenario, again)


async def test_renewal_is_not_forgotten_by_a_later_request(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    await request(scenario, medium.id, renew=True)
    await request(scenario, medium.id)

    placement = await lease(scenario)

    assert placement is not None
    assert placement.renew


async def test_placement_whose_lease_ended_goes_to_another_worker(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    await request(scenario, medium.id)
    lost = await lease(scenario)
    assert lost is not None

    taken = await lease(scenario, LEASE_END)

    assert taken is not None
    assert taken.attempts == 2
    assert not await finish(scenario, lost)
    await scenario.store.retry_placement(lost, START)
    assert await lease(scenario, LEASE_END) is None
    assert await finish(scenario, taken)


async def test_retried_placement_is_due_later(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    await request(scenario, medium.id)
    placement = await lease(scenario)
    assert placement is not None
    later = START + timedelta(seconds=10)

    await scenario.store.retry_placement(placement, later)

    assert await lease(scenario, START) is None
    assert await lease(scenario, later) is not None


async def test_waiting_placements_are_counted(scenario: Scenario) -> None:
    media = [await scenario.ready(scenario.alice) for _ in range(2)]
    await request(scenario, *(each.id for each in media))

    assert await scenario.store.count_placements(START + timedelta(seconds=3)) == (2, 3.0)


async def test_delayed_request_waits(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    await request(scenario, medium.id, delay=timedelta(seconds=30))

    assert await lease(scenario, START + timedelta(seconds=29)) is None
    assert await lease(scenario, START + timedelta(seconds=30)) is not None


async def test_waiting_request_is_not_put_off_by_another(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    await request(scenario, medium.id, delay=timedelta(seconds=30))
    later = START + timedelta(seconds=20)
    await request(scenario, medium.id, now=later, delay=timedelta(seconds=30))

    assert await lease(scenario, START + timedelta(seconds=30)) is not None


async def test_waiting_request_is_brought_forward_by_an_urgent_one(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    await request(scenario, medium.id, delay=timedelta(seconds=30), renew=True)
    await request(scenario, medium.id)

    placement = await lease(scenario)
    assert placement is not None
    assert placement.renew


async def test_request_during_the_work_keeps_its_own_delay(scenario: Scenario) -> None:
    medium = await scenario.ready(scenario.alice)
    await request(scenario, medium.id)
    placement = await lease(scenario)
    assert placement is not None
    await request(scenario, medium.id, delay=timedelta(seconds=30))

    assert not await finish(scenario, placement)
    assert await lease(scenario, START + timedelta(seconds=29)) is None
    assert await lease(scenario, START + timedelta(seconds=30)) is not None
